"""The operator's choices that the mapping depends on, as plain values."""

from msgspec import Struct

from bridge.labels.fields import Release
from bridge.rules.constraints import Constraints
from bridge.rules.template import Template


class Policy(Struct, frozen=True):
    """What labels may do on this host; an empty list allows everything.

    `entrypoints` are those that routers may use. `hosts` are those that rules may match and certificates be
    for: names, `*.` before a name for all below it, or `*`. `names` are those of objects that labels define or
    refer to; `*` stands for any text without "@". `middlewares` are the types, in lower case, that labels may
    define. `server_addresses` lets labels choose where requests go.
    """

    entrypoints: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    middlewares: tuple[str, ...] = ()
    server_addresses: bool = True


class Options(Struct, frozen=True):
    """What Traefik's Docker provider has as options, and where this host is.

    `release` is the oldest Traefik release that reads the keys. `network` is the default Docker network, "" for
    none. `advertise_address` is where Traefik reaches this host's published ports, "" when it shares the
    containers' networks; containers on the `routable_networks`, by name, keep their own address all the same.
    `gateway` is where containers in host networking are reached without it. `host` is the name of this host.
    `policy` is what labels may do.
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
    policy: Policy = Policy()
    routable_networks: frozenset[str] = frozenset()
