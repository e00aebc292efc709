"""Where Traefik reaches a container: its own address, or a published port of its host.

Without an advertise address the rules are those of Traefik's Docker provider (its documentation: `network`,
`useBindPortIP`, "Host networking"). With one, Traefik runs elsewhere and reaches published ports, and containers
on networks that hosts share. A container's own labels take precedence over both. The first match decides:

    bridge.<service>.address, bridge.address with a port   exactly that address and port
    bridge.<service>.address, bridge.address               the published port, at that address
    bridge.network                                         the container's address on that network
    an advertise address, and a routable network           the container's address on that network
    an advertise address                                   the published port, at that address or where it is bound
    none of these                                          the rules of Traefik's Docker provider

`place` returns a `Place`, or a `Nowhere` that says why there is none.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from ipaddress import IPv4Address

from msgspec import Struct, field
from msgspec.structs import replace

from bridge.container import Binding, Container, Network, Port
from bridge.labels.own import NETWORK, Address, Own, parsed_ip
from bridge.routing.keep import running

ROUTABLE_DRIVERS = frozenset({"overlay", "macvlan", "ipvlan"})
"""Drivers of networks whose addresses are valid on every host."""


class Place(Struct, frozen=True):
    """A host (an IP address or a name) and a port, and the rule that chose them."""

    host: str
    port: str
    rule: str

    def __str__(self) -> str:
        """Return `host:port`, an IPv6 address in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Nowhere(Struct, frozen=True):
    """Why Traefik cannot reach a container, and how to mend it; `label` is the one at fault, "" if none is."""

    message: str
    hint: str
    label: str = ""


class Neighbour(Struct, frozen=True):
    """The container whose network another one uses, and the networks that its own labels name, "" for none.

    `network` comes from `traefik.docker.network` or the option, `chosen` from `bridge.network`.
    """

    container: Container
    network: str
    chosen: str = ""


class Surroundings(Struct, frozen=True):
    """What an address depends on besides the container: the host and its options.

    `network` is the network that the container's label names, else the option's. `target` is the container
    that `container:` networking leads to, None if it does not exist. `routable` are the networks that hosts share
    according to the operator; `own` are the container's labels for the bridge.
    """

    network: str
    use_bind_port_ip: bool
    advertise_address: str
    gateway: str
    target: Neighbour | None
    routable: frozenset[str] = frozenset()
    own: Own = field(default_factory=Own)


def place(
    container: Container, labelled_port: str, protocol: str, around: Surroundings, said: Address | None = None
) -> Place | Nowhere:
    """Choose the address and port of this container's server, for a service over `protocol` ("tcp" or "udp").

    `said` is the address that one of the bridge's labels gives this service.
    """
    if said and said.port:
        return Place(said.host, said.port, "the label names address and port")
    port = labelled_port or _lowest(container.ports)
    if not port:
        return Nowhere(
            "the port is missing: Docker reports none, and no label names one",
            "add the label ...loadbalancer.server.port=<the port that the application listens on>",
        )
    found = _found(container, port, protocol, around, said)
    if isinstance(found, Nowhere) and around.target and not running(around.target.container):
        return _at_rest(around.target.container)
    return found


def _found(
    container: Container, port: str, protocol: str, around: Surroundings, said: Address | None
) -> Place | Nowhere:
    if said:
        return _published(container, port, protocol, replace(around, advertise_address=said.host), said=said)
    if chosen := around.own.network or (around.target.chosen if around.target else ""):
        return _chosen(container, chosen, port, around)
    if around.advertise_address:
        return _routable(container, port, around) or _published(container, port, protocol, around)
    return _bound(container, port, around) or _internal(container, port, around)


def _lowest(ports: Iterable[Port]) -> str:
    return str(min((port.number for port in ports), default=""))


def _networks(container: Container, around: Surroundings) -> tuple[Network, ...]:
    """Return the networks that it is on: with `container:` networking those of the target."""
    if not container.network_target:
        return container.networks
    return around.target.container.networks if around.target else ()


def _chosen(container: Container, chosen: str, port: str, around: Surroundings) -> Place | Nowhere:
    """Apply `bridge.network`: the address on exactly that network."""
    networks = _networks(container, around)
    network = next((network for network in networks if network.name == chosen), None)
    if network and network.address:
        return Place(network.address, port, f"its address on the network {chosen} (bridge.network)")
    names = [network.name for network in networks if network.address]
    known = f"name one that it has an address on: {', '.join(names)}" if names else "attach it to that network"
    hints = [f"did you mean {near}?" for near in get_close_matches(chosen, names, n=1)] or [known]
    message = f"the container has no address on the network {chosen!r}, which {NETWORK} names"
    return Nowhere(message, hints[0], NETWORK if around.own.network else "")


def _routable(container: Container, port: str, around: Surroundings) -> Place | None:
    """Return the address on a network that hosts share: a network that a label names first, then by name."""
    shared = [
        network
        for network in _networks(container, around)
        if network.address and (network.driver in ROUTABLE_DRIVERS or network.name in around.routable)
    ]
    labels = (around.target.network if around.target else "", around.network)
    named = [network for label in labels for network in shared if network.name == label]
    best = next(iter(named + shared), None)
    return (
        Place(best.address, port, f"its address on the network {best.name}, which hosts share") if best else None
    )


def _bound(container: Container, port: str, around: Surroundings) -> Place | None:
    """Apply `useBindPortIP`: the first binding of the port, if it is to a specific address."""
    if not around.use_bind_port_ip:
        return None
    bindings = (b for p in container.ports if str(p.number) == port and p.protocol != "sctp" for b in p.bindings)
    first = next(bindings, None)
    if first is None or _everywhere(first.host_ip):
        return None
    return Place(first.host_ip, first.host_port, "the address that the port is bound to (use_bind_port_ip)")


def _internal(container: Container, port: str, around: Surroundings) -> Place | Nowhere:
    named = next((n for n in container.networks if n.name == around.network), None)
    if named:
        return _on(named.address, port, f"its address on the network {named.name}", container)
    if container.network_mode == "host":
        return Place(around.gateway, port, "host networking")
    if container.network_target:
        return _through(container, port, around)
    first = next((n for n in container.networks if n.address), None)
    rule = f"its address on the network {first.name}" if first else ""
    if around.network:
        rule += f", since it is not on {around.network}"
    return _on(first.address if first else "", port, rule, container)


def _on(address: str, port: str, rule: str, container: Container) -> Place | Nowhere:
    if address:
        return Place(address, port, rule)
    names = ", ".join(network.name for network in container.networks) or "none"
    return Nowhere(
        f"the container has no address on its networks (attached: {names})",
        "attach it to a network that Traefik is on, and name that network with traefik.docker.network",
    )


def _through(container: Container, port: str, around: Surroundings) -> Place | Nowhere:
    """Return the target's address (`container:` networking), by the target's own network label if it has one."""
    target = around.target
    if target is None:
        return _gone(container)
    return _internal(
        target.container, port, replace(around, network=target.network or around.network, target=None)
    )


def _at_rest(target: Container) -> Nowhere:
    return Nowhere(
        f"it uses the network of the container {target.name}, which is not running",
        "start that container, then restart this one",
    )


def _gone(container: Container) -> Nowhere:
    target = container.network_target
    return Nowhere(
        f"it uses the network of the container {target}, which does not exist or has no network of its own",
        "recreate this container too: the other one has a new id if it was recreated; with --from, inspect both",
    )


def _published(
    container: Container, port: str, protocol: str, around: Surroundings, said: Address | None = None
) -> Place | Nowhere:
    """Return the published port, at a label's address, else at the advertise address or where it is bound."""
    if container.network_mode == "host":
        where = f"on the address of {said.label}" if said else "on the advertise address"
        return Place(around.advertise_address, port, f"host networking, {where}")
    if container.network_target:
        target = around.target
        if target is None:
            return _gone(container)
        return _published(target.container, port, protocol, replace(around, target=None), said)
    ports = [p for p in container.ports if p.protocol == protocol]
    bindings = _bindings(ports, port)
    usable = [binding for binding in bindings if _usable(binding, around.advertise_address)]
    if usable:
        best = min(usable, key=lambda binding: _order(binding, around.advertise_address, said))
        host = around.advertise_address if said or _everywhere(best.host_ip) else best.host_ip
        return Place(host, best.host_port, f"published port of {port}/{protocol}")
    return _unpublished(port, protocol, ports, bindings, around.advertise_address)


def _usable(binding: Binding, host: str) -> bool:
    return bool(binding.host_port) and not (_loopback(binding.host_ip) or _for_ipv6_alone(binding, host))


def _for_ipv6_alone(binding: Binding, host: str) -> bool:
    """Return whether a port is published on every IPv6 address, but the host is reached at an IPv4 one."""
    return ":" in binding.host_ip and _everywhere(binding.host_ip) and _is_ipv4(host)


def _order(binding: Binding, host: str, said: Address | None) -> tuple[bool, bool, bool]:
    """Return a sort key that prefers the address said, then a specific one, then one of the host's IP family.

    A host name counts as IPv4. An engine may publish a port at different host ports for IPv6 and IPv4.
    """
    # A port may have an IPv4 and an IPv6 binding: a specific address says more than "every address".
    everywhere = _everywhere(binding.host_ip)
    elsewhere = bool(said) and not everywhere and binding.host_ip != (said.host if said else "")
    return elsewhere, everywhere, (":" in binding.host_ip) != (":" in host)


def _bindings(ports: Iterable[Port], port: str) -> list[Binding]:
    """Return the bindings of a container port or, if there is no such container port, of a published one."""
    inside = [binding for p in ports if str(p.number) == port for binding in p.bindings]
    exists = any(str(p.number) == port for p in ports)
    return inside if exists else [b for p in ports for b in p.bindings if b.host_port == port]


def _unpublished(port: str, protocol: str, ports: Iterable[Port], bindings: list[Binding], host: str) -> Nowhere:
    if bindings and not any(binding.host_port for binding in bindings):
        return Nowhere(
            f"port {port}/{protocol} has no port on the host, since its network has the gateway mode routed",
            "if Traefik reaches that network, name it in BRIDGE_ROUTABLE_NETWORKS or with bridge.network",
        )
    if any(_for_ipv6_alone(binding, host) for binding in bindings):
        return Nowhere(
            f"port {port}/{protocol} is published for IPv6 only, and {host} is an IPv4 address",
            f"publish it on every address ({_option(port, protocol)}), or advertise an IPv6 address",
        )
    if bindings:
        return Nowhere(
            f"port {port}/{protocol} is published on the loopback address only, where Traefik on another host "
            "cannot reach it",
            f"publish it on every address ({_option(port, protocol)}) or on one that other hosts reach",
        )
    if not port.isdecimal():
        return Nowhere(f"{port!r} is not a port", "write a port number, such as 8080")
    published = ", ".join(sorted({b.host_port for p in ports for b in p.bindings if b.host_port})) or "none"
    return Nowhere(
        f"port {port}/{protocol} is not published on the host (published: {published}), and at the host's address "
        "Traefik reaches only published ports",
        f"publish it ({_option(port, protocol)}), or name a published port with ...loadbalancer.server.port",
    )


def _option(port: str, protocol: str) -> str:
    return f"-p {port}" if protocol == "tcp" else f"-p {port}/{protocol}"


def _is_ipv4(host: str) -> bool:
    return isinstance(parsed_ip(host), IPv4Address)


def _everywhere(address: str) -> bool:
    parsed = parsed_ip(address)
    return not address or (parsed is not None and parsed.is_unspecified)


def _loopback(address: str) -> bool:
    parsed = parsed_ip(address)
    return parsed is not None and parsed.is_loopback
