"""Keys of etcd in little memory: thousands of them are held for as long as the bridge runs."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from typing import overload

from bridge.claims.transaction import KeyValue, as_bytes, as_text

_PLACE_BITS, _HASH_BITS = 32, 32
"""A number of the index: at what place a name is, below the lowest bits of its hash."""


class Table(Sequence[KeyValue]):
    """Keys in the order in which they were added: those of one range as etcd lists them, by their bytes.

    All texts are one piece of memory and the revisions another, which are given back as a whole: many small pieces
    would each keep the memory around them.
    """

    __slots__ = ("_created", "_ends", "_index", "_modified", "_text")

    def __init__(self, listed: Iterable[KeyValue] = ()) -> None:
        self._text = bytearray()
        # Of each key in turn: where its name ends, and where its value does.
        self._ends = array("Q")
        self._created, self._modified = array("Q"), array("Q")
        # The hash of each name above its place, in order.
        self._index = array("Q")
        self.extend(listed)

    def extend(self, listed: Iterable[KeyValue]) -> None:
        """Take in keys that are not there."""
        for seen in listed:
            self.add(as_bytes(seen.key), as_bytes(seen.value), seen.create_revision, seen.mod_revision)

    def add(self, key: bytes, value: bytes, create_revision: int, mod_revision: int) -> None:
        """Take in a key that is not there, as it travels."""
        self._text += key
        self._ends.append(len(self._text))
        self._text += value
        self._ends.append(len(self._text))
        self._created.append(create_revision)
        self._modified.append(mod_revision)

    def __len__(self) -> int:
        return len(self._created)

    @overload
    def __getitem__(self, place: int) -> KeyValue: ...
    @overload
    def __getitem__(self, place: slice) -> "Table": ...
    def __getitem__(self, place: int | slice) -> "KeyValue | Table":
        places = range(len(self))[place]
        return self._at(places) if isinstance(places, int) else Table(map(self._at, places))

    def __iter__(self) -> Iterator[KeyValue]:
        return map(self._at, range(len(self)))

    def names(self) -> Iterator[str]:
        """Return the keys without their values."""
        return (as_text(name) for name in self._names())

    def find(self, key: str) -> KeyValue | None:
        """Return a key as it was listed, None where it was not there."""
        if len(self._index) != len(self):
            self._index = array("Q", sorted(map(_hashed, self._names(), range(len(self)))))
        wanted = as_bytes(key)
        first = _hashed(wanted, 0)
        for at in range(bisect_left(self._index, first), len(self)):
            place = self._index[at] - first
            if place >> _PLACE_BITS:
                break
            if self._name(place) == wanted:
                return self._at(place)
        return None

    def _names(self) -> Iterator[bytearray]:
        return map(self._name, range(len(self)))

    def _name(self, place: int) -> bytearray:
        return self._text[self._ends[2 * place - 1] if place else 0 : self._ends[2 * place]]

    def _at(self, place: int) -> KeyValue:
        value = self._text[self._ends[2 * place] : self._ends[2 * place + 1]]
        return KeyValue(as_text(self._name(place)), as_text(value), self._created[place], self._modified[place])


def _hashed(name: bytes | bytearray, place: int) -> int:
    return (hash(bytes(name)) & (1 << _HASH_BITS) - 1) << _PLACE_BITS | place


def packed(listed: Sequence[KeyValue]) -> Table:
    """Return what etcd listed as a table."""
    return listed if isinstance(listed, Table) else Table(listed)


class Keys(MutableMapping[str, KeyValue]):
    """Keys by their names: what a table says, and what has changed since."""

    def __init__(self, table: Table | None = None) -> None:
        self._table = Table() if table is None else table
        self._changed: dict[str, KeyValue | None] = {}

    def copy(self) -> "Keys":
        """The same keys, going their own way from here on."""
        made = Keys(self._table)
        made._changed.update(self._changed)
        return made

    def __getitem__(self, key: str) -> KeyValue:
        found = self._changed[key] if key in self._changed else self._table.find(key)
        if found is None:
            raise KeyError(key)
        return found

    def __setitem__(self, key: str, seen: KeyValue) -> None:
        self._changed[key] = seen

    def __delitem__(self, key: str) -> None:
        if key not in self:
            raise KeyError(key)
        if self._table.find(key):
            self._changed[key] = None
        else:
            del self._changed[key]

    def __iter__(self) -> Iterator[str]:
        yield from (key for key in self._table.names() if key not in self._changed)
        yield from (key for key, seen in self._changed.items() if seen)

    def seen(self) -> Iterator[KeyValue]:
        """All keys, without looking each of them up."""
        yield from (seen for seen in self._table if seen.key not in self._changed)
        yield from filter(None, self._changed.values())

    def __len__(self) -> int:
        return sum(1 for _ in self)
