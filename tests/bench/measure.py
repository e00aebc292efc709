"""Measure several ways of doing the same in turns, so that other work of the machine disturbs all alike."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain


@dataclass(frozen=True, slots=True)
class Figures:
    """The values measured for one thing, in the order of the rounds."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median of the values."""
        return statistics.median(self.values)

    def quantile(self, share: float) -> float:
        """Return the smallest value that at least this share of the values does not exceed."""
        ordered = sorted(self.values)
        return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]

    @property
    def spread(self) -> tuple[float, float]:
        """The quartiles: half of the values lie between them."""
        return self.quantile(0.25), self.quantile(0.75)


def alternate(rounds: int, ways: Mapping[str, Callable[[], float]], unmeasured: int = 1) -> dict[str, Figures]:
    """Call every way once in each round, each round beginning with another one; return what they returned.

    The first rounds, as many as `unmeasured`, only fill caches.
    """
    found: dict[str, list[float]] = {name: [] for name in ways}
    names = list(ways)
    for number in range(-unmeasured, rounds):
        first = number % len(names)
        for name in chain(names[first:], names[:first]):
            value = ways[name]()
            if number >= 0:
                found[name].append(value)
    return {name: Figures(tuple(values)) for name, values in found.items()}


def seconds(action: Callable[[], object]) -> float:
    """Return how long an action takes."""
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun
