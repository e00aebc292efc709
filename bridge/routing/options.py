"""The operator's choices that the mapping depends on, as plain values."""

from dataclasses import dataclass

from bridge.labels.fields import Release
from bridge.rules.constraints import Constraints
from bridge.rules.template import Template


@dataclass(frozen=True, slots=True)
class Options:
    """What Traefik's Docker provider has as options, and where this host is.

    `release` is the oldest Traefik release that reads the keys. `network` is the default Docker network, "" for
    none. `advertise_address` is where Traefik reaches this host's published ports, "" when it shares the
    containers' networks. `gateway` is where containers in host networking are reached without it. `host` is the
    name of this host.
    """

    release: Release
    exposed_by_default: bool
    default_rule: Template
    constraints: Constraints
    network: str
    use_bind_port_ip: bool
    allow_empty_services: bool
    advertise_address: str
    host: str
    gateway: str = "127.0.0.1"
