"""A container as `docker inspect` tells it, reduced to what routing depends on.

Pure: the same reading serves the running engine and a file that `docker inspect` printed.
Source of the fields: Docker Engine API, ContainerInspect.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Network:
    """A network that a container is attached to; an address that it does not have is ""."""

    name: str
    id: str
    ipv4: str
    ipv6: str


@dataclass(frozen=True, slots=True)
class Binding:
    """Where a container port is published on its host; `host_ip` is "" or 0.0.0.0 or :: for every address."""

    host_ip: str
    host_port: str


@dataclass(frozen=True, slots=True)
class Port:
    """A port that a container exposes, and where it is published: nowhere, or at one or more places."""

    number: int
    protocol: str
    bindings: tuple[Binding, ...]


@dataclass(frozen=True, slots=True)
class Container:
    """One container at one moment. `status` and `health` are Docker's words, "" where it says nothing."""

    id: str
    name: str
    image: str
    created: str
    started: str
    status: str
    health: str
    stop_signal: str
    labels: Mapping[str, str]
    network_mode: str
    networks: tuple[Network, ...]
    ports: tuple[Port, ...]

    @property
    def short_id(self) -> str:
        """The first 12 characters of the id, as `docker ps` prints it."""
        return self.id[:12]


def from_inspect(inspect: Mapping[str, Any]) -> Container:
    """Read one element of what `docker inspect` prints.

    Raises ValueError, naming the field, where it is not an inspection of a container.
    """
    config, state = _part(inspect, "Config"), _part(inspect, "State")
    network = _part(inspect, "NetworkSettings")
    return Container(
        id=_text(inspect, "Id"),
        name=_text(inspect, "Name").removeprefix("/"),
        image=_optional(config, "Image"),
        created=_optional(inspect, "Created"),
        started=_optional(state, "StartedAt"),
        status=_optional(state, "Status"),
        health=_optional(_part(state, "Health"), "Status"),
        stop_signal=_optional(config, "StopSignal") or "SIGTERM",
        labels=_labels(config),
        network_mode=_optional(_part(inspect, "HostConfig"), "NetworkMode"),
        networks=tuple(_network(name, network) for name in sorted(_part(network, "Networks"))),
        ports=tuple(sorted(_ports(_part(network, "Ports")), key=lambda port: (port.number, port.protocol))),
    )


def _labels(config: Mapping[str, Any]) -> Mapping[str, str]:
    return {name: _text(_part(config, "Labels"), name) for name in _part(config, "Labels")}


def _network(name: str, settings: Mapping[str, Any]) -> Network:
    network = _part(_part(settings, "Networks"), name)
    return Network(
        name,
        _optional(network, "NetworkID"),
        _optional(network, "IPAddress"),
        _optional(network, "GlobalIPv6Address"),
    )


def _ports(ports: Mapping[str, Any]) -> list[Port]:
    return [_port(key, ports[key] or ()) for key in ports]


def _port(key: str, bindings: Any) -> Port:  # noqa: ANN401 - JSON from outside
    number, _, protocol = key.partition("/")
    if not number.isascii() or not number.isdigit() or not isinstance(bindings, list | tuple):
        raise ValueError(f"NetworkSettings.Ports[{key!r}] is not a port with its bindings")
    places = tuple(Binding(_optional(place, "HostIp"), _optional(place, "HostPort")) for place in bindings)
    return Port(int(number), protocol or "tcp", places)


def _part(parent: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = parent.get(name) or {}
    if not isinstance(part, Mapping):
        raise ValueError(f"{name} is not an object")  # noqa: TRY004 - one kind of error for the caller
    return part


def _optional(parent: Mapping[str, Any], name: str) -> str:
    return _text(parent, name) if parent.get(name) is not None else ""


def _text(parent: Mapping[str, Any], name: str) -> str:
    text = parent.get(name) if isinstance(parent, Mapping) else None
    if not isinstance(text, str):
        raise ValueError(f"{name} is missing or not a text")  # noqa: TRY004 - one kind of error for the caller
    return text
