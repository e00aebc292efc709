"""A container as `docker inspect` shows it, reduced to what routing depends on.

Pure: the same code reads answers of the running engine and the output of `docker inspect` in a file.
Source of the fields: Docker Engine API, ContainerInspect.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TypeVar

from msgspec import Struct

Found = TypeVar("Found")

HIGHEST_PORT = 65535

SHORT = 12
"""The number of characters of a container's id that keys contain, as in the output of `docker ps`."""

INGRESS = "ingress"
"""Docker's name of the network on which Swarm publishes ports; only Swarm services can be attached to it."""

# Its beginning becomes part of a key, by which bridges recognise the servers that they wrote.
_ID = re.compile("[0-9a-f]{12,}")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")


class Network(Struct, frozen=True):
    """A network that a container is attached to; a missing address is "".

    `driver` is Docker's name, such as bridge or macvlan; "" if unknown: inspections of containers lack it.
    """

    name: str
    id: str
    ipv4: str
    ipv6: str
    driver: str = ""

    @property
    def address(self) -> str:
        """The container's address on it, IPv4 first."""
        return self.ipv4 or self.ipv6


class Binding(Struct, frozen=True):
    """Where a container port is published on its host; `host_ip` is "", 0.0.0.0 or :: for every address.

    `host_port` is "" if its network routes to containers (gateway mode `routed`), without a port on the host.
    """

    host_ip: str
    host_port: str


class Port(Struct, frozen=True):
    """A port that a container exposes, and where it is published, if anywhere."""

    number: int
    protocol: str
    bindings: tuple[Binding, ...]


class Container(Struct, frozen=True):
    """One container at one moment. `status` and `health` are Docker's words, "" if missing.

    `status` is None if there is no state at all. `networks` are sorted by name, Swarm's own (`ingress`) last.
    """

    id: str
    name: str
    image: str
    created: str
    started: str
    status: str | None
    health: str
    stop_signal: str
    labels: Mapping[str, str]
    network_mode: str
    networks: tuple[Network, ...]
    ports: tuple[Port, ...]

    @property
    def short_id(self) -> str:
        """The beginning of the id, as `docker ps` prints it and keys contain it."""
        return self.id[:SHORT]

    @property
    def network_target(self) -> str:
        """The id or name of the container whose network it uses (`container:` networking), "" if none."""
        mode, _, target = self.network_mode.partition(":")
        return target if mode == "container" else ""


def targets(container: Container, find: Callable[[str], Found]) -> dict[str, Found]:
    """Return the container whose network this one uses, the one whose network that uses, and so on, by id or name.

    `find` returns what is known of one; the chain ends with what is not a container or has its own network.
    """
    found: dict[str, Found] = {}
    at: object = container
    while isinstance(at, Container) and at.network_target and at.network_target not in found:
        found[at.network_target] = find(at.network_target)
        at = found[at.network_target]
    return found


def from_inspect(inspect: object) -> Container:
    """Read one element of what `docker inspect` prints.

    Raises ValueError, which names the field, if it is not an inspection of a container.
    """
    config, state, settings = _part(inspect, "Config"), _part(inspect, "State"), _part(inspect, "NetworkSettings")
    networks, ports = _part(settings, "Networks"), _part(settings, "Ports")
    return Container(
        id=_id(inspect),
        name=_text(inspect, "Name").removeprefix("/"),
        image=_optional(config, "Image"),
        created=_moment(_optional(inspect, "Created")),
        started=_optional(state, "StartedAt"),
        status=_optional(state, "Status") if _member(inspect, "State") is not None else None,
        health=_optional(_part(state, "Health"), "Status"),
        stop_signal=_optional(config, "StopSignal") or "SIGTERM",
        labels=_labels(_part(config, "Labels")),
        network_mode=_optional(_part(inspect, "HostConfig"), "NetworkMode"),
        networks=tuple(_network(name, _part(networks, name)) for name in sorted(networks, key=_rank)),
        ports=tuple(sorted(map(_port, ports, ports.values()), key=lambda port: (port.number, port.protocol))),
    )


def _moment(text: str) -> str:
    """Return a time in UTC with nine fractional digits, which sorts as text; any other text unchanged."""
    if not (match := _MOMENT.fullmatch(text)):
        return text
    whole, fraction, zone = match.groups(default="")
    try:
        utc = datetime.fromisoformat(whole + zone).astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return text
    return f"{utc.isoformat()}.{fraction:0<9}Z"


def _labels(labels: Mapping[str, object]) -> Mapping[str, str]:
    return {name: _string(labels, name) for name in labels}


def _id(inspect: object) -> str:
    if not _ID.fullmatch(container_id := _text(inspect, "Id")):
        raise ValueError("Id is not the id of a container")
    return container_id


def _rank(network: str) -> tuple[bool, str]:
    return network == INGRESS, network


def _network(name: str, network: Mapping[str, object]) -> Network:
    return Network(
        name,
        _optional(network, "NetworkID"),
        _optional(network, "IPAddress"),
        _optional(network, "GlobalIPv6Address"),
    )


def _port(key: str, bindings: object) -> Port:
    number, _, protocol = key.partition("/")
    places = [] if bindings is None else bindings
    if not _is_port(number) or not isinstance(places, list):
        raise ValueError(f"NetworkSettings.Ports: {key!r} is not a port with its bindings")
    return Port(int(number), protocol or "tcp", tuple(map(_binding, places)))


def _is_port(number: str) -> bool:
    return number.isascii() and number.isdigit() and 0 < int(number[:6]) <= HIGHEST_PORT


def _binding(place: object) -> Binding:
    return Binding(_optional(place, "HostIp"), _optional(place, "HostPort"))


def _part(parent: object, name: str) -> Mapping[str, object]:
    part = _member(parent, name)
    if part is not None and not isinstance(part, Mapping):
        raise ValueError(f"{name} is not an object")
    return part or {}


def _optional(parent: object, name: str) -> str:
    return "" if _member(parent, name) is None else _text(parent, name)


def _text(parent: object, name: str) -> str:
    """Return a text that etcd can hold; labels, which users write freely, are checked where they are used."""
    text = _string(parent, name)
    if not text.isprintable() and any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError(f"{name} is not valid Unicode text")
    return text


def _string(parent: object, name: str) -> str:
    text = _member(parent, name)
    if not isinstance(text, str):
        raise ValueError(f"{name} is missing or not a text")  # noqa: TRY004 - one kind of error for the caller
    return text


def _member(parent: object, name: str) -> object:
    if not isinstance(parent, Mapping):
        raise ValueError(f"{name} is looked for in what is not an object")  # noqa: TRY004 - as above
    return parent.get(name)
