"""Containers of real engines, as the adapter reads them."""

from collections.abc import Iterator
from operator import attrgetter

import pytest

from bridge.container import Binding, Container
from bridge.engine.client import Engine
from tests.lab.engine import Engine as Dockerd

pytestmark = pytest.mark.anyio

NAME, NETWORK = "of-inspect", "net-of-inspect"
# The engine stores what is not UTF-8 as U+FFFD.
AWKWARD = {
    "traefik.http.routers.a.rule": 'Host(`ä.example`) && Header("x", "\\\\d\\")',
    "empty": "",
    "control": "\x01\x1b[31m\ttab\nline\u2028\x7f",
    "Case.Is.Kept": "💥",
    "not-utf-8": "a\udcffb",
}


@pytest.fixture
def network(each_engine: Dockerd) -> Iterator[str]:
    """Return the id of a network."""
    yield each_engine.cli("network", "create", "--subnet", "10.254.7.0/24", NETWORK)
    each_engine.cli("network", "rm", NETWORK)


async def read(asked: Engine, container_id: str) -> Container:
    """Inspect a container."""
    container = await asked.inspect(container_id)
    assert isinstance(container, Container)
    return container


async def test_running(asked: Engine, each_engine: Dockerd) -> None:
    """A running container has a name, an image, times, and an address on the default network."""
    with each_engine.container(NAME, image="busybox") as container_id:
        container = await read(asked, container_id)

    assert (container.id, container.name, container.image) == (container_id, NAME, "busybox")
    assert (container.status, container.health, container.stop_signal) == ("running", "", "SIGTERM")
    assert container.created < container.started
    assert container.network_mode in {"default", "bridge"}
    (network,) = container.networks
    assert (network.name, network.driver) == ("bridge", "bridge")
    assert network.ipv4.startswith("10.")


async def test_networks(asked: Engine, each_engine: Dockerd, network: str) -> None:
    """Every network to which a container is connected is there, with the container's address on it."""
    options = ["--network", NETWORK, "--ip", "10.254.7.9"]
    with each_engine.container(NAME, *options, image="busybox") as container_id:
        each_engine.cli("network", "connect", "bridge", NAME)
        container = await read(asked, container_id)

    assert container.network_mode == NETWORK
    assert [network.name for network in container.networks] == ["bridge", NETWORK]
    assert (container.networks[1].id, container.networks[1].ipv4) == (network, "10.254.7.9")
    assert container.networks[0].ipv4


async def test_ports(asked: Engine, each_engine: Dockerd) -> None:
    """Exposed ports have no binding, ranges become single ports, and each protocol has ports of its own."""
    published = ["--publish=127.0.0.1::7000-7002", "--publish=127.0.0.1::53/udp"]
    exposed = ["--expose=53", "--expose=9000-9001"]
    with each_engine.container(NAME, *published, *exposed, image="busybox") as container_id:
        ports = (await read(asked, container_id)).ports

    numbers = [(port.number, port.protocol) for port in ports]
    assert numbers == [(53, "tcp"), (53, "udp"), *((number, "tcp") for number in (7000, 7001, 7002, 9000, 9001))]
    bindings = {(port.number, port.protocol): port.bindings for port in ports}
    assert not bindings[53, "tcp"]
    assert not bindings[9001, "tcp"]
    for number, protocol in [(53, "udp"), (7000, "tcp"), (7002, "tcp")]:
        (binding,) = bindings[number, protocol]
        assert binding.host_ip == "127.0.0.1"
        assert int(binding.host_port) > 0


async def test_published_everywhere(asked: Engine, each_engine: Dockerd) -> None:
    """A port that is published without an address is bound to all addresses."""
    with each_engine.container(NAME, "--publish=80", image="busybox") as container_id:
        (port,) = (await read(asked, container_id)).ports

    assert Binding("0.0.0.0", port.bindings[0].host_port) in port.bindings


async def test_host_network(asked: Engine, each_engine: Dockerd) -> None:
    """With host networking there is one network without an address, and no ports."""
    with each_engine.container(NAME, "--network=host", "--expose=80", image="busybox") as container_id:
        container = await read(asked, container_id)

    assert (container.network_mode, container.ports) == ("host", ())
    assert [(network.name, network.driver, network.ipv4) for network in container.networks] == [
        ("host", "host", "")
    ]


async def test_network_of_another_container(asked: Engine, each_engine: Dockerd) -> None:
    """A container on another's network has that one's id, and neither networks nor ports of its own."""
    with (
        each_engine.container("owner", "--expose=80", image="busybox") as owner,
        each_engine.container(NAME, "--network=container:owner", image="busybox") as container_id,
    ):
        container = await read(asked, container_id)

    assert container.network_mode == f"container:{owner}"
    assert (container.networks, container.ports) == ((), ())


async def test_no_network(asked: Engine, each_engine: Dockerd) -> None:
    """A container without networking has no address."""
    with each_engine.container(NAME, "--network=none", image="busybox") as container_id:
        container = await read(asked, container_id)

    assert container.network_mode == "none"
    assert not any(network.ipv4 or network.ipv6 for network in container.networks)


async def test_paused(asked: Engine, each_engine: Dockerd) -> None:
    """A paused container has the status paused and keeps its start time."""
    with each_engine.container(NAME, image="busybox") as container_id:
        each_engine.cli("pause", NAME)
        paused = await read(asked, container_id)
        each_engine.cli("unpause", NAME)
        unpaused = await read(asked, container_id)

    assert (paused.status, unpaused.status) == ("paused", "running")
    assert paused.started == unpaused.started


async def test_health(asked: Engine, each_engine: Dockerd) -> None:
    """A container with a health check is starting until the first check."""
    health = ["--health-cmd=true", "--health-interval=1h", "--health-start-period=1h"]
    with each_engine.container(NAME, *health, image="busybox") as container_id:
        container = await read(asked, container_id)

    assert container.health == "starting"


async def test_stopped(asked: Engine, each_engine: Dockerd) -> None:
    """A stopped container has no address, and its next start has a new start time."""
    with each_engine.container(NAME, image="busybox") as container_id:
        first = await read(asked, container_id)
        each_engine.cli("stop", NAME)
        stopped = await read(asked, container_id)
        each_engine.cli("start", NAME)
        second = await read(asked, container_id)

    assert stopped.status == "exited"
    assert not any(network.ipv4 for network in stopped.networks)
    assert first.started == stopped.started < second.started


@pytest.mark.parametrize("signal", ["SIGQUIT", "QUIT", "3"])
async def test_stop_signal(asked: Engine, each_engine: Dockerd, signal: str) -> None:
    """The stop signal is read as it was written."""
    with each_engine.container(NAME, "--stop-signal", signal, image="busybox") as container_id:
        container = await read(asked, container_id)

    assert container.stop_signal == signal


async def test_labels(asked: Engine, each_engine: Dockerd) -> None:
    """Labels are read as they were written."""
    options = [f"--label={name}={value}" for name, value in AWKWARD.items()]
    with each_engine.container(NAME, *options, image="busybox") as container_id:
        container = await read(asked, container_id)

    assert container.labels == AWKWARD | {"not-utf-8": "a\N{REPLACEMENT CHARACTER}b"}


async def test_removed_container_is_none(asked: Engine, each_engine: Dockerd) -> None:
    """A removed container is None."""
    with each_engine.container(NAME, image="busybox") as container_id:
        pass

    assert await asked.inspect(container_id) is None


async def test_all_containers_are_listed_and_inspected(asked: Engine, each_engine: Dockerd) -> None:
    """All containers are listed and inspected, even those that are not running."""
    with each_engine.container(NAME, image="busybox") as running:
        created = each_engine.cli("create", "busybox")
        ids = await asked.list_all(attrgetter("id"))
        containers = await asked.inspect_all()
        each_engine.cli("rm", created)

    states = {container.id: container.status for container in containers if isinstance(container, Container)}
    assert set(ids) == set(states)
    assert states[running] == "running"
    assert states[created] == "created"


async def test_info(asked: Engine, each_engine: Dockerd) -> None:
    """The engine's release, API version, id and name are read."""
    info = await asked.info()

    expected = {"20.10": ("20.10.", "1.41"), "29": ("29.", "1.56")}
    version, api_version = expected[each_engine.release]
    assert info.version.startswith(version)
    assert info.api_version == api_version
    assert info.id
    assert info.name
