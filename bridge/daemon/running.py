"""Which containers may be running, by the engine's events: network events of all others can be ignored.

Taking a stopped container for a running one costs an inspection, the opposite a route; so a container is removed
only when the engine's events say that its run has ended.
"""

from collections.abc import Iterable

from msgspec import Struct, field

from bridge.container import Container
from bridge.engine.event import Action, Event

_AT_REST = frozenset({"created", "exited", "dead", "removing"})


class Running(Struct):
    """The full `ids` of the containers that may run."""

    ids: set[str] = field(default_factory=set)

    def follow(self, event: Event) -> None:
        """Note what an event says."""
        if event.action is Action.START:
            self.ids.add(event.container_id)
        if event.action is Action.DIE:
            self.ids.discard(event.container_id)

    def learn(self, inspected: Iterable[tuple[str, Container]]) -> None:
        """Add the containers that ran when they were inspected, by the ids that were asked for."""
        self.ids |= {container_id for container_id, one in inspected if one.status not in _AT_REST}
