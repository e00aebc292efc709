"""Keys of etcd in little memory: thousands of them are held for as long as the bridge runs."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from typing import overload

from bridge.claims.transaction import KeyValue, as_bytes, as_text


class Table(Sequence[KeyValue]):
    """Keys as etcd lists them, in the order of their bytes.

    All values are one piece of memory and the revisions another, which are given back as a whole.
    """

    __slots__ = ("_created", "_ends", "_keys", "_modified", "_values")

    def __init__(self, listed: Iterable[KeyValue] = ()) -> None:
        self._keys: list[bytes] = []
        self._values = bytearray()
        self._ends, self._created, self._modified = array("Q"), array("Q"), array("Q")
        self.extend(listed)

    def extend(self, listed: Iterable[KeyValue]) -> None:
        """Take in keys that come after all that are there."""
        for seen in listed:
            self.add(as_bytes(seen.key), as_bytes(seen.value), seen.create_revision, seen.mod_revision)

    def add(self, key: bytes, value: bytes, create_revision: int, mod_revision: int) -> None:
        """Take in a key that comes after all that are there, as it travels."""
        self._keys.append(key)
        self._values += value
        self._ends.append(len(self._values))
        self._created.append(create_revision)
        self._modified.append(mod_revision)

    def __len__(self) -> int:
        return len(self._keys)

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
        return map(as_text, self._keys)

    def find(self, key: str) -> KeyValue | None:
        """Return a key as it was listed, None where it was not there."""
        wanted = as_bytes(key)
        place = bisect_left(self._keys, wanted)
        return self._at(place) if self._keys[place : place + 1] == [wanted] else None

    def _at(self, place: int) -> KeyValue:
        start = self._ends[place - 1] if place else 0
        key, value = as_text(self._keys[place]), as_text(self._values[start : self._ends[place]])
        return KeyValue(key, value, self._created[place], self._modified[place])


def packed(listed: Sequence[KeyValue]) -> Table:
    """Return what etcd listed as a table."""
    return listed if isinstance(listed, Table) else Table(listed)


class Keys(MutableMapping[str, KeyValue]):
    """Keys by their names: what some tables say, and what has changed since."""

    def __init__(self, *tables: Table) -> None:
        self._tables = tables
        self._changed: dict[str, KeyValue | None] = {}

    def copy(self) -> "Keys":
        """The same keys, going their own way from here on."""
        made = Keys(*self._tables)
        made._changed.update(self._changed)
        return made

    def __getitem__(self, key: str) -> KeyValue:
        found = self._changed[key] if key in self._changed else self._listed(key)
        if found is None:
            raise KeyError(key)
        return found

    def __setitem__(self, key: str, seen: KeyValue) -> None:
        self._changed[key] = seen

    def __delitem__(self, key: str) -> None:
        if key not in self:
            raise KeyError(key)
        if self._listed(key):
            self._changed[key] = None
        else:
            del self._changed[key]

    def __iter__(self) -> Iterator[str]:
        listed = (key for table in self._tables for key in table.names())
        yield from (key for key in listed if key not in self._changed)
        yield from (key for key, seen in self._changed.items() if seen)

    def seen(self) -> Iterator[KeyValue]:
        """All keys, without looking each of them up."""
        listed = (seen for table in self._tables for seen in table)
        yield from (seen for seen in listed if seen.key not in self._changed)
        yield from filter(None, self._changed.values())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _listed(self, key: str) -> KeyValue | None:
        return next((found for table in self._tables if (found := table.find(key))), None)
