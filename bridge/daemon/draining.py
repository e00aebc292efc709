"""Containers that were told to stop: they leave before their process does, so that no request finds it gone.

A drain is a remembered fact about one run of a container, since `docker inspect` does not show it: it ends with
the run, or after a limit, since nobody can know from outside how long a stop may take.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from signal import SIGTERM

from bridge.container import Container
from bridge.engine import signals


@dataclass(slots=True)
class Draining:
    """When containers last got which signal, in seconds since 1970 by the engine's clock, by their full ids."""

    _sent: defaultdict[str, dict[int, float]] = field(default_factory=lambda: defaultdict(dict))
    _stop: dict[str, int | None] = field(default_factory=dict)

    def sent(self, container_id: str, signal: int, at: float) -> None:
        """Note that a container was sent a signal."""
        self._sent[container_id][signal] = at

    def stops(self, container_id: str, signal: int | None) -> bool:
        """Whether this is the signal that is to stop a container, as far as is known: few have another one."""
        return signal == self._stop.get(container_id, SIGTERM)

    def forget(self, container_id: str) -> None:
        """Forget a container that is gone."""
        self.over(container_id)
        self._stop.pop(container_id, None)

    def over(self, container_id: str) -> None:
        """Forget a container's signals: its run is over."""
        self._sent.pop(container_id, None)

    def expire(self, container_id: str, signal: int, at: float) -> None:
        """Forget a signal whose time is up, if it was not sent again since."""
        sent = self._sent.get(container_id, {})
        if sent.get(signal) == at:
            del sent[signal]

    def holds(self, container: Container) -> bool:
        """Whether this very run got the signal that is to stop it."""
        sent = self._sent.get(container.id, {})
        stop = signals.number(container.stop_signal)
        if stop != SIGTERM:
            self._stop[container.id] = stop
        return stop in sent and sent[stop] >= _seconds(container.started)


def _seconds(started: str) -> float:
    try:
        return datetime.fromisoformat(started).timestamp()
    except ValueError:
        return 0.0
