"""The keys of an object as Traefik's KV provider names them, relative to the root key."""

from bridge.labels.model import Ref


def key(ref: Ref, path: str) -> str:
    """Return the key of one leaf, relative to the root key; the object's bare key if `path` is ""."""
    bare = f"{ref.protocol}/{ref.kind}/{ref.name}"
    return f"{bare}/{path}" if path else bare


def server(host: str, container: str) -> str:
    """Return the path of a container's server in its service; `container` is the first 12 characters of its id."""
    return f"loadbalancer/servers/{host}-{container}"


PERMANENT = Ref("http", "middlewares", "docker-event-bridge")
"""The object that keeps Traefik's root from ever being empty: an unused middleware that every release accepts.

Traefik skips an empty configuration, so the last route would never go away. The name is reserved.
"""
PERMANENT_PATH, PERMANENT_VALUE = "addprefix/prefix", "/docker-event-bridge"
