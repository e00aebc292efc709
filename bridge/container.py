"""A container as `docker inspect` tells it, reduced to what routing depends on.

Pure: the same reading serves the running engine and a file that `docker inspect` printed.
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
"""How many characters of a container's id the keys bear, as `docker ps` prints them."""

INGRESS = "ingress"
"""Docker's name of the network by which Swarm publishes ports: what is no service cannot be attached to it."""

# Its beginning becomes part of a key, by which the bridges know a server of theirs.
_ID = re.compile("[0-9a-f]{12,}")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")


class Network(Struct, frozen=True):
    """A network that a container is attached to; an address that it does not have is "".

    `driver` is Docker's word, such as bridge or macvlan; "" where it is not known: no inspection tells it.
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
    """Where a container port is published on its host; `host_ip` is "" or 0.0.0.0 or :: for every address.

    `host_port` is "" where its network routes to containers (gateway mode): the host has no port then.
    """

    host_ip: str
    host_port: str


class Port(Struct, frozen=True):
    """A port that a container exposes, and where it is published: nowhere, or at one or more places."""

    number: int
    protocol: str
    bindings: tuple[Binding, ...]


class Container(Struct, frozen=True):
    """One container at one moment. `status` and `health` are Docker's words, "" where it says nothing.

    `status` is None where there is no state at all. `networks` are in the order of their names, Swarm's own last.
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
        """The beginning of the id, as `docker ps` prints it and the keys bear it."""
        return self.id[:SHORT]

    @property
    def network_target(self) -> str:
        """The id or name of the container whose network it uses (`container:` networking), "" if none."""
        mode, _, target = self.network_mode.partition(":")
        return target if mode == "container" else ""


def targets(container: Container, find: Callable[[str], Found]) -> dict[str, Found]:
    """Return whose network a container uses and, where that one uses another's, whose in turn, by id or name.

    `find` says what is known of one; the first that is not a container, or has a network, is the last.
    """
    found: dict[str, Found] = {}
    at: object = container
    while isinstance(at, Container) and at.network_target and at.network_target not in found:
        found[at.network_target] = find(at.network_target)
        at = found[at.network_target]
    return found


def from_inspect(inspect: object) -> Container:
    """Read one element of what `docker inspect` prints.

    Raises ValueError, naming the field, where it is not an inspection of a container.
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
    """A time in UTC with all nine digits of its second, so that texts compare as times; else what is told."""
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
    """A text that etcd can hold; what users write freely, the labels, is looked at where it is used."""
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
