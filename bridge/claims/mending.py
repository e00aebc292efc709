"""What a host sees to in the view: its own servers, the definitions that its containers gave, the permanent key.

Whatever else lies in the view is somebody else's, also below our own objects.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from bridge.claims.layout import ClaimKey, ContainerKey, Layout, ObjectKey
from bridge.claims.memory import Memory
from bridge.claims.records import (
    Claim,
    ObjectRecord,
    Unreadable,
    decode_claim,
    decode_container,
    decode_object,
)
from bridge.claims.transaction import Compare, Delete, KeyValue, Put, Range, Revision
from bridge.labels.model import Ref

MENDED_AT_ONCE = 40
"""Keys mended in one transaction: each takes up to two compares."""


@dataclass(frozen=True, slots=True)
class Mend:
    """One key of the view put right, if it still is as it was seen."""

    write: Put | Delete
    compares: tuple[Compare, ...]


def mends(memory: Memory, view: Mapping[str, KeyValue], staying: Collection[str]) -> list[Mend]:
    """What is to be put right for the containers of this host that stay."""
    layout = memory.layout
    wanted: dict[str, tuple[str, tuple[Compare, ...]]] = {
        layout.permanent.key: (layout.permanent.value, ()),
    }
    wanted |= _definitions(memory, staying)
    wanted |= {key: (value, ()) for key, value in _servers(memory, staying).items()}
    wrong = [key for key in wanted if key not in view or view[key].value != wanted[key][0]]
    puts = [Mend(Put(key, wanted[key][0]), (*wanted[key][1], _as_seen(key, view))) for key in wrong]
    own, unclear = _servers(memory, None), _unreadable(memory)
    strays = [key for key in _own_servers(memory, view) if key not in own and not _unclear(key, unclear)]
    return puts + [Mend(Delete(key), (_as_seen(key, view),)) for key in strays]


def _as_seen(key: str, view: Mapping[str, KeyValue]) -> Compare:
    revision = view[key].mod_revision if key in view else 0
    return Compare(Range(key), Revision.MODIFIED, revision, why="mend: the key is unchanged")


def _definitions(memory: Memory, staying: Collection[str]) -> dict[str, tuple[str, tuple[Compare, ...]]]:
    found: dict[str, tuple[str, tuple[Compare, ...]]] = {}
    mine = {memory.layout.me(container) for container in staying}
    for key, ref, record in _objects(memory):
        if record.definer in mine:
            revision = memory.keys[key].mod_revision
            unchanged = Compare(Range(key), Revision.MODIFIED, revision, why="mend: the object is unchanged")
            named = replace(ref, name=record.definition.name)
            leaves = record.definition.leaves
            found |= {memory.layout.view_key(named, path): (value, (unchanged,)) for path, value in leaves}
    return found


def _servers(memory: Memory, staying: Collection[str] | None) -> dict[str, str]:
    """The servers that this host's containers brought, of all of them or of those that stay."""
    found: dict[str, str] = {}
    for key, seen in memory.keys.items():
        parsed = memory.layout.parse(key)
        claim = decode_claim(seen.value) if isinstance(parsed, ClaimKey) else None
        if isinstance(parsed, ClaimKey) and isinstance(claim, Claim):
            named = replace(parsed.ref, name=claim.name)
            if staying is None or parsed.claimant.container in staying:
                found |= {memory.layout.view_key(named, path): value for path, value in claim.server}
    return found


def _unreadable(memory: Memory) -> frozenset[str]:
    """The containers of this host whose record or claims cannot be read: they may have servers."""
    found = set[str]()
    for key, seen in memory.keys.items():
        match memory.layout.parse(key):
            case ContainerKey(who) if isinstance(decode_container(seen.value), Unreadable):
                found.add(who.container)
            case ClaimKey(_, who) if isinstance(decode_claim(seen.value), Unreadable):
                found.add(who.container)
    return frozenset(found)


def _unclear(server: str, containers: Collection[str]) -> bool:
    return server.rpartition("/")[0].rpartition("-")[2] in containers


def _own_servers(memory: Memory, view: Iterable[str]) -> list[str]:
    """The keys of servers that bear this host's name, below objects in force."""
    named = {replace(ref, name=record.definition.name) for _, ref, record in _objects(memory)}
    segment = re.compile(f"loadbalancer/servers/{re.escape(memory.layout.host)}-[0-9a-f]{{12}}/[^/]+")
    return [key for key in view if _belongs(key, memory.layout, named, segment)]


def _belongs(key: str, layout: Layout, named: Collection[Ref], segment: re.Pattern[str]) -> bool:
    ref = layout.viewed(key)
    return (
        ref is not None and ref in named and bool(segment.fullmatch(key.removeprefix(f"{layout.view_key(ref)}/")))
    )


def _objects(memory: Memory) -> Iterable[tuple[str, Ref, ObjectRecord]]:
    for key, seen in memory.keys.items():
        parsed = memory.layout.parse(key)
        record = decode_object(seen.value) if isinstance(parsed, ObjectKey) else None
        if isinstance(parsed, ObjectKey) and isinstance(record, ObjectRecord):
            yield key, parsed.ref, record
