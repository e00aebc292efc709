"""References to objects of the Docker provider: `auth@docker` is now read from etcd, so the suffix is removed.

References to other providers (`auth@file`) are kept. Source: Traefik's documentation, "Provider Namespace".
Traefik reads what follows the first "@" of a name as its provider, even if an object is itself named so: from a
router named `web@docker` it looks for the service `web` in the Docker provider.
"""

from bridge.labels.model import Leaf, Ref

_SUFFIX, _OWN_SUFFIX = "@docker", "@etcd"
_NO_REFERENCE = ("tls/options", "default")
"""The default TLS options belong to no provider."""
_PATHS = {
    "routers": ("service", "middlewares", "tls/options"),
    "models": ("middlewares", "tls/options"),
    "services": ("loadbalancer/serverstransport", "middlewares"),
    "middlewares": ("chain/middlewares", "errors/service"),
}


def referred(ref: Ref, leaf: Leaf) -> tuple[str, ...]:
    """Return the names of other objects that a leaf refers to."""
    return tuple(leaf.value.split(",")) if leaf.path in _PATHS.get(ref.kind, ()) else ()


def localised(ref: Ref, leaf: Leaf) -> Leaf:
    """Return the leaf with its references to objects of the Docker provider turned into references to etcd's."""
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
