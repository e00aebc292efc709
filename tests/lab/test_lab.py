"""The lab itself: its parts start, answer and work together."""

import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lab.engine import Engine
from tests.lab.etcd import Etcd, cluster
from tests.lab.parts import EtcdRelease
from tests.lab.ports import LOOPBACK, free_port
from tests.lab.traefik import Traefik, docker_provider, etcd_provider
from tests.lab.wait import DeadlineError, wait_for

StartEtcd = Callable[[EtcdRelease], Etcd]
StartTraefik = Callable[..., Traefik]


def put(etcd: Etcd, keys: dict[str, str]) -> None:
    """Write keys one by one."""
    for key, value in keys.items():
        etcd.ctl("put", key, value)


def http_route(root_key: str, host: str, url: str) -> dict[str, str]:
    """Return the keys of a router and its service."""
    return {
        f"{root_key}/http/services/web/loadbalancer/servers/0/url": url,
        f"{root_key}/http/routers/web/service": "web",
        f"{root_key}/http/routers/web/rule": f"Host(`{host}`)",
    }


def test_wait_for_gives_up_at_its_deadline() -> None:
    """A condition that never comes true fails with the message."""
    with pytest.raises(DeadlineError, match=r"not within 0 s: no luck"):
        wait_for(lambda: False, 0, "no luck")


def test_engine_runs_containers(engine: Engine) -> None:
    """The distribution's engine has API 1.41 and runs a container until it is removed."""
    assert engine.cli("version", "--format", "{{.Server.APIVersion}}") == "1.41"
    with engine.container("lab-plain", image="busybox"):
        assert engine.cli("exec", "lab-plain", "echo", "hello") == "hello"
    assert engine.cli("ps", "--all", "--quiet") == ""


def test_engines_run_side_by_side(engine: Engine, engine29: Engine) -> None:
    """Two engines of different releases run containers with the same name and different addresses."""
    assert engine29.cli("version", "--format", "{{.Server.APIVersion}}") == "1.56"
    assert engine29.cli("version", "--format", "{{.Server.MinAPIVersion}}") == "1.40"
    with engine.container("lab-twin"), engine29.container("lab-twin"):
        assert engine.address("lab-twin") != engine29.address("lab-twin")
        assert engine29.cli("ps", "--format", "{{.Names}}") == "lab-twin"


@pytest.mark.usefixtures("engine")
def test_hanging_engine_is_restarted(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that hangs is restarted; it fails a test only if that wanted more from it than to clean up."""
    monkeypatch.setattr("tests.lab.engine.ENDS_WITHIN", 3)
    with Engine("20.10") as engine:
        for name in ("one", "two"):
            engine.cli("run", "--detach", "--name", name, "busybox")
        engine.freeze()
        engine.cli("rm", "--force", "one")
        engine.freeze()
        engine.clear()
        assert engine.cli("ps", "--all", "--quiet") == ""
        engine.freeze()
        with pytest.raises(AssertionError, match=r"Docker 20\.10 hung in .* ps"):
            engine.cli("ps")
        assert engine.cli("ps", "--quiet") == ""


def test_etcd_keeps_what_is_put(each_etcd: Etcd, root_key: str) -> None:
    """The distribution's etcd and a current one return a key that was put."""
    each_etcd.ctl("put", root_key, "here")
    assert each_etcd.ctl("get", "--print-value-only", root_key) == "here\n"


def test_etcd_outlives_being_killed(start_etcd: StartEtcd) -> None:
    """After kill -9 and a restart, etcd still has an acknowledged key."""
    etcd = start_etcd("3.4")
    etcd.ctl("put", "key", "value")
    etcd.kill()
    etcd.restart()
    assert etcd.ctl("get", "--print-value-only", "key") == "value\n"


@pytest.mark.usefixtures("etcd")
def test_cluster_survives_loss_of_a_member() -> None:
    """A cluster of three members works without one of them."""
    with cluster("3.4") as members:
        members[0].ctl("put", "key", "value")
        members[0].kill()
        assert members[1].ctl("--command-timeout=20s", "get", "--print-value-only", "key") == "value\n"


def test_traefik_routes_by_keys_in_etcd(
    engine: Engine, each_etcd: Etcd, start_traefik: StartTraefik, root_key: str
) -> None:
    """Traefik routes requests by keys in etcd, and no longer when these are deleted."""
    with engine.container("lab-http") as container:
        url = f"http://{engine.address('lab-http')}"
        put(each_etcd, {f"{root_key}/http/services/spare/loadbalancer/servers/0/url": url})
        traefik = start_traefik(etcd_provider(each_etcd, root_key))
        put(each_etcd, http_route(root_key, "lab.localhost", url))
        answer = traefik.wait_for_status(200, "lab.localhost")
        assert f"Hostname: {container[:12]}" in answer.body
        each_etcd.ctl("del", "--prefix", f"{root_key}/http/routers/")
        traefik.wait_for_status(404, "lab.localhost")


def test_traefik_routes_by_labels_of_docker(each_engine: Engine, start_traefik: StartTraefik) -> None:
    """Traefik's own Docker provider routes requests by the labels of a container on either engine."""
    with each_engine.container("lab-docker", "--label=traefik.http.routers.lab.rule=Host(`d.localhost`)"):
        traefik = start_traefik(docker_provider(each_engine))
        traefik.wait_for_status(200, "d.localhost")
        assert "lab@docker" in traefik.rawdata()["routers"]


def test_traefik_2_11_routes_by_keys_in_etcd(
    engine: Engine, etcd: Etcd, start_traefik_2_11: StartTraefik, root_key: str
) -> None:
    """Traefik 2.11 routes requests by the same keys."""
    with engine.container("lab-old"):
        put(etcd, http_route(root_key, "old.localhost", f"http://{engine.address('lab-old')}"))
        start_traefik_2_11(etcd_provider(etcd, root_key)).wait_for_status(200, "old.localhost")


def test_tcp_and_udp_reach_a_container(
    engine: Engine, etcd: Etcd, start_traefik: StartTraefik, root_key: str
) -> None:
    """Lines over TCP and packets over UDP are echoed by whoami through Traefik's entry points."""
    with engine.container("lab-echo", arguments=("-tcp", "81", "-udp", "82")) as container:
        address = engine.address("lab-echo")
        put(
            etcd,
            {
                f"{root_key}/tcp/routers/echo/rule": "HostSNI(`*`)",
                f"{root_key}/tcp/routers/echo/entrypoints": "lines",
                f"{root_key}/tcp/routers/echo/service": "echo",
                f"{root_key}/tcp/services/echo/loadbalancer/servers/0/address": f"{address}:81",
                f"{root_key}/udp/routers/echo/entrypoints": "packets",
                f"{root_key}/udp/routers/echo/service": "echo",
                f"{root_key}/udp/services/echo/loadbalancer/servers/0/address": f"{address}:82",
            },
        )
        traefik = start_traefik(etcd_provider(etcd, root_key), entry_points={"lines": "tcp", "packets": "udp"})
        expected = f"{container[:12]}: hello".encode()
        traefik.wait_for(lambda started: started.say_tcp("lines", b"hello\n") == expected + b"\n")
        traefik.wait_for(lambda started: started.say_udp("packets", b"hello") == expected)


@pytest.mark.usefixtures("engine")
def test_stopped_engine_leaves_no_network_bridge() -> None:
    """Even an engine that a test has stopped leaves no network bridge behind."""
    with Engine("20.10") as own:
        device = f"br-{own.cli('network', 'create', 'lab-network')[:12]}"
        assert Path("/sys/class/net", device).exists()
        own.stop()
    assert not Path("/sys/class/net", device).exists()


def test_published_ports_answer(each_engine: Engine) -> None:
    """A port published on the loopback address reaches the container without iptables rules."""
    port = free_port()
    with each_engine.container("lab-published", f"--publish={LOOPBACK}:{port}:80") as container:
        assert f"Hostname: {container[:12]}" in wait_for(lambda: page(port), 10, "no answer")


def page(port: int) -> str:
    """Return the page at a port of the loopback address, empty without an answer."""
    try:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/", timeout=1) as answer:
            return str(answer.read(), "ascii")
    except OSError:
        return ""
