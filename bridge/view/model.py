"""The values that a container publishes: its objects as definitions and servers, ready to be claimed."""

from typing import NamedTuple

from msgspec import Struct

from bridge.labels.model import Leaf, Ref
from bridge.problem import Problem


class Item(NamedTuple):
    """One object that a container publishes.

    `definition` holds the leaves that all claimants share, sorted by path (a service's constant empty server
    list included); `server` the leaves of this container's own server, () if it has none.
    """

    ref: Ref
    definition: tuple[Leaf, ...]
    server: tuple[Leaf, ...] = ()

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        """The leaves of both."""
        return self.definition + self.server


class Publication(NamedTuple):
    """Everything that one container publishes, in one transaction or not at all.

    `container` is its name, `id` the first 12 characters of its id, `application` the one that it belongs to when
    definitions differ, `created` the engine's creation time (RFC 3339 with nanoseconds, which sorts as text).
    """

    container: str
    id: str
    application: str
    created: str
    items: tuple[Item, ...]


class Mapped(Struct, frozen=True):
    """The result of mapping one container: what it publishes, or the `reason` why it publishes nothing.

    `container` is its name, `id` the first 12 characters of its id.
    """

    container: str
    id: str
    publication: Publication | None
    problems: tuple[Problem, ...] = ()
    reason: str = ""
