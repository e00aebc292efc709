"""The values that labels decode to: named objects of Traefik's dynamic configuration and their leaves."""

from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct

from bridge.problem import Problem


class Ref(NamedTuple):
    """One named object: `Ref("http", "routers", "web")`, the name as the user wrote it."""

    protocol: str
    kind: str
    name: str


def called(ref: Ref) -> str:
    """Return the name of an object for use in a sentence."""
    return f"{ref.protocol} {ref.kind.removesuffix('s')} {ref.name}"


class Leaf(NamedTuple):
    """One value of an object, in the spelling that Traefik's KV provider reads.

    `path` is relative to the object: field names in lower case, joined by "/", positions in lists of objects with
    four digits ("tls/domains/0000/main"); "" is the object's own bare leaf. `labels` are the full names of the
    labels that it came from; `rule` names the rule that produced it, if no label states it as it is.
    """

    path: str
    value: str
    labels: tuple[str, ...] = ()
    rule: str = ""


def first_label(*leaves: Leaf) -> str:
    """Return the first label that one of these leaves came from, "" if they came from none."""
    return next((name for leaf in leaves for name in leaf.labels), "")


class Decoded(Struct, frozen=True):
    """What one container's labels say. With any problem the container is dropped as a whole, as Traefik does.

    The leaves of an object are sorted by path; an object of which nothing is set has its bare leaf alone. The
    labels `...loadbalancer.server.*` become leaves of the service such as `loadbalancer/server/port`; a load
    balancer of which nothing else is set has the leaf `loadbalancer/servers`.

    `without_effect` holds what Traefik silently ignores; it drops nothing.
    """

    objects: Mapping[Ref, tuple[Leaf, ...]]
    problems: tuple[Problem, ...] = ()
    without_effect: tuple[Problem, ...] = ()
