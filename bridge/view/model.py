"""The values that a container publishes: its objects as definitions and servers, ready to be claimed."""

from typing import NamedTuple

from msgspec import Struct

from bridge.labels.model import Leaf, Ref
from bridge.problem import Problem


class Item(NamedTuple):
    """One object that a container publishes.

    `definition` holds the leaves that all claimants share, sorted by path (a service's constant empty server
    list included); `server` the leaves of this container's own server, () where it brings none.
    """

    ref: Ref
    definition: tuple[Leaf, ...]
    server: tuple[Leaf, ...] = ()

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        """All of them."""
        return self.definition + self.server


class Publication(NamedTuple):
    """All that one container publishes, in one transaction or not at all.

    `container` is its name, `id` the first 12 characters of its id, `application` who it belongs to when
    definitions differ, `created` the engine's creation time (RFC 3339 with nanoseconds; sorts as text).
    """

    container: str
    id: str
    application: str
    created: str
    items: tuple[Item, ...]


class Mapped(Struct, frozen=True):
    """What the labels of one container come to: what it publishes, or the `reason` why nothing.

    `container` is its name, `id` the first 12 characters of its id.
    """

    container: str
    id: str
    publication: Publication | None
    problems: tuple[Problem, ...] = ()
    reason: str = ""
