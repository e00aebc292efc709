"""Where Traefik reaches a container, and which of several possible addresses takes precedence."""

from collections.abc import Iterable

import pytest
from msgspec.structs import replace

from bridge.container import Container, Network
from bridge.labels.own import Own, read_own
from bridge.routing.address import Neighbour, Nowhere, Place, Surroundings, place
from tests.routing.containers import container, port

HOST = "10.0.0.5"
TWO = (Network("a", "1", "10.1.0.2", "fd01::2"), Network("b", "2", "10.2.0.2", ""))


def around(
    network: str = "",
    *,
    bound: bool = False,
    advertise: str = "",
    target: Neighbour | None = None,
    routable: Iterable[str] = (),
    chosen: str = "",
) -> Surroundings:
    """Return the surroundings of a container on a host with the gateway 172.17.0.1."""
    own = Own(network=chosen)
    return Surroundings(network, bound, advertise, "172.17.0.1", target, frozenset(routable), own)


@pytest.mark.parametrize(
    ("one", "labelled", "where", "expected"),
    [
        pytest.param(container(), "", around(), "172.17.0.2:80", id="its-only-port"),
        pytest.param(
            container(ports=(port(9, protocol="sctp"), port(53, protocol="udp"), port(80))),
            "",
            around(),
            "172.17.0.2:9",
            id="lowest-port-of-any-protocol",
        ),
        pytest.param(container(), "8080", around(), "172.17.0.2:8080", id="label-names-the-port"),
        pytest.param(container(), "http", around(), "172.17.0.2:http", id="label-verbatim"),
        pytest.param(container(networks=TWO), "", around(), "10.1.0.2:80", id="first-network-by-name"),
        pytest.param(container(networks=TWO), "", around("b"), "10.2.0.2:80", id="named-network"),
        pytest.param(container(networks=TWO), "", around("c"), "10.1.0.2:80", id="named-network-not-there"),
        pytest.param(
            container(networks=(Network("a", "1", "", "fd01::2"),)), "", around(), "[fd01::2]:80", id="ipv6"
        ),
        pytest.param(
            container(network_mode="host", networks=()), "", around(), "172.17.0.1:80", id="host-networking"
        ),
        pytest.param(
            container(network_mode="host", networks=TWO),
            "",
            around("b"),
            "10.2.0.2:80",
            id="named-network-before-host-networking",
        ),
    ],
)
def test_own_address(one: Container, labelled: str, where: Surroundings, expected: str) -> None:
    """Without an advertise address the container's own address is used, as by Traefik's Docker provider."""
    assert str(place(one, labelled, "tcp", where)) == expected


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        ("", "its address on the network a"),
        ("b", "its address on the network b"),
        ("c", "its address on the network a, since it is not on c"),
    ],
)
def test_rule_names_network_used_instead(network: str, expected: str) -> None:
    """If the container is not on the named network, the address's rule says so and names the one used instead."""
    found = place(container(networks=TWO), "", "tcp", around(network))
    assert isinstance(found, Place)
    assert found.rule == expected


@pytest.mark.parametrize(
    ("ports", "expected"),
    [
        pytest.param([port(80, "192.168.7.9:81")], "192.168.7.9:81", id="one-address"),
        pytest.param([port(80, "127.0.0.1:81")], "127.0.0.1:81", id="loopback"),
        pytest.param([port(80, "fd00::9:81")], "[fd00::9]:81", id="ipv6"),
        pytest.param([port(80, "192.168.7.9:81", "192.168.7.8:82")], "192.168.7.9:81", id="the-first-counts"),
        pytest.param([port(80, "0.0.0.0:81")], "172.17.0.2:80", id="every-address"),
        pytest.param([port(80, ":::81")], "172.17.0.2:80", id="every-ipv6-address"),
        pytest.param([port(80, ":81")], "172.17.0.2:80", id="no-address"),
        pytest.param([port(80)], "172.17.0.2:80", id="not-published"),
        pytest.param([port(80), port(81, "1.2.3.4:81")], "172.17.0.2:80", id="another-port-is-published"),
        pytest.param([port(80), port(80, "1.2.3.4:81", protocol="udp")], "1.2.3.4:81", id="udp-counts-for-tcp"),
        pytest.param(
            [port(80, "1.2.3.4:81"), port(80, "1.2.3.5:82", protocol="udp")], "1.2.3.4:81", id="tcp-before-udp"
        ),
        pytest.param([port(80, "1.2.3.4:81", protocol="sctp")], "172.17.0.2:80", id="sctp-never"),
    ],
)
def test_bind_port_ip(ports: list[object], expected: str) -> None:
    """With use_bind_port_ip the port's first binding is used, unless it is to every address."""
    assert str(place(container(ports=tuple(ports)), "", "tcp", around(bound=True))) == expected


@pytest.mark.parametrize(
    ("ports", "labelled", "protocol", "expected"),
    [
        pytest.param([port(80, "0.0.0.0:81")], "", "tcp", "10.0.0.5:81", id="every-address"),
        pytest.param([port(80, ":81", "1.2.3.4:82")], "", "tcp", "1.2.3.4:82", id="specific-before-every"),
        pytest.param([port(80, "fd00::9:81", "1.2.3.4:82")], "", "tcp", "1.2.3.4:82", id="ipv4-before-ipv6"),
        pytest.param([port(80, "127.0.0.1:81", ":82")], "", "tcp", "10.0.0.5:82", id="loopback-never"),
        pytest.param([port(80, ":81"), port(81, ":80")], "80", "tcp", "10.0.0.5:81", id="container-port-first"),
        pytest.param([port(80, ":81")], "81", "tcp", "10.0.0.5:81", id="published-port"),
        pytest.param([port(80), port(81, ":80")], "80", "tcp", None, id="container-port-shadows-published-one"),
        pytest.param([port(80, ":81")], "81", "udp", None, id="published-for-another-protocol"),
        pytest.param([port(80, ":81"), port(9)], "9", "tcp", None, id="not-published"),
        pytest.param([port(80, "127.0.0.1:81", "::1:82")], "", "tcp", None, id="loopback-only"),
        pytest.param([], "80", "tcp", None, id="not-exposed"),
        pytest.param([], "", "tcp", None, id="no-port"),
        pytest.param([port(80, ":32768")], "", "tcp", "10.0.0.5:32768", id="published-with-P"),
        pytest.param(
            [port(7000, ":9000"), port(7001, ":9001")], "7001", "tcp", "10.0.0.5:9001", id="second-of-a-range"
        ),
        pytest.param(
            [port(7000, ":9000"), port(7001, ":9001")], "", "tcp", "10.0.0.5:9000", id="lowest-of-a-range"
        ),
        pytest.param([port(80, ":::81")], "", "tcp", None, id="every-ipv6-address"),
        pytest.param([port(80, "fd00::9:81")], "", "tcp", "[fd00::9]:81", id="one-ipv6-address"),
        pytest.param([port(80, "node:81")], "", "tcp", "node:81", id="one-by-name"),
        pytest.param([port(80, ":81"), port(80, ":82", protocol="udp")], "80", "udp", "10.0.0.5:82", id="udp"),
        pytest.param([port(80, "127.0.0.1:81", "fd00::9:82")], "", "tcp", "[fd00::9]:82", id="loopback-and-ipv6"),
        pytest.param([port(80, "0.0.0.0:", ":::")], "", "tcp", None, id="gateway-mode-routed"),
        pytest.param([port(80, "0.0.0.0:"), port(9)], "9", "tcp", None, id="another-port-is-routed"),
        pytest.param([port(80, "0.0.0.0:81", ":::")], "", "tcp", "10.0.0.5:81", id="routed-for-ipv6"),
    ],
)
def test_advertise_address(ports: list[object], labelled: str, protocol: str, expected: str | None) -> None:
    """With an advertise address published ports are used, at that address or at the one they are bound to."""
    found = place(container(ports=tuple(ports)), labelled, protocol, around(advertise=HOST))
    assert (None if isinstance(found, Nowhere) else str(found)) == expected


@pytest.mark.parametrize(
    ("ports", "expected"),
    [
        pytest.param([port(80, "0.0.0.0:81", ":::82")], "[fd00::5]:82", id="every-ipv6-address"),
        pytest.param([port(80, "1.2.3.4:81", "fd00::9:82")], "[fd00::9]:82", id="one-ipv6-address"),
        pytest.param([port(80, "0.0.0.0:81", "fd00::9:82")], "[fd00::9]:82", id="specific-before-every"),
        pytest.param([port(80, "0.0.0.0:81")], "[fd00::5]:81", id="no-binding-of-its-kind"),
        pytest.param([port(80, "0.0.0.0:81", ":::")], "[fd00::5]:81", id="routed-for-ipv6"),
    ],
)
def test_advertise_ipv6_address(ports: list[object], expected: str) -> None:
    """If a port is published as different ones for IPv4 and IPv6, that of the advertise address's kind is used."""
    assert str(place(container(ports=tuple(ports)), "", "tcp", around(advertise="fd00::5"))) == expected


def shared(*networks: Network, **fields: object) -> Container:
    """Return a container on these networks, whose port 80 is published as 81."""
    return container(**{"networks": networks, "ports": (port(80, ":81"),)} | fields)


BRIDGED = Network("a", "1", "10.1.0.2", "", "bridge")
MACVLAN = Network("m", "2", "192.168.1.50", "fd02::50", "macvlan")
IPVLAN = Network("i", "3", "192.168.1.60", "", "ipvlan")
OVERLAY = Network("o", "4", "10.0.9.7", "", "overlay")


@pytest.mark.parametrize(
    ("one", "where", "expected"),
    [
        pytest.param(shared(BRIDGED), around(advertise=HOST), "10.0.0.5:81", id="bridge-network-is-local"),
        pytest.param(shared(MACVLAN), around(advertise=HOST), "192.168.1.50:80", id="macvlan"),
        pytest.param(shared(IPVLAN), around(advertise=HOST), "192.168.1.60:80", id="ipvlan"),
        pytest.param(shared(OVERLAY), around(advertise=HOST), "10.0.9.7:80", id="overlay"),
        pytest.param(shared(BRIDGED, OVERLAY), around(advertise=HOST), "10.0.9.7:80", id="beside-a-bridge"),
        pytest.param(shared(IPVLAN, MACVLAN), around(advertise=HOST), "192.168.1.60:80", id="first-by-name"),
        pytest.param(
            shared(IPVLAN, MACVLAN), around("m", advertise=HOST), "192.168.1.50:80", id="the-labelled-one-first"
        ),
        pytest.param(
            shared(BRIDGED, MACVLAN), around("a", advertise=HOST), "192.168.1.50:80", id="labelled-but-not-shared"
        ),
        pytest.param(
            shared(Network("m", "2", "", "", "macvlan")),
            around(advertise=HOST),
            "10.0.0.5:81",
            id="no-address-on-it",
        ),
        pytest.param(
            shared(Network("m", "2", "", "fd02::50", "macvlan")),
            around(advertise=HOST),
            "[fd02::50]:80",
            id="ipv6",
        ),
        pytest.param(
            shared(Network("a", "1", "10.1.0.2", "")),
            around(advertise=HOST, routable=("a", "b")),
            "10.1.0.2:80",
            id="named-by-the-operator",
        ),
        pytest.param(shared(MACVLAN, ports=()), around(advertise=HOST), None, id="no-port"),
        pytest.param(
            shared(network_mode="container:vpn"),
            around(advertise=HOST, target=Neighbour(shared(IPVLAN, MACVLAN), "m")),
            "192.168.1.50:80",
            id="of-another-container",
        ),
        pytest.param(shared(MACVLAN), around(advertise=""), "192.168.1.50:80", id="without-advertise-address"),
    ],
)
def test_own_address_on_networks_that_span_hosts(
    one: Container, where: Surroundings, expected: str | None
) -> None:
    """With an advertise address a container keeps its own address on a network that is routed between hosts."""
    found = place(one, "", "tcp", where)
    assert (None if isinstance(found, Nowhere) else str(found)) == expected


def test_port_in_gateway_mode_routed() -> None:
    """A port published in the gateway mode `routed` has none on the host; the hint names routable networks."""
    found = place(container(ports=(port(80, "0.0.0.0:"),)), "", "tcp", around(advertise=HOST))
    assert isinstance(found, Nowhere)
    assert "has no port on the host" in found.message
    assert "BRIDGE_ROUTABLE_NETWORKS" in found.hint


def test_port_published_for_ipv6_only() -> None:
    """A port published only for IPv6 is used with a name, not with an IPv4 address, where it may be another's."""
    published = container(ports=(port(80, ":::81"),))
    found = place(published, "", "tcp", around(advertise=HOST))
    assert isinstance(found, Nowhere)
    assert "is published for IPv6 only" in found.message
    assert str(place(published, "", "tcp", around(advertise="node.example"))) == "node.example:81"


def test_invalid_port_label() -> None:
    """A port label that is no port number gets a hint to write one, not to publish it."""
    found = place(container(), "http", "tcp", around(advertise=HOST))
    assert found == Nowhere("'http' is not a port", "write a port number, such as 8080")


BOTH = shared(BRIDGED, MACVLAN, ports=(port(80, ":81"), port(90, "10.0.0.8:91", "10.0.0.9:92")))
BOTH_KINDS = shared(BRIDGED, ports=(port(80, "0.0.0.0:81", ":::82"),))


@pytest.mark.parametrize(
    ("one", "said", "labelled", "expected"),
    [
        pytest.param(BOTH, "10.0.0.7:99", "", "10.0.0.7:99", id="address-and-port"),
        pytest.param(shared(ports=()), "10.0.0.7:99", "", "10.0.0.7:99", id="needs-no-port"),
        pytest.param(BOTH, "[fd00::7]:99", "", "[fd00::7]:99", id="ipv6-and-port"),
        pytest.param(BOTH, "10.0.0.7", "", "10.0.0.7:81", id="published-port"),
        pytest.param(BOTH, "fd00::7", "", "[fd00::7]:81", id="ipv6"),
        pytest.param(BOTH_KINDS, "fd00::7", "", "[fd00::7]:82", id="ipv6-port"),
        pytest.param(BOTH_KINDS, "node.example", "", "node.example:81", id="ipv4-port-for-a-name"),
        pytest.param(BOTH, "node.example", "90", "node.example:91", id="overrides-the-bound-address"),
        pytest.param(BOTH, "10.0.0.9", "90", "10.0.0.9:92", id="the-binding-of-that-address"),
        pytest.param(
            shared(ports=(port(80, "10.0.0.8:81", ":82"),)),
            "10.0.0.7",
            "",
            "10.0.0.7:82",
            id="not-the-port-of-another-address",
        ),
        pytest.param(BOTH, "10.0.0.7", "8080", None, id="not-published"),
        pytest.param(shared(network_mode="host"), "10.0.0.7", "8080", "10.0.0.7:8080", id="host-networking"),
    ],
)
@pytest.mark.parametrize("advertise", ["", HOST], ids=["own-address", "advertised"])
def test_address_label(one: Container, said: str, labelled: str, expected: str | None, advertise: str) -> None:
    """`bridge.address` replaces the advertise address; with a port it is the whole address."""
    address = read_own("web", {"bridge.address": said}).address
    found = place(one, labelled, "tcp", around(advertise=advertise), address)
    assert (None if isinstance(found, Nowhere) else str(found)) == expected


@pytest.mark.parametrize(
    ("one", "where", "expected"),
    [
        pytest.param(shared(BRIDGED, MACVLAN), around(chosen="a"), "10.1.0.2:80", id="before-a-shared-one"),
        pytest.param(shared(BRIDGED, MACVLAN), around("m", chosen="a"), "10.1.0.2:80", id="before-traefiks-label"),
        pytest.param(
            shared(network_mode="container:vpn"),
            around(chosen="a", target=Neighbour(shared(BRIDGED, MACVLAN), "m", "m")),
            "10.1.0.2:80",
            id="of-another-container",
        ),
        pytest.param(
            shared(network_mode="container:vpn"),
            around(target=Neighbour(shared(BRIDGED, MACVLAN), "m", "a")),
            "10.1.0.2:80",
            id="label-of-the-other-container",
        ),
        pytest.param(shared(BRIDGED), around(chosen="aa"), "did you mean a?", id="not-attached"),
        pytest.param(
            shared(BRIDGED, MACVLAN),
            around(chosen="xyz"),
            "name one that it has an address on: a, m",
            id="no-similar-name",
        ),
        pytest.param(shared(), around(chosen="a"), "attach it to that network", id="on-no-network"),
        pytest.param(
            shared(Network("host", "h", "", ""), network_mode="host"),
            around(chosen="host"),
            "attach it to that network",
            id="host-networking",
        ),
    ],
)
@pytest.mark.parametrize("advertise", ["", HOST], ids=["own-address", "advertised"])
def test_network_label(one: Container, where: Surroundings, expected: str, advertise: str) -> None:
    """`bridge.network` decides, whatever its driver; a network that the container is not on is a problem."""
    found = place(one, "", "tcp", replace(where, advertise_address=advertise))
    assert (found.hint if isinstance(found, Nowhere) else str(found)) == expected


GUEST = container(network_mode="container:vpn", networks=(), ports=())
OWNER = container(name="vpn", networks=TWO, ports=(port(80, ":81"),))


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        pytest.param(around(target=Neighbour(OWNER, "")), "10.1.0.2:80", id="its-address"),
        pytest.param(around("b", target=Neighbour(OWNER, "")), "10.2.0.2:80", id="network-of-the-guest"),
        pytest.param(around("b", target=Neighbour(OWNER, "a")), "10.1.0.2:80", id="its-own-network-first"),
        pytest.param(around(advertise=HOST, target=Neighbour(OWNER, "")), "10.0.0.5:81", id="published"),
        pytest.param(
            around(advertise=HOST, target=Neighbour(container(network_mode="host", status="exited"), "")),
            "10.0.0.5:80",
            id="host-networking-of-a-stopped-one",
        ),
        pytest.param(around(target=Neighbour(GUEST, "")), None, id="in-a-circle"),
        pytest.param(around(advertise=HOST, target=Neighbour(GUEST, "")), None, id="in-a-circle-published"),
        pytest.param(around(), None, id="target-gone"),
        pytest.param(around(advertise=HOST), None, id="target-gone-published"),
    ],
)
def test_network_of_another_container(where: Surroundings, expected: str | None) -> None:
    """A container that uses another one's network is reached at that one's address, at its own port."""
    found = place(GUEST, "80", "tcp", where)
    assert (None if isinstance(found, Nowhere) else str(found)) == expected


@pytest.mark.parametrize(
    ("one", "where"),
    [
        pytest.param(container(ports=()), around(), id="no-port"),
        pytest.param(container(networks=()), around(), id="no-network"),
        pytest.param(
            container(networks=(Network("a", "1", "", ""), TWO[1])),
            around("a"),
            id="named-network-without-address",
        ),
    ],
)
def test_message_and_hint_without_any_address(one: Container, where: Surroundings) -> None:
    """Without an address the message says why, and the hint how to get one; no other network is used instead."""
    found = place(one, "", "tcp", where)
    assert isinstance(found, Nowhere)
    assert found.message
    assert found.hint


def test_ports_are_unknown_in_host_networking() -> None:
    """In host networking Docker reports no ports, whatever the image exposes; the message says so."""
    found = place(container(network_mode="host", ports=()), "", "tcp", around())
    assert isinstance(found, Nowhere)
    assert found.message == "the port is missing: Docker reports none, and no label names one"


@pytest.mark.parametrize("where", [around(), around(advertise=HOST)], ids=["its-own-address", "published"])
def test_network_of_stopped_container(where: Surroundings) -> None:
    """If the container whose network is used is stopped, the message says so, not that a port is missing."""
    stopped = container(name="vpn", status="exited", networks=(Network("a", "1", "", ""),), ports=())
    found = place(GUEST, "80", "tcp", replace(where, target=Neighbour(stopped, "")))
    assert isinstance(found, Nowhere)
    assert found.message == "it uses the network of the container vpn, which is not running"
    assert found.hint == "start that container, then restart this one"
