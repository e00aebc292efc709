"""What a container is routed as, before it is spelled as keys."""

from msgspec import Struct

from bridge.labels.model import Leaf, Ref
from bridge.problem import Problem


class Object(Struct, frozen=True):
    """One object of Traefik's configuration: the leaves that describe it, and this container's own server.

    The paths of `server` are relative to the server ("url", "address", "weight"); () where it brings none.
    """

    ref: Ref
    leaves: tuple[Leaf, ...]
    server: tuple[Leaf, ...] = ()


class Routing(Struct, frozen=True):
    """All objects of one container, and the `reason` why they are not published, "" if they are.

    A problem with objects beside it cost single routers; a problem without cost the container.
    """

    objects: tuple[Object, ...] = ()
    problems: tuple[Problem, ...] = ()
    reason: str = ""
