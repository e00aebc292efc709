"""Which containers may run, by what the engine tells in order: what happens to the networks of others is no news.

To take one for running that does not costs an inspection, the opposite a route: so only the end of a run, as the
engine tells it, takes a container out.
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
        """Take in what an event says."""
        if event.action is Action.START:
            self.ids.add(event.container_id)
        if event.action is Action.DIE:
            self.ids.discard(event.container_id)

    def learn(self, inspected: Iterable[tuple[str, Container]]) -> None:
        """Take in who was seen to run, by the ids that were asked for."""
        self.ids |= {container_id for container_id, one in inspected if one.status not in _AT_REST}
