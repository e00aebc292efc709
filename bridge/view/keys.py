"""How Traefik's KV provider names things: the keys of an object, relative to the root key."""

from bridge.labels.model import Ref


def key(ref: Ref, path: str) -> str:
    """The key of one leaf, relative to the root key; the object's bare key where `path` is ""."""
    bare = f"{ref.protocol}/{ref.kind}/{ref.name}"
    return f"{bare}/{path}" if path else bare


def server(host: str, container: str) -> str:
    """The path at which a container's server stands in its service, by the first 12 characters of the id."""
    return f"loadbalancer/servers/{host}-{container}"


PERMANENT = Ref("http", "middlewares", "docker-event-bridge")
"""The object that keeps Traefik's root from ever being empty: an unused middleware that every release accepts.

Traefik skips an empty configuration, so that the last route would stay for ever. Its name is reserved.
"""
PERMANENT_PATH, PERMANENT_VALUE = "addprefix/prefix", "/docker-event-bridge"
