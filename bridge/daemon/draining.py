"""Containers that were told to stop: they leave before their process does, so that no request finds it gone.

Draining is a fact about one run of a container, remembered here because `docker inspect` does not show it: it
ends with the run, or after a limit, since nobody can know from outside how long a stop may take.
"""

from dataclasses import dataclass, field

from bridge.container import Container

LIMIT = 300.0
"""Seconds after which a container that still runs in spite of its stop signal is routed again."""


@dataclass(frozen=True, slots=True)
class _Drain:
    started: str
    until: float


@dataclass(slots=True)
class Draining:
    """The runs of containers that are on their way out; times are in seconds of one monotonic clock."""

    _drains: dict[str, _Drain] = field(default_factory=dict)

    def begin(self, container: Container, now: float) -> float:
        """Remember that this run got its stop signal; return when to look at it again."""
        drain = self._drains.setdefault(container.id, _Drain(container.started, now + LIMIT))
        if drain.started != container.started:
            drain = self._drains[container.id] = _Drain(container.started, now + LIMIT)
        return drain.until

    def end(self, container_id: str) -> None:
        """Forget a container: this run is over."""
        self._drains.pop(container_id, None)

    def holds(self, container: Container, now: float) -> bool:
        """Whether this very run is draining."""
        drain = self._drains.get(container.id)
        return drain is not None and drain.started == container.started and now < drain.until
