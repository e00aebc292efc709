"""Where Traefik reaches a container: which of several answers counts."""

import pytest

from bridge.container import Container, Network
from bridge.routing.address import Neighbour, Nowhere, Surroundings, place
from tests.routing.containers import container, port

HOST = "10.0.0.5"
TWO = (Network("a", "1", "10.1.0.2", "fd01::2"), Network("b", "2", "10.2.0.2", ""))


def around(
    network: str = "", *, bound: bool = False, advertise: str = "", target: Neighbour | None = None
) -> Surroundings:
    """Return the surroundings of a container on a host with the gateway 172.17.0.1."""
    return Surroundings(network, bound, advertise, "172.17.0.1", target)


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
    """Without an advertise address the container's own address counts, as with Traefik's Docker provider."""
    assert str(place(one, labelled, "tcp", where)) == expected


@pytest.mark.parametrize(
    ("ports", "expected"),
    [
        pytest.param([port(80, "192.168.7.9:81")], "192.168.7.9:81", id="one-address"),
        pytest.param([port(80, "127.0.0.1:81")], "127.0.0.1:81", id="loopback-too"),
        pytest.param([port(80, "fd00::9:81")], "[fd00::9]:81", id="ipv6"),
        pytest.param([port(80, "192.168.7.9:81", "192.168.7.8:82")], "192.168.7.9:81", id="the-first-counts"),
        pytest.param([port(80, "0.0.0.0:81")], "172.17.0.2:80", id="every-address"),
        pytest.param([port(80, ":::81")], "172.17.0.2:80", id="every-ipv6-address"),
        pytest.param([port(80, ":81")], "172.17.0.2:80", id="no-address"),
        pytest.param([port(80)], "172.17.0.2:80", id="not-published"),
        pytest.param([port(80), port(80, "1.2.3.4:81", protocol="udp")], "1.2.3.4:81", id="udp-counts-for-tcp"),
        pytest.param([port(80, "1.2.3.4:81", protocol="sctp")], "172.17.0.2:80", id="sctp-never"),
    ],
)
def test_bind_port_ip(ports: list[object], expected: str) -> None:
    """With use_bind_port_ip the port's first binding counts, unless it is to every address."""
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
        pytest.param([port(80), port(81, ":80")], "80", "tcp", None, id="a-container-port-is-no-published-one"),
        pytest.param([port(80, ":81")], "81", "udp", None, id="published-for-another-protocol"),
        pytest.param([port(80, ":81"), port(9)], "9", "tcp", None, id="not-published"),
        pytest.param([port(80, "127.0.0.1:81", "::1:82")], "", "tcp", None, id="loopback-only"),
        pytest.param([], "80", "tcp", None, id="not-exposed"),
        pytest.param([], "", "tcp", None, id="no-port"),
    ],
)
def test_advertise_address(ports: list[object], labelled: str, protocol: str, expected: str | None) -> None:
    """With an advertise address published ports count, on it or on the address that they are bound to."""
    found = place(container(ports=tuple(ports)), labelled, protocol, around(advertise=HOST))
    assert (None if isinstance(found, Nowhere) else str(found)) == expected


GUEST = container(network_mode="container:vpn", networks=(), ports=())
OWNER = container(name="vpn", networks=TWO, ports=(port(80, ":81"),))


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        pytest.param(around(target=Neighbour(OWNER, "")), "10.1.0.2:80", id="its-address"),
        pytest.param(around("b", target=Neighbour(OWNER, "")), "10.2.0.2:80", id="network-of-the-guest"),
        pytest.param(around("b", target=Neighbour(OWNER, "a")), "10.1.0.2:80", id="its-own-network-first"),
        pytest.param(around(advertise=HOST, target=Neighbour(OWNER, "")), "10.0.0.5:81", id="published"),
        pytest.param(around(target=Neighbour(GUEST, "")), None, id="in-a-circle"),
        pytest.param(around(advertise=HOST, target=Neighbour(GUEST, "")), None, id="published-in-a-circle"),
        pytest.param(around(), None, id="gone"),
        pytest.param(around(advertise=HOST), None, id="published-gone"),
    ],
)
def test_network_of_another_container(where: Surroundings, expected: str | None) -> None:
    """A container in another one's network is where the other one is, at its own port."""
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
def test_nowhere(one: Container, where: Surroundings) -> None:
    """Where there is no place it says why and what would make one; another network does not stand in."""
    found = place(one, "", "tcp", where)
    assert isinstance(found, Nowhere)
    assert found.message
    assert found.hint
