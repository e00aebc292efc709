"""References to Docker's own objects: what labels call `auth@docker` is read from etcd, so the suffix goes.

Objects of other providers (`auth@file`) stay as they are. Source: Traefik's documentation, "Provider Namespace".
"""

from dataclasses import replace

from bridge.labels.model import Leaf, Ref

_SUFFIX = "@docker"
_PATHS = {
    "routers": ("service", "middlewares", "tls/options"),
    "models": ("middlewares", "tls/options"),
    "services": ("loadbalancer/serverstransport", "middlewares"),
    "middlewares": ("chain/middlewares", "errors/service"),
}


def localised(ref: Ref, leaf: Leaf) -> Leaf:
    """The leaf with its references to the Docker provider's objects made references to its own provider's."""
    if leaf.path not in _PATHS.get(ref.kind, ()):
        return leaf
    names = (name.removesuffix(_SUFFIX) for name in leaf.value.split(","))
    return replace(leaf, value=",".join(names))
