"""Problems that users of traefik-kop, an earlier tool of this kind, have reported: none of them happens here.

Each test is named after the problem. The host has an advertise address, as theirs have.
"""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.daemon.host import Host, hosted, routed_by
from tests.lab.engine import Engine
from tests.lab.etcd import Etcd
from tests.lab.shell import run
from tests.lab.traefik import Traefik, etcd_provider

StartTraefik = Callable[..., Traefik]

AT_ONCE = {"providers.providersThrottleDuration": "50ms"}
ADVERTISED = "127.0.0.1"


@pytest.fixture
def host(engine: Engine, etcd: Etcd, root_key: str) -> Iterator[Host]:
    """Return a host with an advertise address."""
    with hosted(engine, etcd, root_key, advertise_address=ADVERTISED) as host:
        yield host


@pytest.fixture
def traefik(etcd: Etcd, root_key: str, start_traefik: StartTraefik) -> Traefik:
    """Return a Traefik that reads what the bridge writes, with entry points for TCP and UDP."""
    entry_points = {"lines": "tcp", "packets": "udp"}
    return start_traefik(etcd_provider(etcd, root_key), AT_ONCE, entry_points=entry_points)


def labels(**texts: str) -> list[str]:
    """Return the options for labels below `traefik.`; double underscores stand for dots."""
    return [f"--label=traefik.{name.replace('__', '.')}={text}" for name, text in texts.items()]


def published(host: Host, container: str, port: str = "80/tcp") -> str:
    """Return the host port that Docker chose for a container port."""
    return host.engine.cli("port", container, port).splitlines()[0].rpartition(":")[2]


@contextmanager
def shop(host: Host, name: str) -> Iterator[str]:
    """Run a container of the Compose service `web` in the project `shop`, published on any free port."""
    compose = ("--label=com.docker.compose.project=shop", "--label=com.docker.compose.service=web")
    with host.engine.container(name, *compose, routed_by("shop"), "--publish=80") as container:
        host.wait_until_routed(container)
        yield container


def test_half_of_requests_fail_after_blue_green(host: Host, traefik: Traefik) -> None:
    """The server of the old container is removed with it, while the service stays."""
    with shop(host, "green") as green:
        with shop(host, "blue") as blue:
            traefik.wait_for(lambda _: len(host.keys.servers(green) + host.keys.servers(blue)) == 2)
        host.wait_until_withdrawn(blue)
        urls = [key.value for path, key in host.keys.view().items() if path.endswith("/url")]
        assert urls == host.keys.servers(green)
        traefik.wait_for(lambda it: _servers(it, "web-shop@etcd") == urls)
        answers = [traefik.get("shop.localhost") for _ in range(8)]
        assert {(answer.status, green[:12] in answer.body) for answer in answers} == {(200, True)}


def _servers(traefik: Traefik, service: str) -> list[str]:
    servers = traefik.rawdata()["services"][service]["loadBalancer"].get("servers", [])
    return [server["url"] for server in servers]


def test_recreated_container_leaves_its_old_name_behind(host: Host) -> None:
    """A container that is recreated under another random name leaves nothing of the old name."""
    with host.engine.container("dreamy-banach", "--publish=80") as first:
        host.wait_until_routed(first)
    with host.engine.container("zen-turing", "--publish=80") as second:
        host.wait_until_routed(second)
        host.wait_until_withdrawn(first)
        view = host.keys.view()
        assert not [path for path in view if "dreamy-banach" in path or first[:12] in path]
        assert view["http/routers/zen-turing/rule"].value == "Host(`zen-turing`)"


def test_services_of_a_container_get_the_same_port(host: Host) -> None:
    """Each service of a container gets the published port of its own container port."""
    options = labels(
        http__routers__s3__rule="Host(`s3`)",
        http__routers__s3__service="s3",
        http__services__s3__loadbalancer__server__port="9000",
        http__routers__console__rule="Host(`console`)",
        http__routers__console__service="console",
        http__services__console__loadbalancer__server__port="9001",
    )
    with host.engine.container("minio", *options, "--publish=9000", "--publish=9001") as container:
        host.wait_until_routed(container)
        ports = {name: published(host, "minio", port) for name, port in (("s3", "9000"), ("console", "9001"))}
        for name, port in ports.items():
            assert _urls(host, name) == [f"http://{ADVERTISED}:{port}"]
        assert len(set(ports.values())) == 2


def _urls(host: Host, service: str) -> list[str]:
    prefix = f"http/services/{service}/loadbalancer/servers/"
    return [key.value for path, key in host.keys.view().items() if path.startswith(prefix)]


def test_container_port_is_published_instead_of_host_port(host: Host, traefik: Traefik) -> None:
    """With -P the server has the host port that Docker chose, and it answers."""
    with host.engine.container("chosen", routed_by("chosen"), "--publish-all", "--expose=80") as container:
        [url] = host.wait_until_routed(container)
        assert url == f"http://{ADVERTISED}:{published(host, 'chosen')}"
        assert container[:12] in traefik.wait_for_status(200, "chosen.localhost").body


def test_tcp_beside_http_is_not_published(host: Host, traefik: Traefik) -> None:
    """The HTTP, TCP and UDP services of one container each answer through their own published port."""
    options = labels(
        http__routers__mqtt__rule="Host(`mqtt.localhost`)",
        http__routers__mqtt__entrypoints="web",
        http__services__mqtt__loadbalancer__server__port="80",
        tcp__routers__mqtt__rule="HostSNI(`*`)",
        tcp__routers__mqtt__entrypoints="lines",
        tcp__services__mqtt__loadbalancer__server__port="81",
        udp__routers__mqtt__entrypoints="packets",
        udp__services__mqtt__loadbalancer__server__port="82",
    )
    ports = ("--publish=80", "--publish=81", "--publish=82/udp")
    with host.engine.container("mqtt", *options, *ports, arguments=["-tcp", "81", "-udp", "82"]) as container:
        host.wait_until_routed(container)
        said = f"{container[:12]}: hello".encode()
        assert container[:12] in traefik.wait_for_status(200, "mqtt.localhost").body
        traefik.wait_for(lambda it: it.say_tcp("lines", b"hello\n") == said + b"\n")
        traefik.wait_for(lambda it: it.say_udp("packets", b"hello") == said)


def test_references_to_docker_provider_are_not_found(host: Host, traefik: Traefik) -> None:
    """References to `x@docker`, in routers and in chains, reach the object in etcd."""
    options = labels(
        http__routers__ref__rule="Host(`ref.localhost`)",
        http__routers__ref__service="ref@docker",
        http__routers__ref__middlewares="both@docker",
        http__middlewares__both__chain__middlewares="added@docker",
        http__middlewares__added__headers__customresponseheaders__added="yes",
        http__services__ref__loadbalancer__server__port="80",
    )
    with host.engine.container("ref", *options, "--publish=80") as container:
        host.wait_until_routed(container)
        answer = traefik.wait_for_status(200, "ref.localhost")
        assert answer.headers.get("Added") == "yes"


def test_objects_of_removed_labels_stay_in_traefik(host: Host) -> None:
    """A container that is recreated with other labels has only the objects of the new ones."""
    before = labels(
        http__routers__valkey__rule="Host(`valkey`)", http__services__valkey__loadbalancer__server__port="80"
    )
    after = labels(
        http__routers__other__rule="Host(`other`)", http__services__other__loadbalancer__server__port="80"
    )
    with host.engine.container("valkey", *before, "--publish=80") as first:
        host.wait_until_routed(first)
    with host.engine.container("valkey", *after, "--publish=80") as second:
        host.wait_until_routed(second)
        host.wait_until_withdrawn(first)
        assert {path.split("/")[2] for path in host.keys.view() if path.split("/")[1] != "middlewares"} == {
            "other"
        }


def test_slow_health_check_is_never_noticed(host: Host) -> None:
    """A container is routed when it becomes healthy, however late."""
    check = ("--health-cmd=sh /tmp/state", "--health-interval=200ms", "--publish=80", routed_by("pihole"))
    with host.engine.container("pihole", *check, image="busybox") as container:
        with shop(host, "later"):
            assert not host.keys.servers(container)
        host.engine.cli("exec", "pihole", "sh", "-c", "echo true > /tmp/state")
        host.wait_until_routed(container)


def test_host_address_is_published_instead_of_macvlan_address(host: Host, traefik: Traefik) -> None:
    """A container on a macvlan network is published with its own address, and answers there."""
    # Docker reports no ports of a container that is only on a macvlan network; Traefik's provider needs this too.
    port = "--label=traefik.http.services.lan.loadbalancer.server.port=80"
    with _macvlan(host.engine) as network, host.container("lan", f"--network={network}", port) as container:
        assert host.keys.servers(container) == [f"http://{host.engine.address('lan')}:80"]
        assert container[:12] in traefik.wait_for_status(200, "lan.localhost").body


@contextmanager
def _macvlan(engine: Engine) -> Iterator[str]:
    """Create a macvlan network on one end of a veth pair; this machine has the other end."""
    name = f"lan{uuid.uuid4().hex[:8]}"
    run(["ip", "link", "add", name, "type", "veth", "peer", "name", f"{name}p"])
    try:
        run(["ip", "address", "add", "10.254.91.1/24", "dev", name])
        run(["ip", "link", "set", name, "up"])
        run(["ip", "link", "set", f"{name}p", "up"])
        options = (f"--opt=parent={name}p", "--subnet=10.254.91.0/24", "--gateway=10.254.91.1")
        engine.cli("network", "create", "--driver=macvlan", *options, name)
        try:
            yield name
        finally:
            engine.cli("network", "rm", name)
    finally:
        run(["ip", "link", "delete", name])


def test_container_cannot_choose_address_of_its_host(host: Host) -> None:
    """A label gives a container another address of its host, with its published port."""
    with host.container("own", "--label=bridge.address=127.0.0.3", "--publish=80") as container:
        assert host.keys.servers(container) == [f"http://127.0.0.3:{published(host, 'own')}"]
