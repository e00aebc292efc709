"""The bridge's own labels, `bridge.*`: the list of them, and what a container asks for with them."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple

from msgspec import Struct, field

from bridge.container import HIGHEST_PORT
from bridge.labels.folding import fold
from bridge.labels.limits import excess
from bridge.labels.values import ACCEPTED, encodable, printable, seconds
from bridge.masking import masked_input
from bridge.problem import Problem

APPLICATION, NETWORK, ADDRESS = "bridge.application", "bridge.network", "bridge.address"
SERVICE_ADDRESS, DRAIN_LIMIT = "bridge.<service>.address", "bridge.drain-limit"


class Meaning(NamedTuple):
    """The documentation of one label: its name, an example of its value, and its meaning."""

    name: str
    example: str
    meaning: str


LABELS = (
    Meaning(
        ADDRESS,
        "10.0.0.7",
        "IP address or host name at which Traefik reaches this container's published port, in place of the host's"
        " advertise address; host:port is used exactly as written (IPv6 in brackets)",
    ),
    Meaning(SERVICE_ADDRESS, "10.0.0.7:8443", "the same for one service, whatever its protocol"),
    Meaning(
        NETWORK,
        "backbone",
        "Docker network on which Traefik reaches this container at its own address and port, whether or not the"
        " host has an advertise address; takes precedence over traefik.docker.network",
    ),
    Meaning(
        APPLICATION,
        "shop",
        "application that the container belongs to; by default its service name and image repository. Containers"
        " of one application may change a definition that they share",
    ),
    Meaning(
        DRAIN_LIMIT,
        "90s",
        "how long this container stays withdrawn if it keeps running after its stop signal, in place of the drain"
        " limit",
    ),
)

_FIXED = tuple(label.name for label in LABELS if label.name != SERVICE_ADDRESS)
_PREFIX = "bridge."
_HOST_NAME = re.compile(r"([\w-]+\.)*(?=[\w-]*[a-z])[\w-]+\.?", re.ASCII | re.IGNORECASE)
# `[^:]*:` finds the first colon; trying every colon would take quadratic time where no bracket follows.
_PLACE = re.compile(r"(?:\[(?P<bracketed>[^:\[\]]*:[^\[\]]*)\]|(?P<plain>[^:\[\]]+))(?::(?P<port>[0-9]{1,5}))?")


class Address(Struct, frozen=True):
    """The address that a label gives a container; `port` is "" if it names none, and the usual port applies."""

    host: str
    port: str
    label: str


class Own(Struct, frozen=True):
    """What a container asks of the bridge; with any problem the container is dropped.

    `address` is for all its services, `addresses` for single ones, by their folded names. What no label sets is
    "", None or empty. `drain_limit` is in seconds.
    """

    application: str = ""
    network: str = ""
    address: Address | None = None
    addresses: Mapping[str, Address] = field(default_factory=dict)
    drain_limit: float | None = None
    problems: tuple[Problem, ...] = ()


def own_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """Return the labels `bridge.*`, sorted by name."""
    return {label: labels[label] for label in sorted(labels) if label.lower().startswith(_PREFIX)}


def read_own(container_name: str, labels: Mapping[str, str]) -> Own:
    """Read the labels `bridge.*`; an empty value counts as unset."""
    if problems := excess(container_name, labels):
        return Own(problems=problems)
    mine = own_labels(labels)
    faults = [(label, *fault) for label, value in mine.items() if (fault := _fault(label, value))]
    if labels.get(NETWORK) and labels.get(ADDRESS):
        faults.append(
            (ADDRESS, f"{NETWORK} already says where the container is.", f"remove {ADDRESS} or {NETWORK}")
        )
    if faults:
        return Own(problems=tuple(Problem(container_name, printable(label), *fault) for label, *fault in faults))
    addresses = {service: _address(label, value) for label, value in mine.items() if (service := _service(label))}
    return Own(
        application=labels.get(APPLICATION, ""),
        network=labels.get(NETWORK, ""),
        address=_address(ADDRESS, labels.get(ADDRESS, "")),
        addresses={fold(service): address for service, address in addresses.items() if address},
        drain_limit=drain_limit(labels),
    )


def drain_limit(labels: Mapping[str, str]) -> float | None:
    """Return the drain limit that a label sets, in seconds; None if it is missing or invalid."""
    return seconds(labels.get(DRAIN_LIMIT, "")) or None


def is_host(text: str) -> bool:
    """Return whether the text is an IP address (without a zone) or a host name."""
    return bool(_HOST_NAME.fullmatch(text)) or ("%" not in text and parsed_ip(text) is not None)


def parsed_ip(text: str) -> IPv4Address | IPv6Address | None:
    """Parse an IP address, which may have a zone; None if the text is not one."""
    try:
        return ip_address(text)
    except ValueError:
        return None


def _fault(label: str, value: str) -> tuple[str, str] | None:
    """Return what is wrong with one label and what to write instead, None if nothing is."""
    service = _service(label)
    if not service and label not in _FIXED:
        return "The bridge has no such label.", _nearest(label)
    if (service or label == ADDRESS) and value and not _address(label, value):
        return (
            f"{printable(label)} does not accept {masked_input(ADDRESS, value)!r}.",
            "write an address such as 10.0.0.7, node.example:8080 or [fd00::7]:80",
        )
    if label == DRAIN_LIMIT and value and (seconds(value) or 0) <= 0:
        return (
            f"{label} does not accept {masked_input(label, value)!r}.",
            f"write {ACCEPTED['duration']}, above zero",
        )
    return None


def _service(label: str) -> str:
    """Return the service that a label `bridge.<service>.address` names, "" for any other label."""
    match label.split("."):
        case ["bridge", service, "address"] if encodable(service):
            return service
        case _:
            return ""


def _nearest(label: str) -> str:
    match label.split("."):
        case [_, service, _] if service:
            return f"did you mean {printable(f'bridge.{service}.address')}?"
    for nearest in get_close_matches("bridge." + label[len(_PREFIX) :].lower(), _FIXED, n=1):
        return f"did you mean {nearest}?"
    return f"known labels: {', '.join(meaning.name for meaning in LABELS)}"


def _address(label: str, text: str) -> Address | None:
    """Parse `host`, `host:port`, `[IPv6]:port` or a bare IPv6 address; None if the text is none of these."""
    if ":" in text and is_host(text):
        return Address(text, "", label)
    found = _PLACE.fullmatch(text)
    if found is None or not 0 < int(found["port"] or HIGHEST_PORT) <= HIGHEST_PORT:
        return None
    host = found["bracketed"] or found["plain"]
    return Address(host, (found["port"] or "").lstrip("0"), label) if is_host(host) else None
