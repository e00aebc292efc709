"""References to Docker's own objects: what labels call `auth@docker` is read from etcd, so the suffix goes.

Objects of other providers (`auth@file`) stay as they are. Source: Traefik's documentation, "Provider Namespace".
Traefik takes what stands behind the first "@" of a name for its provider, even where the object itself is called
so: from a router that is called `web@docker` it looks for the service `web` at Docker's provider.
"""

from bridge.labels.model import Leaf, Ref

_SUFFIX, _OWN_SUFFIX = "@docker", "@etcd"
_NO_REFERENCE = ("tls/options", "default")
"""The default TLS options are no provider's."""
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
    if not names:
        return leaf
    return leaf._replace(value=",".join(_localised(ref, leaf.path, name) for name in names))


def _localised(ref: Ref, path: str, name: str) -> str:
    _, *providers = ref.name.split("@")
    bare = name.removesuffix(_SUFFIX)
    is_implied = providers[:1] == ["docker"] and "@" not in name and (path, name) != _NO_REFERENCE
    if bare == name and not is_implied:
        return name
    is_clear = bare and "@" not in bare and not providers and (path, bare) != _NO_REFERENCE
    return bare if is_clear else bare + _OWN_SUFFIX
