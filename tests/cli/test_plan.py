"""`plan --from`: the offline mapping, for people and for CI."""

import json
import resource
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Bridge, ended
from tests.cli.test_command_line import imported


def inspection(name: str, labels: dict[str, str]) -> dict[str, Any]:
    """Return roughly what `docker inspect` prints for a running container on the default network."""
    return {
        "Id": "0123456789abcdef" * 4,
        "Created": "2026-01-01T00:00:00Z",
        "Name": f"/{name}",
        "State": {"Status": "running", "Running": True, "StartedAt": "2026-01-01T00:00:01Z"},
        "HostConfig": {"NetworkMode": "bridge"},
        "Config": {"Image": "whoami:1", "Labels": labels},
        "NetworkSettings": {
            "Ports": {"80/tcp": None},
            "Networks": {"bridge": {"NetworkID": "n", "IPAddress": "172.17.0.2", "GlobalIPv6Address": ""}},
        },
    }


WEB = inspection("web", {})
API = inspection("api", {"traefik.http.routers.api.rul": "x"}) | {"Id": "fedcba9876543210" * 4}
GOOD, BAD = json.dumps([WEB]), json.dumps([WEB, API])


def test_json(bridge: Bridge) -> None:
    """The JSON has the sorted keys of the containers below the root key; the host is called `host`."""
    done = bridge("plan", "--from", "-", "--output", "json", "--root-key", "edge/traefik", stdin=GOOD)
    assert (done.returncode, done.stderr) == (0, "")
    made = json.loads(done.stdout)
    assert made == {
        "keys": {
            "edge/traefik/http/routers/web/defaultrule": "true",
            "edge/traefik/http/routers/web/rule": "Host(`web`)",
            "edge/traefik/http/routers/web/service": "web",
            "edge/traefik/http/services/web/loadbalancer/servers": "",
            "edge/traefik/http/services/web/loadbalancer/servers/host-0123456789ab/url": "http://172.17.0.2:80",
        },
        "problems": [],
    }
    assert list(made["keys"]) == sorted(made["keys"])


def test_problem(bridge: Bridge) -> None:
    """A problem has the container's name without slash, the label, what is wrong and what to write instead."""
    done = bridge("plan", "--from", "-", "--output", "json", stdin=BAD)
    assert done.returncode == 0
    (problem,) = json.loads(done.stdout)["problems"]
    assert list(problem) == ["container", "label", "message", "hint"]
    assert (problem["container"], problem["label"]) == ("api", "traefik.http.routers.api.rul")
    assert "rule" in problem["hint"]


@pytest.mark.parametrize(("text", "code"), [(GOOD, 0), (BAD, 1)])
def test_strict(text: str, code: int, bridge: Bridge) -> None:
    """With --strict any problem means exit code 1, and the plan is still printed."""
    done = bridge("plan", "--from", "-", "--strict", stdin=text)
    assert done.returncode == code
    assert "traefik/http/routers/web/rule = Host(`web`)" in done.stdout


@pytest.mark.parametrize(
    "state",
    [
        pytest.param({"Status": "running", "Health": {"Status": "starting"}}, id="starting"),
        pytest.param({"Status": "created"}, id="created"),
        pytest.param({"Status": "exited"}, id="exited"),
    ],
)
@pytest.mark.parametrize(
    ("labels", "flags"),
    [
        pytest.param({"traefik.http.routers.api.rul": "x"}, (), id="misspelt label"),
        pytest.param({}, ("--allowed-hosts", "example.com"), id="policy"),
    ],
)
def test_strict_before_a_container_is_routed(
    state: dict[str, Any], labels: dict[str, str], flags: tuple[str, ...], bridge: Bridge
) -> None:
    """The labels of a container that is not serving are checked too, unless traefik.enable=false excludes it."""
    for enable, code in ("true", 1), ("false", 0):
        idle = inspection("api", labels | {"traefik.enable": enable}) | {"State": state}
        done = bridge("plan", "--from", "-", "--strict", *flags, stdin=json.dumps([idle]))
        assert done.returncode == code, done.stdout
        assert "api is not routed: " in done.stdout


def test_mapping_settings_are_flags(bridge: Bridge) -> None:
    """Mapping settings are flags of plan, and boolean ones take a value."""
    done = bridge("plan", "--from", "-", "--exposed-by-default", "false", "--output=json", stdin=GOOD)
    assert json.loads(done.stdout) == {"keys": {}, "problems": []}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("x", "--from - is not what `docker inspect` prints: Expecting value: line 1 column 1 (char 0)"),
        ("", "--from - is not what `docker inspect` prints: it found no container"),
        ("[]\n", "--from - is not what `docker inspect` prints: it found no container"),
        ("{}", "--from - is not what `docker inspect` prints: not an array"),
        ("[1]", "--from - is not what `docker inspect` prints: element 1 is not an object"),
        ("[{}]", "--from - is not what `docker inspect` prints: element 1 is not a container: Id is missing"),
        ("[" * 100_000, "--from - is not what `docker inspect` prints: maximum recursion depth exceeded"),
    ],
    ids=["no-json", "empty", "nothing-found", "object", "number", "no-container", "deep"],
)
def test_bad_input(text: str, line: str, bridge: Bridge) -> None:
    """Input that is not from `docker inspect` is refused with one line and exit code 2."""
    done = bridge("plan", "--from", "-", stdin=text)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"docker-event-bridge: {line}")
    assert done.stderr.count("\n") == 1


def test_different_containers_with_same_id_are_refused(bridge: Bridge) -> None:
    """Two different containers with the same id are refused; the same container twice is accepted."""
    done = bridge("plan", "--from", "-", stdin=json.dumps([WEB, inspection("api", {})]))
    line = "two containers, 'web' and 'api', have the id 0123456789ab"
    told = f"docker-event-bridge: --from - is not what `docker inspect` prints: {line}\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", told)
    assert bridge("plan", "--from", "-", stdin=json.dumps([WEB, WEB])).returncode == 0


def test_no_socket_and_no_host_name_lookup(tmp_path: Path) -> None:
    """A plan from a file opens no socket and looks up no host name, whatever the labels and settings contain."""
    (tmp_path / "inspect.json").write_text(json.dumps([inspection("web", {"bridge.address": "node.example"})]))
    settings = ["--advertise-address", "host.example", "--docker-endpoint", "tcp://engine.example:2375"]
    code = (
        "import sys; from bridge.__main__ import command\n"
        "def refuse(event, details):\n"
        "    if event.startswith('socket.'): raise AssertionError(event)\n"
        "sys.addaudithook(refuse)\n"
        "sys.exit(command(sys.argv[1:]))"
    )
    argv = [sys.executable, "-c", code, "plan", "--from", str(tmp_path / "inspect.json"), *settings]
    done = ended(argv, tmp_path, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")


def test_missing_file(bridge: Bridge) -> None:
    """A missing file is refused with one line and exit code 2."""
    done = bridge("plan", "--from", "absent.json")
    line = "docker-event-bridge: --from absent.json cannot be read: No such file or directory\n"
    assert (done.returncode, done.stderr) == (2, line)


def test_no_engine(bridge: Bridge) -> None:
    """Without a file the engine is asked; if it does not answer, plan fails with one line and exit code 1."""
    done = bridge("plan", "--docker-endpoint", "unix:///nowhere/docker.sock")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("docker-event-bridge: ")
    assert done.stderr.count("\n") == 1


def test_imports(tmp_path: Path) -> None:
    """A plan from a file imports no Docker or etcd client and no event loop, and rich only for a terminal."""
    clients = {"docker", "requests", "grpc", "etcd3", "anyio", "structlog", "tenacity", "rich"}
    (tmp_path / "inspect.json").write_text(GOOD)
    command = ["plan", "--from", str(tmp_path / "inspect.json")]
    assert imported(command).isdisjoint(clients)
    assert imported([*command, "--output", "json"]).isdisjoint(clients)


def test_imports_from_engine() -> None:
    """A plan from an engine imports no etcd client, and no ssh client for an endpoint without ssh."""
    command = ["plan", "--docker-endpoint", "unix:///nowhere/docker.sock"]
    assert imported(command).isdisjoint({"paramiko", "grpc", "etcd3", "structlog"})


@pytest.mark.parametrize("containers", [1, 100])
def test_plan_takes_little_processor_time(containers: int, bridge: Bridge, tmp_path: Path) -> None:
    """A plan from a file takes hardly more processor time than to import what a running bridge needs."""
    many = [inspection(f"web-{number}", {}) | {"Id": f"{number:064x}"[::-1]} for number in range(containers)]
    imports = [sys.executable, "-c", "import grpc, docker, pydantic"]

    def plan() -> None:
        assert bridge("plan", "--from", "-", stdin=json.dumps(many)).returncode == 0

    rounds = [(_spent(plan), _spent(partial(ended, imports, tmp_path))) for _ in range(5)]
    plans, bare = zip(*rounds, strict=True)
    assert min(plans) < 1.3 * min(bare)


def _spent(action: Callable[[], object]) -> float:
    before = _processor_seconds()
    action()
    return _processor_seconds() - before


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
