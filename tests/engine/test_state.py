"""The state of a container in the list: each change that an inspection would show changes it.

The bridge does not inspect a container whose state is unchanged.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from bridge.container import Container
from bridge.engine import rest
from bridge.engine.model import Endpoint, Listed
from bridge.engine.package import APIClient
from bridge.engine.transport import connect
from tests.lab.engine import Engine
from tests.lab.wait import wait_for

WITHIN = 30.0
NAME = "changing"
NETWORK = "net-of-changing"
OPTIONS = (
    "--publish=80",
    "--health-cmd=test ! -e /tmp/sick",
    "--health-interval=500ms",
    "--health-retries=1",
)
HEALTHY: Callable[[Container], bool] = lambda it: it.health == "healthy"  # noqa: E731

# A command, and what an inspection shows after it.
CHANGES: tuple[tuple[tuple[str, ...], Callable[[Container], bool]], ...] = (
    (("start", NAME), lambda it: it.status == "running" and it.health == "starting"),
    ((), HEALTHY),
    (("exec", NAME, "busybox", "touch", "/tmp/sick"), lambda it: it.health == "unhealthy"),
    (("exec", NAME, "busybox", "rm", "/tmp/sick"), HEALTHY),
    (("pause", NAME), lambda it: it.status == "paused"),
    (("unpause", NAME), lambda it: it.status == "running"),
    (("network", "connect", NETWORK, NAME), lambda it: len(it.networks) == 2),
    (("network", "disconnect", NETWORK, NAME), lambda it: len(it.networks) == 1),
    (("rename", NAME, f"{NAME}-2"), lambda it: it.name == f"{NAME}-2"),
    (("rename", f"{NAME}-2", NAME), lambda it: it.name == NAME),
    (("stop", "--time=0", NAME), lambda it: it.status == "exited"),
    (("start", NAME), HEALTHY),
)


@pytest.fixture
def client(each_engine: Engine) -> Iterator[APIClient]:
    """Return a connection to an engine that has a created container and a network."""
    each_engine.cli("network", "create", NETWORK)
    each_engine.cli("create", f"--name={NAME}", *OPTIONS, "busybox")
    with closing(connect(Endpoint(each_engine.url))) as connected:
        yield connected
    each_engine.cli("rm", "--force", NAME)
    each_engine.cli("network", "rm", NETWORK)


def test_each_change_changes_the_state(each_engine: Engine, client: APIClient) -> None:
    """Start, health, pause, network, name and stop each change the state; passing time does not."""
    listed = _listed(client)
    state = _state(client)
    for command, shows in CHANGES:
        each_engine.cli(*command or ("version",))
        wait_for(lambda shows=shows: shows(_inspected(client, listed.id)), WITHIN, str(command))  # type: ignore[misc]
        before = state
        wait_for(lambda before=before: _state(client) != before, WITHIN, str(command))  # type: ignore[misc]
        state = _state(client)
    time.sleep(1.5)
    assert _state(client) == state


def test_changes_without_health_check(each_engine: Engine, client: APIClient) -> None:
    """Pause and stop change the state of a container without a health check, too."""
    each_engine.cli("rm", NAME)
    each_engine.cli("run", "--detach", f"--name={NAME}", "--network=none", "busybox")
    states = [_state(client)]
    for command in (("pause",), ("unpause",), ("stop", "--time=0")):
        each_engine.cli(*command, NAME)
        states.append(_state(client))
    running, paused, again, stopped = states
    assert running == again
    assert len({running, paused, stopped}) == 3


def test_other_published_port_changes_the_state(each_engine: Engine, client: APIClient) -> None:
    """A port that is published elsewhere after a restart changes the state."""
    each_engine.cli("start", NAME)
    listed = _listed(client)
    wait_for(lambda: HEALTHY(_inspected(client, listed.id)), WITHIN, "healthy")
    before, ports = _entry(client), _inspected(client, listed.id).ports
    each_engine.cli("restart", "--time=0", NAME)
    wait_for(lambda: HEALTHY(_inspected(client, listed.id)), WITHIN, "healthy")
    after = _entry(client)
    assert _inspected(client, listed.id).ports != ports
    # The address on the network may have changed too: with the old one, only the port differs.
    assert rest._state(after | {"NetworkSettings": before["NetworkSettings"]}) != rest._state(before)  # noqa: SLF001


def _listed(client: APIClient) -> Listed:
    (listed,) = rest.list_all(lambda listed: listed, client)
    return listed


def _state(client: APIClient) -> int | None:
    listed = _listed(client)
    assert listed.state is not None
    return listed.state


def _entry(client: APIClient) -> dict[str, object]:
    (entry,) = client.containers(all=True)
    return dict(entry)


def _inspected(client: APIClient, container_id: str) -> Container:
    found = rest.inspect(container_id, client)
    assert isinstance(found, Container)
    return found
