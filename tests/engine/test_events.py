"""Which events real engines send for each operation on a container: the daemon relies on this table."""

from collections.abc import AsyncIterator, Iterator
from functools import partial
from itertools import groupby

import anyio
import pytest

from bridge import threads
from bridge.container import Container
from bridge.engine import rest, signals
from bridge.engine.client import Engine
from bridge.engine.event import Action, Event
from bridge.engine.model import Endpoint
from bridge.engine.transport import connect
from tests.lab.engine import Engine as Dockerd

pytestmark = pytest.mark.anyio

NAME, NETWORK = "of-events", "net-of-events"
TOLD_WITHIN = 20.0
UNTIL_USR1 = ["sh", "-c", "trap exit USR1; sleep 1000000 & wait"]


@pytest.fixture
def created(each_engine: Dockerd) -> Iterator[Dockerd]:
    """Return an engine with a created container, and a network to which it is not connected."""
    each_engine.cli("network", "create", NETWORK)
    each_engine.cli("create", "--name", NAME, "busybox")
    yield each_engine
    each_engine.cli("rm", "--force", NAME)
    each_engine.cli("network", "rm", NETWORK)


@pytest.fixture
def running(created: Dockerd) -> Dockerd:
    """Return an engine whose container is running."""
    created.cli("start", NAME)
    return created


def mark(dockerd: Dockerd) -> str:
    """Create and remove a container as a mark in the event stream; return its id."""
    container_id = dockerd.cli("create", "busybox")
    dockerd.cli("rm", container_id)
    return container_id


async def until(marked: str, events: AsyncIterator[Event]) -> list[Event]:
    """Return the events before the mark."""
    read: list[Event] = []
    with anyio.fail_after(TOLD_WITHIN):
        async for event in events:
            if event.container_id == marked:
                break
            read.append(event)
    return read


async def told(asked: Engine, dockerd: Dockerd, *commands: str) -> list[str]:
    """Return the container's events for docker commands, repeated ones once: a disconnect may come twice."""
    container_id = dockerd.cli("inspect", "--format={{.Id}}", NAME)
    async with asked.events() as (_, events):
        await until(mark(dockerd), events)
        for command in commands:
            dockerd.cli(*command.split())
        since = await until(mark(dockerd), events)
    steps = [_spelled(event) for event in since if event.container_id == container_id]
    return [step for step, _ in groupby(steps)]


def _spelled(event: Event) -> str:
    return event.action if event.signal is None else f"{event.action} {event.signal}"


async def test_events_of_start(asked: Engine, created: Dockerd) -> None:
    """The connect event of a network comes before the start event."""
    assert await told(asked, created, f"start {NAME}") == ["connect", "start"]


async def test_inspection_during_start_is_answered_after_it(asked: Engine, created: Dockerd) -> None:
    """A container that is inspected at the connect event of its start is said to run, with its address."""
    async with asked.events() as (_, events), anyio.create_task_group() as tasks:
        await until(mark(created), events)
        tasks.start_soon(threads.run, partial(created.cli, "start", NAME))
        with anyio.fail_after(TOLD_WITHIN):
            event = await anext(event async for event in events if event.action is Action.CONNECT)
            found = await asked.inspect(event.container_id)
    assert isinstance(found, Container)
    assert (found.status, [network.ipv4 for network in found.networks]) == ("running", [created.address(NAME)])


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (f"pause {NAME}", ["pause"]),
        (f"update --restart=on-failure {NAME}", ["update"]),
        (f"kill --signal=HUP {NAME}", ["kill 1"]),
        (f"network connect {NETWORK} {NAME}", ["connect"]),
        (f"exec {NAME} true", []),
        (f"top {NAME}", []),
        (f"logs {NAME}", []),
    ],
)
async def test_events_of_operation_on_running_container(
    asked: Engine, running: Dockerd, command: str, expected: list[str]
) -> None:
    """An operation that may change a route sends an event, and others send none."""
    assert await told(asked, running, command) == expected


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        ([f"pause {NAME}", f"unpause {NAME}"], ["pause", "unpause"]),
        ([f"rename {NAME} other", f"rename other {NAME}"], ["rename", "rename"]),
        (
            [f"network connect {NETWORK} {NAME}", f"network disconnect {NETWORK} {NAME}"],
            ["connect", "disconnect"],
        ),
    ],
)
async def test_events_of_two_operations(
    asked: Engine, running: Dockerd, commands: list[str], expected: list[str]
) -> None:
    """Two operations send their events in order."""
    steps = await told(asked, running, *commands)

    assert steps == [step for step, _ in groupby(expected)]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (f"stop {NAME}", ["kill 15", "die"]),
        (f"kill {NAME}", ["kill 9", "die"]),
        (f"restart {NAME}", ["kill 15", "die", "start"]),
        (f"rm --force {NAME}", ["kill 9", "die", "destroy"]),
    ],
)
async def test_events_of_stopping_operation(
    asked: Engine, created: Dockerd, command: str, expected: list[str]
) -> None:
    """The kill event comes before die, and die before the next start, with network events in between."""
    with_networks = await told(asked, created, f"start {NAME}", command)
    assert "disconnect" in with_networks

    steps = [step for step in with_networks if "connect" not in step]
    assert steps == ["start", *expected]


async def test_own_stop_signal(asked: Engine, each_engine: Dockerd) -> None:
    """The signal of a kill event equals the number of the container's stop signal, which was given by name."""
    options = ["--detach", "--name", NAME, "--stop-signal", "SIGUSR1"]
    container_id = each_engine.cli("run", *options, "busybox", *UNTIL_USR1)
    container = await asked.inspect(container_id)
    assert isinstance(container, Container)
    async with asked.events() as (_, events):
        await until(mark(each_engine), events)
        each_engine.cli("stop", NAME)
        each_engine.cli("rm", NAME)
        (kill,) = [event for event in await until(mark(each_engine), events) if event.action is Action.KILL]

    assert kill.signal == signals.number(container.stop_signal) == 10


async def test_events_of_health_change(asked: Engine, each_engine: Dockerd) -> None:
    """A change of health sends an event."""
    health = ["--health-cmd=true", "--health-interval=1s"]
    async with asked.events() as (_, events):
        with each_engine.container(NAME, *health, image="busybox") as container_id, anyio.fail_after(TOLD_WITHIN):
            async for event in events:
                if event.container_id == container_id and event.action is Action.HEALTH_STATUS:
                    break
            container = await asked.inspect(container_id)

    assert isinstance(container, Container)
    assert container.health == "healthy"


async def test_events_not_requested_are_filtered_out(each_engine: Dockerd, running: Dockerd) -> None:
    """The engine itself filters out events that were not requested, such as those of health check commands."""
    client = await threads.run(lambda: connect(Endpoint(each_engine.url)))
    response = await threads.run(lambda: rest.subscribe(client, rest.now(client)))
    try:
        running.cli("exec", NAME, "true")
        running.cli("volume", "rm", running.cli("volume", "create"))
        end = mark(running)
        messages = rest.messages(response)
        actors = iter(lambda: next(messages), None)
        seen = []
        for message in actors:
            seen.append(message["Action"].partition(":")[0])
            if (message["Actor"]["ID"], message["Action"]) == (end, "destroy"):
                break
    finally:
        rest.hang_up(client, response)

    assert set(seen) <= set(Action)
    assert seen[-1] == "destroy"
