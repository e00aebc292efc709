"""What a host keeps right in the view: its servers, the definitions that its containers gave, the permanent key.

Every other key in the view is somebody else's, even below our own objects.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from msgspec import Struct, field

from bridge.claims.layout import Claimant, ClaimKey, ObjectKey, folded
from bridge.claims.memory import Memory
from bridge.claims.records import Leaves, Unreadable, decode_claim, decode_object
from bridge.claims.table import Table
from bridge.claims.transaction import Compare, Delete, KeyValue, Put, as_seen
from bridge.labels.model import Ref
from bridge.view.keys import server

MENDED_AT_ONCE = 40
"""Keys mended in one transaction; each needs up to two compares."""


class Mend(Struct, frozen=True):
    """A repair of one key of the view, done only if the key is still as it was seen."""

    write: Put | Delete
    compares: tuple[Compare, ...]


class Survey(Struct):
    """The view compared with the state of the same revision; each value is decoded only once.

    `mends` are the repairs for the containers of this host that are `staying`. Containers are `unclear` if their
    record or one of their claims cannot be read, and `differing` if they claim a definition that is not in force.
    """

    memory: Memory
    view: Table
    staying: Collection[str]
    unclear: set[str]
    mends: list[Mend] = field(default_factory=list)
    differing: set[str] = field(default_factory=set)
    _in_force: set[Ref] = field(default_factory=set)
    _definitions: dict[Ref, int] = field(default_factory=dict)
    _unreadable: set[Ref] = field(default_factory=set)
    _servers: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        permanent = self.memory.layout.permanent
        self._check(permanent.key, permanent.value)
        for seen in self.memory.keys.seen():
            match self.memory.layout.parse(seen.key):
                case ObjectKey(ref):
                    self._object(ref, seen)
                case ClaimKey(ref, who):
                    self._claim(ref, who, seen)
        self.mends += [Mend(Delete(key), (_unchanged(key, self.view.find(key)),)) for key in self._strays()]

    def _object(self, ref: Ref, seen: KeyValue) -> None:
        record = decode_object(seen.value)
        if isinstance(record, Unreadable):
            self._unreadable.add(ref)
            return
        named = ref._replace(name=record.definition.name)
        self._in_force.add(named)
        # Only hashes, to save memory; all objects come before the first claim.
        self._definitions[ref] = hash(record.definition)
        # Also if the definer is leaving: its successor assumes that the view holds the definition in force.
        if record.definer.host == self.memory.layout.host:
            for key, value in self._shown(named, record.definition.leaves):
                self._check(key, value, seen)

    def _claim(self, ref: Ref, who: Claimant, seen: KeyValue) -> None:
        claim = decode_claim(seen.value)
        if isinstance(claim, Unreadable):
            self.unclear.add(who.container)
            return
        if hash(claim.wants) != self._definitions.get(ref):
            self.differing.add(who.container)
        for key, value in self._shown(ref._replace(name=claim.name), claim.server):
            self._servers.add(key)
            if who.container in self.staying:
                self._check(key, value)

    def _shown(self, ref: Ref, leaves: Leaves) -> Iterator[tuple[str, str]]:
        return ((self.memory.layout.view_key(ref, path), value) for path, value in leaves)

    def _check(self, key: str, value: str, *objects: KeyValue) -> None:
        shown = self.view.find(key)
        if shown is None or shown.value != value:
            same = tuple(_unchanged(it.key, it, "object") for it in objects)
            self.mends.append(Mend(Put(key, value), (*same, _unchanged(key, shown))))

    def _strays(self) -> list[str]:
        """Return keys of servers of this host, below objects in force, that belong to no claim.

        Those of a container whose record or claims cannot be read are left out, since it may have written them.
        """
        path = server(re.escape(self.memory.layout.host), "(?P<container>[0-9a-f]{12})")
        mine = re.compile(f"/{path}/[^/]+$")
        bearing = ((key, mine.search(key)) for key in self.view.names() if key not in self._servers)
        return [
            key
            for key, found in bearing
            if found and found["container"] not in self.unclear and self._is_in_force(key[: found.start()])
        ]

    def _is_in_force(self, key: str) -> bool:
        """Return whether this is the bare key of an object in force."""
        ref = self.memory.layout.viewed(key)
        return ref in self._in_force and key == self.memory.layout.view_key(ref)

    def spellings(self) -> Mapping[Ref, frozenset[str]]:
        """Return the spellings in the view that no definition in force accounts for, by folded name."""
        names: dict[Ref, set[str]] = {}
        for ref in self._viewed():
            whole = folded(ref)
            if ref not in self._in_force and whole not in self._unreadable:
                section = (ref.protocol, ref.kind) == (whole.protocol, whole.kind)
                spelling = ref.name if section else f"{ref.protocol}/{ref.kind}/{ref.name}"
                names.setdefault(whole, set()).add(spelling)
        return {ref: frozenset(spellings) for ref, spellings in names.items()}

    def _viewed(self) -> Iterable[Ref]:
        """Yield the objects of the view, most of them once: an object's keys are listed one after the other."""
        below = "/"
        for key in self.view.names():
            if not key.startswith(below) and (ref := self.memory.layout.viewed(key)):
                below = f"{self.memory.layout.view_key(ref)}/"
                yield ref


def _unchanged(key: str, seen: KeyValue | None, what: str = "key") -> Compare:
    return as_seen(key, seen, f"mend: the {what} is unchanged")
