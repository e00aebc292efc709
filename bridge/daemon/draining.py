"""Containers that were told to stop: they leave before their process does, so that no request finds it gone.

A drain is remembered for one run of a container, since `docker inspect` does not show it. It ends with the run, or
after a limit, since nobody can know from outside how long a stop may take. Runs are told apart by the order of the
engine's events and by their start times; neither is compared with the time of a signal, since clocks jump.
"""

from collections import defaultdict
from signal import SIGTERM

from msgspec import Struct, field

from bridge.container import Container
from bridge.engine import signals

LABEL_IN_PLACE = "signal"
"""A label that replaces the signal in events: which signal such a container was sent is unknown."""


class _Signal(Struct):
    """A signal: when it was sent (engine's clock), until when it counts (our clock), and to which run it was sent.

    The run is known once the container has been inspected.
    """

    at: float
    until: float
    run: str = ""


class Draining(Struct):
    """The last signals sent to the current runs of containers, by full id and by the number of the signal."""

    _sent: defaultdict[str, dict[int, _Signal]] = field(default_factory=lambda: defaultdict(dict))
    _stop: dict[str, int | None] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Return whether there are signals that have not expired."""
        return any(self._sent.values())

    def sent(self, container_id: str, signal: int, at: float, until: float) -> None:
        """Note that a container was sent a signal, unless that is known already."""
        known = self._sent[container_id].get(signal)
        if not known or known.at != at:
            self._sent[container_id][signal] = _Signal(at, until)

    def stops(self, container_id: str, signal: int | None) -> bool:
        """Return whether this is a container's stop signal, as far as is known: for most it is SIGTERM."""
        return signal == self._stop.get(container_id, SIGTERM)

    def ids(self) -> set[str]:
        """Return the containers about which something is remembered."""
        return self._sent.keys() | self._stop.keys()

    def signalled(self) -> set[str]:
        """Return the containers whose current run was sent a signal."""
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
        """Forget the signals that have expired; return the containers that they were sent to."""
        over = [(i, number) for i, sent in self._sent.items() for number, it in sent.items() if it.until <= now]
        for container_id, number in over:
            del self._sent[container_id][number]
        return frozenset(container_id for container_id, _ in over)

    def holds(self, container: Container) -> bool:
        """Return whether this run was sent the container's stop signal."""
        stop = signals.number(container.stop_signal)
        if stop != SIGTERM:
            self._stop[container.id] = stop
        sent = self._sent.get(container.id, {}).get(stop) if stop else None
        if sent is None or LABEL_IN_PLACE in container.labels:
            return False
        sent.run = sent.run or container.started
        return sent.run == container.started
