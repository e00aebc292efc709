"""Keys of etcd in little memory: thousands of them are held for as long as the bridge runs."""

from array import array
from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from typing import overload

from bridge.claims.transaction import KeyValue, as_bytes, as_text

_FULL = 0.7
"""How full an index may be: the fuller, the longer a lookup takes."""


class Table(Sequence[KeyValue]):
    """Keys in the order in which they were added: those of one range as etcd lists them, by their bytes.

    Texts and revisions are kept in a few large blocks of memory, which are freed as a whole; many small ones would
    keep the memory around them from being freed.
    """

    __slots__ = ("_created", "_ends", "_found", "_modified", "_slots", "_text")

    def __init__(self, listed: Iterable[KeyValue] = ()) -> None:
        self._text = bytearray()
        # For each key: the end of its name, then the end of its value.
        self._ends = array("Q")
        self._created, self._modified = array("Q"), array("Q")
        # A hash index of the first `_found` keys: a key's place plus 1, or 0 where a slot is free.
        self._slots, self._found = array("I", [0]), 0
        self.extend(listed)

    def extend(self, listed: Iterable[KeyValue]) -> None:
        """Add keys that are not in the table yet."""
        for seen in listed:
            self.add(as_bytes(seen.key), as_bytes(seen.value), seen.create_revision, seen.mod_revision)

    def add(self, key: bytes, value: bytes, create_revision: int, mod_revision: int) -> None:
        """Add a key that is not in the table yet, in the bytes that etcd sends."""
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
        return (as_text(self._name(place)) for place in range(len(self)))

    def find(self, key: str) -> KeyValue | None:
        """Return a key as it was listed, None if it is not in the table."""
        if self._found < len(self._created):
            self._index_rest()
        place = self._slots[self._slot(as_bytes(key))]
        return self._at(place - 1) if place else None

    def _index_rest(self) -> None:
        if len(self) >= _FULL * len(self._slots):
            self._slots, self._found = array("I", bytes(4 << (2 * len(self)).bit_length())), 0
        for place in range(self._found, len(self)):
            self._slots[self._slot(bytes(self._name(place)))] = place + 1
        self._found = len(self)

    def _slot(self, name: bytes) -> int:
        """Return the slot of a name in the index, or the free slot where it would go."""
        last = len(self._slots) - 1
        slot = hash(name) & last
        while (place := self._slots[slot]) and self._name(place - 1) != name:
            slot = slot + 1 & last
        return slot

    def _name(self, place: int) -> bytearray:
        return self._text[self._ends[2 * place - 1] if place else 0 : self._ends[2 * place]]

    def _at(self, place: int) -> KeyValue:
        value = self._text[self._ends[2 * place] : self._ends[2 * place + 1]]
        return KeyValue(as_text(self._name(place)), as_text(value), self._created[place], self._modified[place])


def packed(listed: Sequence[KeyValue]) -> Table:
    """Return what etcd listed as a table."""
    return listed if isinstance(listed, Table) else Table(listed)


class Keys(MutableMapping[str, KeyValue]):
    """Keys by name: a table, and what has changed since it was made."""

    def __init__(self, table: Table | None = None) -> None:
        self._table = Table() if table is None else table
        self._changed: dict[str, KeyValue | None] = {}

    def pack(self) -> None:
        """Move new keys into the table, too; make a new table once much of it is outdated."""
        for key, seen in list(self._changed.items()):
            if seen and not self._table.find(key):
                self._table.extend([seen])
                del self._changed[key]
        if len(self._changed) > len(self._table) / 2:
            self._table, self._changed = Table(self.seen()), {}

    def __getitem__(self, key: str) -> KeyValue:
        found = self.find(key)
        if found is None:
            raise KeyError(key)
        return found

    def find(self, key: str) -> KeyValue | None:
        """Return a key, None if it is absent."""
        return self._changed[key] if key in self._changed else self._table.find(key)

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
        """Yield all keys without looking each of them up."""
        yield from (seen for seen in self._table if seen.key not in self._changed)
        yield from filter(None, self._changed.values())

    def __len__(self) -> int:
        return sum(1 for _ in self)
