"""References to Docker's own objects: what labels call `auth@docker` is read from etcd, so the suffix goes.

Objects of other providers (`auth@file`) stay as they are. Source: Traefik's documentation, "Provider Namespace".
"""

from bridge.labels.model import Leaf, Ref

_SUFFIX = "@docker"
_PATHS = {
    "routers": ("service", "middlewares", "tls/options"),
    "models": ("middlewares", "tls/options"),
    "services": ("loadbalancer/serverstransport", "middlewares"),
    "middlewares": ("chain/middlewares", "errors/service"),
}


def referred(ref: Ref, leaf: Leaf) -> tuple[str, ...]:
    """The names of other objects that a leaf refers to."""
    return tuple(leaf.value.split(",")) if leaf.path in _PATHS.get(ref.kind, ()) else ()


def localised(ref: Ref, leaf: Leaf) -> Leaf:
    """The leaf with its references to the Docker provider's objects made references to its own provider's."""
    names = referred(ref, leaf)
    return leaf._replace(value=",".join(name.removesuffix(_SUFFIX) for name in names)) if names else leaf
