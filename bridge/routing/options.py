"""The settings that the mapping depends on, as plain values."""

from msgspec import Struct

from bridge.labels.fields import Release
from bridge.rules.constraints import Constraints
from bridge.rules.template import Template


class Policy(Struct, frozen=True):
    """What labels may do on this host; an empty list allows everything.

    `entrypoints` are those that routers may use. `hosts` are those that rules may match and certificates may be
    for: a name, `*.name` for all names below it, or `*` for any. `names` are those of objects that labels may
    define or refer to; `*` stands for any text without "@". `middlewares` are the types, in lower case, that
    labels may define. `server_addresses` lets labels choose where requests go.
    """

    entrypoints: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    middlewares: tuple[str, ...] = ()
    server_addresses: bool = True


class Options(Struct, frozen=True):
    """The options of Traefik's Docker provider, and how this host is reached.

    `release` is the oldest Traefik release that reads the keys. `network` is the default Docker network, "" for
    none. `advertise_address` is where Traefik reaches this host's published ports, "" if it shares the containers'
    networks; containers on one of the `routable_networks` (names) keep their own address nevertheless. `gateway`
    is where containers with host networking are reached without an advertise address. `host` is the name of this
    host. `policy` is what labels may do.
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
