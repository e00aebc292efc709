"""Many values in little memory, as long as they only have to be kept."""

import pickle
from array import array
from collections.abc import Iterator, Mapping
from typing import TypeVar, cast

Value = TypeVar("Value")


class Packed(Mapping[str, Value]):
    """Values by name, pickled; each is made again whenever it is asked for.

    They share one block of memory, which is freed as a whole: small values that are kept for long, made among many
    short-lived ones, would keep the memory around them from being freed.
    """

    def __init__(self) -> None:
        self._pickled = bytearray()
        self._ends = array("Q", [0])
        self._places: dict[str, int] = {}

    def update(self, values: Mapping[str, Value]) -> None:
        """Add values, in place of those with the same names."""
        for name, value in values.items():
            self._places[name] = len(self._ends) - 1
            self._pickled += pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
            self._ends.append(len(self._pickled))

    def __getitem__(self, name: str) -> Value:
        place = self._places[name]
        pickled = self._pickled[self._ends[place] : self._ends[place + 1]]
        return cast("Value", pickle.loads(pickled))  # noqa: S301, our own

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)
