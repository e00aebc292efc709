"""The bridge behind the socket proxy of the quick start, which allows only the requests that it needs."""

import http.client
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.daemon.host import Host, hosted, routed_by
from tests.daemon.keys import Keys
from tests.lab.bridge import Bridge
from tests.lab.engine import Engine
from tests.lab.etcd import Etcd
from tests.lab.socket_proxy import SocketProxy
from tests.lab.wait import wait_for

StartProxy = Callable[..., SocketProxy]

# Removes the requests that common socket proxies refuse by default.
LEAST = {
    "|info|events|containers/json|networks)": "|events|containers/json)",
    "    http-request allow if { path -m reg ^(/v[0-9.]+)?/networks/[a-zA-Z0-9][a-zA-Z0-9_.-]*$ }\n": "",
}
USUAL = Path(__file__).with_name("usual-socket-proxy.cfg")
DOCUMENTED = {"CONTAINERS": "1", "EVENTS": "1", "PING": "1", "VERSION": "1"}
CUT_SOON = {"timeout client 7d": "timeout client 1s", "timeout server 7d": "timeout server 1s"}
ALLOWED = ("/_ping", "/version", "/info", "/containers/json?all=1", "/v1.41/containers/{0}/json", "/networks")
REFUSED = [
    ("GET", "/containers/{0}/archive?path=/etc/passwd"),
    ("HEAD", "/containers/{0}/archive?path=/etc/passwd"),
    ("GET", "/v1.41/containers/{0}/export"),
    ("GET", "/containers/{0}/logs?stdout=1"),
    ("GET", "/containers/{0}/attach/ws?stdin=1&stream=1"),
    ("GET", "/containers/{0}/top"),
    ("GET", "/containers/json/../{0}/export"),
    ("GET", "/containers/{0}/export/json"),
    ("GET", "/containers/{0}/json/../export"),
    ("GET", "/containers/{0}/jsons"),
    ("GET", "/networks/{0}/../../containers/{0}/export"),
    ("GET", "/events/../containers/{0}/export"),
    ("GET", "/containers/{0}/export?a=/json"),
    ("GET", "/containers/{0}/export%3f/json"),
    ("GET", "/containers/{0}%2fexport"),
    ("GET", "//containers/{0}/export"),
    ("GET", "/../containers/{0}/export"),
    ("GET", "/images/json"),
    ("GET", "/secrets"),
    ("GET", "/volumes"),
    ("GET", "/system/df"),
    ("GET", "/exec/{0}/json"),
    ("POST", "/containers/{0}/stop"),
    ("POST", "/containers/create"),
    ("POST", "/containers/json"),
    ("PUT", "/containers/{0}/archive?path=/"),
    ("DELETE", "/containers/{0}"),
    ("CONNECT", "/containers/json"),
]


@pytest.fixture
def proxy(engine: Engine, start_socket_proxy: StartProxy) -> SocketProxy:
    """Return the proxy as shipped, in front of the shared engine."""
    return start_socket_proxy(engine)


@pytest.fixture(
    params=[
        pytest.param({}, id="as delivered"),
        pytest.param({"changes": LEAST}, id="least"),
        pytest.param({"changes": CUT_SOON}, id="quiet streams are cut"),
        pytest.param({"configuration": USUAL, **DOCUMENTED}, id="the usual image"),
        pytest.param({"configuration": USUAL, **DOCUMENTED, "INFO": "1"}, id="the usual image with INFO"),
    ]
)
def host(
    request: pytest.FixtureRequest, engine: Engine, etcd: Etcd, root_key: str, start_socket_proxy: StartProxy
) -> Iterator[Host]:
    """Return a host whose bridge reaches the engine through a proxy."""
    proxy = start_socket_proxy(engine, **request.param)
    with hosted(engine, etcd, root_key, docker_endpoint=proxy.url) as host:
        yield host


@pytest.fixture(
    params=[{"changes": LEAST}, {"configuration": USUAL, **DOCUMENTED}], ids=["least", "the usual image"]
)
def nameless(request: pytest.FixtureRequest, engine: Engine, start_socket_proxy: StartProxy) -> SocketProxy:
    """Return a proxy that hides the engine's name."""
    return start_socket_proxy(engine, **request.param)


def status(proxy: SocketProxy, method: str, path: str) -> int:
    """Return the status of a request."""
    connection = http.client.HTTPConnection(urlsplit(proxy.url).netloc, timeout=10)
    try:
        connection.request(method, path)
        return connection.getresponse().status
    finally:
        connection.close()


def test_containers_are_followed_through_proxy(host: Host) -> None:
    """Starts, stops and shared networks of containers are seen through the proxy."""
    with host.container("proxied") as container:
        port = "--label=traefik.http.services.guest.loadbalancer.server.port=80"
        options = ("--network=container:proxied", routed_by("guest"), port)
        with host.engine.container("guest", *options, image="busybox") as guest:
            assert host.wait_until_routed(guest)
        host.engine.cli("stop", "--time=1", "proxied")
        host.wait_until_withdrawn(container)


def test_proxy_without_engine_removes_nothing(
    engine: Engine, etcd: Etcd, root_key: str, proxy: SocketProxy
) -> None:
    """A proxy that answers 503 for an engine that is away removes nothing."""
    with hosted(engine, etcd, root_key, docker_endpoint=proxy.url) as host:
        bridge = host.bridge
        with host.container("stays") as container:
            before = host.keys.view()
            engine.process.kill()
            try:
                wait_for(lambda: "503" in bridge.command("health").stdout, 30, bridge.process.tail)
                assert host.keys.view() == before
            finally:
                engine.restart()
            bridge.process.wait_until(bridge.healthy, 30)
        host.wait_until_withdrawn(container)


@pytest.mark.parametrize("command", [("run",), ("plan",)])
def test_hidden_engine_name_needs_host_name_setting(
    engine: Engine, etcd: Etcd, root_key: str, nameless: SocketProxy, command: tuple[str, ...]
) -> None:
    """If the proxy hides the engine's name, the command fails with one line that names the setting for it."""
    bridge = Bridge(engine, etcd, root_key, docker_endpoint=nameless.url, host_name="")
    try:
        done = bridge.command(*command)
    finally:
        bridge.remove()
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        "docker-event-bridge: the engine, or a proxy in front of it, does not reveal its name (/info):"
        " set BRIDGE_HOST_NAME"
    )


def test_proxy_lets_bridge_read_engine_name(engine: Engine, etcd: Etcd, root_key: str, proxy: SocketProxy) -> None:
    """As shipped, the proxy lets the bridge read the engine's name."""
    with Bridge(engine, etcd, root_key, docker_endpoint=proxy.url, host_name=""):
        name = engine.cli("info", "--format={{.Name}}").lower()
        assert f"hosts/{name}" in Keys(etcd, root_key).state()


def test_proxy_allows_requests_of_bridge(proxy: SocketProxy, engine: Engine) -> None:
    """The proxy allows every request that the bridge makes."""
    with engine.container("asked", image="busybox") as container:
        assert {path: status(proxy, "GET", path.format(container)) for path in ALLOWED} == dict.fromkeys(
            ALLOWED, 200
        )


def test_proxy_that_allows_prefix_exposes_files(engine: Engine, start_socket_proxy: StartProxy) -> None:
    """A proxy that allows GET for everything below /containers exposes the files of all containers."""
    proxy = start_socket_proxy(engine, {"/containers/[a-zA-Z0-9][a-zA-Z0-9_.-]*/json$": "/containers/.*"})
    with engine.container("exposed", image="busybox") as container:
        path = f"/containers/{container}/archive?path=/bin/busybox"
        assert status(proxy, "GET", path) == 200


def test_usual_proxy_image_exposes_files(engine: Engine, start_socket_proxy: StartProxy) -> None:
    """The usual image with the documented variables exposes files too, but refuses to change anything."""
    proxy = start_socket_proxy(engine, configuration=USUAL, **DOCUMENTED)
    with engine.container("exposed", image="busybox") as container:
        assert status(proxy, "GET", f"/containers/{container}/archive?path=/bin/busybox") == 200
        changing = [(method, path) for method, path in REFUSED if method in {"POST", "PUT", "DELETE"}]
        got = {(method, path): status(proxy, method, path.format(container)) for method, path in changing}
    assert got == dict.fromkeys(changing, 403)


def test_proxy_refuses_other_requests(proxy: SocketProxy, engine: Engine) -> None:
    """Requests for files, logs or terminals, requests that change something, and ways around this are refused."""
    with engine.container("guarded", image="busybox") as container:
        got = {(method, path): status(proxy, method, path.format(container)) for method, path in REFUSED}
    assert {what: code for what, code in got.items() if code not in (400, 403)} == {}
