"""Containers for tests: fields that a test does not name are those of a plain running one."""

from typing import Any

from bridge.container import Binding, Container, Network, Port

PLAIN: dict[str, Any] = {
    "id": "0123456789abcdef" * 4,
    "name": "web",
    "image": "whoami:1",
    "created": "2026-01-01T00:00:00Z",
    "started": "2026-01-01T00:00:01Z",
    "status": "running",
    "health": "",
    "stop_signal": "SIGTERM",
    "labels": {},
    "network_mode": "bridge",
    "networks": (Network("bridge", "n", "172.17.0.2", ""),),
    "ports": (Port(80, "tcp", ()),),
}


def container(**fields: Any) -> Container:  # noqa: ANN401 - fields of several types
    """Return the plain container with some fields replaced."""
    return Container(**(PLAIN | fields))


def port(number: int, *places: str, protocol: str = "tcp") -> Port:
    """Return a port that is published at these places, each `address:port`."""
    halves = (place.rpartition(":") for place in places)
    return Port(number, protocol, tuple(Binding(address, published) for address, _, published in halves))
