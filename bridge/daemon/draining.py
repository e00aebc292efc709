"""Containers that were told to stop: they leave before their process does, so that no request finds it gone.

A drain is a remembered fact about one run of a container, since `docker inspect` does not show it: it ends with
the run, or after a limit, since nobody can know from outside how long a stop may take. Runs are told apart by what
the engine tells in order and by their start times, none of which is compared with a signal's: clocks jump.
"""

from collections import defaultdict
from signal import SIGTERM

from msgspec import Struct, field

from bridge.container import Container
from bridge.engine import signals

LABEL_IN_PLACE = "signal"
"""A label that events tell in place of the signal: of such a container nobody knows which one it was."""


class _Signal(Struct):
    """A signal: when it was sent, by the engine's clock, until when it counts, by ours, and for which run it was.

    The run is known as soon as it was looked at.
    """

    at: float
    until: float
    run: str = ""


class Draining(Struct):
    """Which signals the present runs of containers got last, by their full ids and the signals' numbers."""

    _sent: defaultdict[str, dict[int, _Signal]] = field(default_factory=lambda: defaultdict(dict))
    _stop: dict[str, int | None] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether there are signals whose time is not up."""
        return any(self._sent.values())

    def sent(self, container_id: str, signal: int, at: float, until: float) -> None:
        """Note that a container was sent a signal, if that is news."""
        known = self._sent[container_id].get(signal)
        if not known or known.at != at:
            self._sent[container_id][signal] = _Signal(at, until)

    def stops(self, container_id: str, signal: int | None) -> bool:
        """Whether this is the signal that is to stop a container, as far as is known: few have another one."""
        return signal == self._stop.get(container_id, SIGTERM)

    def ids(self) -> set[str]:
        """The containers of which something is remembered."""
        return self._sent.keys() | self._stop.keys()

    def signalled(self) -> set[str]:
        """The containers whose present run got a signal."""
        return {container_id for container_id, sent in self._sent.items() if sent}

    def forget(self, *ids: str) -> None:
        """Forget containers that are gone."""
        for container_id in ids:
            self.over(container_id)
            self._stop.pop(container_id, None)

    def over(self, container_id: str) -> None:
        """Forget a container's signals: its run is over."""
        self._sent.pop(container_id, None)

    def expired(self, now: float) -> frozenset[str]:
        """Forget the signals whose time is up; return whose they were."""
        over = [(i, number) for i, sent in self._sent.items() for number, it in sent.items() if it.until <= now]
        for container_id, number in over:
            del self._sent[container_id][number]
        return frozenset(container_id for container_id, _ in over)

    def holds(self, container: Container) -> bool:
        """Whether this very run got the signal that is to stop it."""
        stop = signals.number(container.stop_signal)
        if stop != SIGTERM:
            self._stop[container.id] = stop
        sent = self._sent.get(container.id, {}).get(stop) if stop else None
        if sent is None or LABEL_IN_PLACE in container.labels:
            return False
        sent.run = sent.run or container.started
        return sent.run == container.started
