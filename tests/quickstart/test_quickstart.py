"""The quick start on this machine: whatever is missing is installed, built and started."""

import json
import os
import socket
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from compose.quickstart import engine, route
from compose.quickstart.compose import PROJECT
from tests.lab.ports import LOOPBACK, free_port
from tests.lab.wait import wait_for
from tests.quickstart.conftest import OURS, Clone, docker

ROUTED_WITHIN = 20.0
SECOND_RUN = 60.0

# A bare machine builds Traefik first.
pytestmark = [pytest.mark.real, pytest.mark.timeout(1800)]


@contextmanager
def hello() -> Iterator[str]:
    """Run the container that the README proposes."""
    label = "traefik.http.routers.hello.rule=Host(`hello.localhost`)"
    try:
        yield docker("run", "--detach", "--name=quickstart-hello", f"--label={label}", "traefik/whoami")
    finally:
        docker("rm", "--force", "quickstart-hello")


def service(name: str) -> str:
    """Return the id of the container of a service."""
    return docker("ps", "--quiet", OURS, f"--filter=label=com.docker.compose.service={name}")


def processes(word: str) -> list[str]:
    """Return the command lines that contain a word."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(file.read_text(errors="replace").replace("\0", " "))
        except OSError:
            continue
    return [line for line in found if word in line]


def device_index(name: str) -> str:
    """Return the index of a network device, "" if there is none of this name."""
    number = Path("/sys/class/net", name, "ifindex")
    return number.read_text() if number.exists() else ""


def test_up_ends_with_a_routed_request(clone: Clone) -> None:
    """From a fresh clone, one command leads to a request answered through Traefik, which it shows."""
    told = clone.up()
    assert f"$ curl -H 'Host: whoami.localhost' http://localhost:{clone.http}\nHostname: " in told
    status, body = route.get(clone.http, "whoami.localhost")
    assert (status, body.partition(":")[0]) == (200, "Hostname")


def test_second_up_takes_seconds(running: Clone) -> None:
    """A second `make up` takes seconds, restarts nothing and shows the request again."""
    containers = docker("ps", "--quiet", OURS)
    begun = time.monotonic()
    running.up()
    assert time.monotonic() - begun < SECOND_RUN
    assert docker("ps", "--quiet", OURS) == containers


def test_labels_of_whoami_limit_and_retry(running: Clone) -> None:
    """The whoami's router has both middlewares of its labels, and Traefik finds no error in it."""
    url = f"http://{LOOPBACK}:{running.dashboard}/api/http/routers/whoami@etcd"
    with urllib.request.urlopen(url, timeout=5) as answer:
        router = json.load(answer)
    assert router["middlewares"] == ["whoami-limit@etcd", "whoami-retry@etcd"]
    assert router["status"] == "enabled"


def test_container_of_plain_docker_run_is_routed(running: Clone) -> None:
    """A labelled container of a plain `docker run` is routed until it is stopped."""
    with hello() as container:
        wait_for(lambda: route.get(running.http, "hello.localhost")[0] == 200, ROUTED_WITHIN, "not routed")
        assert container[:12] in route.get(running.http, "hello.localhost")[1]
        docker("stop", "--time=1", "quickstart-hello")
        wait_for(lambda: route.get(running.http, "hello.localhost")[0] == 404, ROUTED_WITHIN, "still routed")


@pytest.mark.usefixtures("running")
def test_no_container_runs_as_root() -> None:
    """The bridge and the socket proxy run as users of their own."""
    assert docker("exec", service("bridge"), "id", "-u") == "10001"
    assert docker("inspect", "--format={{.Config.User}}", service("socket-proxy")) == "10002"


@pytest.mark.usefixtures("running")
def test_only_the_proxy_has_the_socket() -> None:
    """Only the proxy has the engine's socket, and only the bridge shares a network with the proxy."""
    containers = docker("ps", "--quiet", "--no-trunc", OURS).split()
    form = "{{range .Mounts}}{{.Destination}} {{end}}"
    holders = [one for one in containers if "docker.sock" in docker("inspect", f"--format={form}", one)]
    proxy = docker("inspect", "--format={{.Id}}", service("socket-proxy"))
    bridge = docker("inspect", "--format={{.Id}}", service("bridge"))
    assert holders == [proxy]
    network = json.loads(docker("network", "inspect", f"{PROJECT}_docker-api"))[0]
    assert network["Internal"]
    assert set(network["Containers"]) == {proxy, bridge}


@pytest.mark.usefixtures("running")
def test_bridge_ends_at_once() -> None:
    """The bridge ends at its stop signal, long before it would be killed, even when it has only just started."""
    for _ in range(2):
        begun = time.monotonic()
        docker("restart", "--time=30", service("bridge"))
        assert time.monotonic() - begun < 5


def test_port_in_use(clone: Clone) -> None:
    """A port that is in use is reported in one line, with the variable that chooses another."""
    clone.down()
    with socket.create_server((LOOPBACK, free_port())) as other:
        port = other.getsockname()[1]
        done = clone.make("up", {"HTTP_PORT": str(port)})
    assert done.returncode != 0
    assert done.stderr.splitlines()[0] == f"Port {port} is in use: choose another with HTTP_PORT=..."


def test_no_rights_on_socket(running: Clone) -> None:
    """A user without rights on the engine's socket gets one line that says so, for `up` and for `down`."""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody without rights")
    home = {"HOME": str(running.directory)}
    for target in ("up", "down"):
        done = running.make(target, home, user="nobody")
        assert done.returncode != 0
        assert done.stderr.startswith("No permission to use the Docker engine's socket: ")
        assert "Traceback" not in done.stderr


def test_no_engine(clone: Clone) -> None:
    """If the engine of DOCKER_HOST does not answer, no other is used or started instead."""
    endpoint = f"tcp://{LOOPBACK}:{free_port()}"
    done = clone.make("up", {"DOCKER_HOST": endpoint})
    assert done.returncode != 0
    assert done.stderr.splitlines()[0] == f"No Docker engine answers at DOCKER_HOST {endpoint}"


def test_no_socket(running: Clone, tmp_path: Path) -> None:
    """A socket that does not exist is reported in one line, and no directory is created in its place."""
    socket_path = tmp_path / "docker.sock"
    done = running.make("up", {"DOCKER_SOCKET": str(socket_path)})
    assert done.returncode != 0
    told = f"The engine cannot mount its socket {socket_path}: say where it is with DOCKER_SOCKET=..."
    assert told in done.stderr.splitlines()
    assert not socket_path.exists()


def test_down_on_other_engine_changes_nothing_here(running: Clone) -> None:
    """`make down` with another engine in DOCKER_HOST leaves the quick start on this one as it is."""
    containers = docker("ps", "--quiet", OURS)
    done = running.make("down", {"DOCKER_HOST": f"tcp://{LOOPBACK}:{free_port()}"})
    assert done.returncode == 0, done.stderr
    assert docker("ps", "--quiet", OURS) == containers


def test_down_leaves_nothing(running: Clone) -> None:
    """`make down` removes containers, networks, volumes, processes, devices, and an engine that `up` started."""
    network = docker("network", "inspect", "--format={{slice .Id 0 12}}", f"{PROJECT}_default")
    device = docker("network", "inspect", '--format={{index .Options "com.docker.network.bridge.name"}}', "bridge")
    index = device_index(device)
    started = engine.is_ours()
    running.down()
    assert not Path("/sys/class/net", f"br-{network}").exists()
    assert processes(f"-host-port {running.http}") == []
    if started:
        assert not engine.answers()
        assert device_index(device) != index, "the device is there still: its name may be another's by now"
        assert not engine.RUNTIME.exists()
        assert processes(str(engine.RUNTIME)) == []
    else:
        assert docker("ps", "--all", "--quiet", OURS) == ""
        assert docker("network", "ls", "--quiet", OURS) == ""
        assert docker("volume", "ls", "--quiet", OURS) == ""


def test_compose_plugin_does_the_same(clone: Clone, compose: Path) -> None:
    """The Compose plugin brings up the same file."""
    clone.down()
    told = clone.up({"DOCKER_CONFIG": str(compose.parents[1])})
    assert f" docker compose --project-name {PROJECT} " in told
    assert "Hostname: " in told
    clone.down()
