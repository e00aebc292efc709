"""The routing of a container, before it is written as keys."""

from msgspec import Struct

from bridge.labels.model import Leaf, Ref
from bridge.problem import Problem


class Object(Struct, frozen=True):
    """One object of Traefik's configuration: the leaves that describe it, and this container's own server.

    The paths of `server` are relative to the server ("url", "address", "weight"); () if it has none.
    """

    ref: Ref
    leaves: tuple[Leaf, ...]
    server: tuple[Leaf, ...] = ()


class Routing(Struct, frozen=True):
    """All objects of one container, and the `reason` why they are not published, "" if they are.

    If there are objects, a problem dropped at most a router; if there are none, it dropped the container.
    """

    objects: tuple[Object, ...] = ()
    problems: tuple[Problem, ...] = ()
    reason: str = ""
