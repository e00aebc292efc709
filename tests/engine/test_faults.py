"""Requests and the event stream when the engine, or something in between, fails."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from operator import attrgetter
from pathlib import Path

import anyio
import pytest

from bridge.container import Container
from bridge.daemon.retries import CONCURRENT_RETRIES
from bridge.engine.client import CONCURRENT_INSPECTS, DEADLINE, Engine
from bridge.engine.errors import EngineRejected, EngineUnavailable
from bridge.engine.event import Event
from bridge.engine.model import Endpoint, Unreadable
from tests.engine.conftest import Open
from tests.engine.relay import Relay, relay, relay_from_tcp
from tests.lab.engine import Engine as Dockerd
from tests.lab.wait import wait_for

pytestmark = pytest.mark.anyio

CONTAINER = "0123456789abcdef" * 4


@pytest.fixture
def between(tmp_path: Path, engine: Dockerd) -> Iterator[Relay]:
    """Return a relay in front of a real engine."""
    with relay(tmp_path / "relay.sock", engine.socket) as started:
        yield started


@pytest.fixture
def asked_through(connect: Open, between: Relay) -> Engine:
    """Return a client that is connected through the relay."""
    return connect(Endpoint(between.url))


def answer(status: int, body: object, *headers: str) -> bytes:
    """Return an HTTP answer as bytes."""
    text = body if isinstance(body, str) else json.dumps(body)
    head = [f"HTTP/1.1 {status} Text", f"Content-Length: {len(text.encode())}", *headers]
    return ("\r\n".join(head) + "\r\n\r\n" + text).encode()


def when(part: str, answered: bytes) -> Callable[[str], bytes | None]:
    """Answer requests whose first line contains the part, and pass on all others."""
    return lambda request: answered if part in request else None


async def follow(asked: Engine, do: Callable[[], None]) -> None:
    """Do something once the event stream is open, and read it to its end."""
    async with asked.events() as (_, events):
        do()
        async for _ in events:
            pass


async def until_destroyed(container_id: str, events: AsyncIterator[Event]) -> None:
    """Read events up to one of this container."""
    with anyio.fail_after(5):
        async for event in events:
            if event.container_id == container_id:
                return


def made_and_removed(dockerd: Dockerd) -> str:
    """Create and remove a container; return its id."""
    container_id = dockerd.cli("create", "busybox")
    dockerd.cli("rm", container_id)
    return container_id


def no_threads_left() -> None:
    """Wait until no thread of the adapter is left."""
    wait_for(lambda: not [t for t in threading.enumerate() if t.name == "docker-call"], 5, "threads are left")


async def test_events_between_answer_and_subscription_are_not_lost(
    asked_through: Engine, between: Relay, engine: Dockerd
) -> None:
    """Events between the engine's answer and its actual subscription are not lost."""
    made = []

    def make_before_subscribing(request: str) -> None:
        if "/events" in request:
            made.append(made_and_removed(engine))

    between.meddle = make_before_subscribing
    async with asked_through.events() as (_, events):
        await until_destroyed(made[0], events)


async def test_broken_event_stream_is_unavailable(asked_through: Engine, between: Relay, engine: Dockerd) -> None:
    """A broken event stream raises EngineUnavailable, and the next one works."""
    with pytest.raises(EngineUnavailable, match=r"relay\.sock"):
        await follow(asked_through, between.cut)

    listed = await asked_through.list_all(attrgetter("id"))
    assert listed == engine.cli("ps", "--all", "--quiet", "--no-trunc").split()
    async with asked_through.events() as (_, events):
        await until_destroyed(made_and_removed(engine), events)


async def test_leaving_quiet_stream_ends_its_thread(asked_through: Engine) -> None:
    """Cancelling the wait for the next event ends the stream and its thread at once."""
    begun = time.monotonic()
    with anyio.move_on_after(0.2):
        await follow(asked_through, lambda: None)

    assert time.monotonic() - begun < 1
    no_threads_left()


async def test_leaving_unread_stream_leaves_no_thread(asked_through: Engine) -> None:
    """Leaving a stream before reading an event leaves no thread behind."""
    async with asked_through.events():
        pass

    no_threads_left()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"Id": 7}),
        (200, []),
        (200, "not JSON"),
        (200, "[" * 100_000),
        (200, {"Id": CONTAINER, "Name": "/x", "NetworkSettings": {"Ports": {"http": None}}}),
        (404, {"message": "page not found"}),
        (404, "<html>"),
        (500, {"message": "layer does not exist"}),
    ],
)
async def test_unreadable_container(asked_through: Engine, between: Relay, status: int, body: object) -> None:
    """A container that cannot be read is Unreadable: neither an outage nor a removed container."""
    between.meddle = when(f"/containers/{CONTAINER}/json", answer(status, body))

    found = await asked_through.inspect(CONTAINER)

    assert isinstance(found, Unreadable)
    assert found.container_id == CONTAINER
    assert found.reason


@pytest.mark.parametrize(
    ("answered", "told"),
    [
        (answer(200, {"ApiVersion": "1.40"}), "1.40 is too old"),
        (answer(200, "<html>"), "not Docker's"),
        (answer(200, {"Version": "20.10"}), "not Docker's"),
    ],
)
async def test_ping_without_api_version(asked_through: Engine, between: Relay, answered: bytes, told: str) -> None:
    """If a ping does not give the API version, /version is asked."""
    between.meddle = lambda it: {"/_ping": answer(200, "OK"), "/version": answered}.get(it.split()[1])

    with pytest.raises((EngineUnavailable, EngineRejected), match=told):
        await asked_through.ping()


async def test_answer_about_other_container_is_unreadable(
    asked_through: Engine, between: Relay, engine: Dockerd
) -> None:
    """An answer about another container than the requested one is Unreadable."""
    with engine.container("other", image="busybox") as other:
        between.meddle = when(
            f"/containers/{CONTAINER}/json", answer(200, json.loads(engine.cli("inspect", other))[0])
        )
        found = await asked_through.inspect(CONTAINER)

    assert isinstance(found, Unreadable)
    assert found.reason == "the engine answered with another container (other)"


async def test_container_is_found_by_its_name(asked_through: Engine, engine: Dockerd) -> None:
    """A container is found by its name, by which another one may name it whose network it uses."""
    with engine.container("named", image="busybox") as named:
        found = [await asked_through.inspect(asked) for asked in ("named", named[:12], named)]

    assert [one.id for one in found if isinstance(one, Container)] == [named] * 3


async def test_many_inspections_use_one_connection(asked_through: Engine, between: Relay) -> None:
    """Many inspections use one connection."""
    for number in range(20):
        assert await asked_through.inspect(f"{number:064}") is None

    assert between.connections == 1


async def test_request_on_closed_idle_connection_is_repeated(asked_through: Engine, between: Relay) -> None:
    """If an idle connection is closed just as it is used, as proxies do, the request is repeated on a new one."""
    await asked_through.ping()
    cuts = iter([between.cut])
    between.meddle = lambda _: next(cuts, lambda: None)()

    await asked_through.ping()

    assert between.connections == 2


@pytest.mark.parametrize("kind", ["unix", "tcp"])
async def test_connections_of_concurrent_answers_are_kept(
    kind: str, connect: Open, tmp_path: Path, engine: Dockerd, caplog: pytest.LogCaptureFixture
) -> None:
    """All connections that concurrent slow answers need are kept for reuse, without warnings."""
    many = CONCURRENT_RETRIES + CONCURRENT_INSPECTS
    together = threading.Barrier(many)
    opened = []

    def wait_for_the_others(request: str) -> None:
        if "/json" in request:
            together.wait(DEADLINE)

    between = relay(tmp_path / "many.sock", engine.socket) if kind == "unix" else relay_from_tcp(engine.socket)
    with between as slow:
        asked, slow.meddle = connect(Endpoint(slow.url)), wait_for_the_others
        for _ in range(2):
            async with anyio.create_task_group() as tasks:
                for number in range(many):
                    tasks.start_soon(asked.inspect, f"{number:064}")
            opened.append(slow.connections)

    assert opened[0] >= many
    assert opened[1] == opened[0]
    assert not caplog.records


async def test_hanging_inspection_is_unreadable(asked_through: Engine, between: Relay, engine: Dockerd) -> None:
    """A hanging inspection makes only its own container Unreadable."""
    with engine.container("one", image="busybox") as one, engine.container("two", image="busybox") as two:
        between.meddle = when(f"/containers/{one}/json", b"HTTP/1.1 ")
        found = await asked_through.inspect_all()

    kinds = {c.container_id if isinstance(c, Unreadable) else c.id: type(c) for c in found}
    assert kinds == {one: Unreadable, two: Container}


@pytest.mark.parametrize(
    ("part", "answered", "told"),
    [
        ("/_ping", answer(200, "OK", "Api-Version: 1.40"), "1.40 is too old"),
        ("/_ping", answer(200, "OK", "Api-Version: 1.12"), "too old"),
        ("/_ping", answer(403, "<html>"), "403"),
        ("/_ping", answer(400, "Client sent an HTTP request to an HTTPS server."), "speaks TLS"),
        ("/containers/json", answer(403, {"message": "not allowed"}), "403 .not allowed"),
        ("/events", answer(403, {"message": "not allowed"}), "403 .not allowed"),
        (f"/containers/{CONTAINER}", answer(401, {"message": "not allowed"}), "401 .not allowed"),
    ],
)
async def test_refusal_is_a_lasting_error(
    asked_through: Engine, between: Relay, part: str, answered: bytes, told: str
) -> None:
    """An engine that is too old, or that denies access, is a lasting error with the reason."""
    between.meddle = when(part, answered)

    with pytest.raises(EngineRejected, match=told):
        await ask_everything(asked_through)


@pytest.mark.parametrize(
    ("part", "answered", "told"),
    [
        ("/_ping", answer(503, "<html>"), "503 .* may use the engine.s socket"),
        ("/_ping", b"SSH-2.0-OpenSSH\r\n\r\n", "not Docker's"),
        ("/containers/json", answer(500, {"message": "no space left"}), "500 .no space left"),
        ("/containers/json", answer(200, {"message": "odd"}), "not Docker's"),
        ("/containers/json", answer(200, [{"Name": "x"}]), "not Docker's"),
        ("/containers/json", answer(200, None), "not Docker's"),
        ("/events", answer(500, {"message": "too many"}), "500 .too many"),
        ("/events", answer(200, "<html>"), "not Docker's"),
        ("/events", answer(200, {"Type": "container"}), "cannot be read"),
        ("/events", answer(200, "[" * 100_000), "not Docker's .RecursionError"),
        ("/events", answer(200, "x"), "not Docker's .JSONDecodeError"),
        ("/events", answer(200, ""), "ended"),
        ("/_ping", answer(200, "OK"), "not Docker's"),
        ("/_ping", answer(500, {"message": "no"}), "500 .no"),
    ],
)
async def test_garbled_answer_is_a_temporary_error(
    asked_through: Engine, between: Relay, part: str, answered: bytes, told: str
) -> None:
    """A server error, or an answer that is not Docker's, is a temporary error from which nothing is concluded."""
    between.meddle = when(part, answered)

    with pytest.raises(EngineUnavailable, match=told):
        await ask_everything(asked_through)


async def ask_everything(asked: Engine) -> None:
    """Make every kind of request."""
    await asked.inspect_all()
    await asked.inspect(CONTAINER)
    async with asked.events() as (_, events):
        with anyio.move_on_after(5):
            await anext(events)


async def test_client_works_again_after_engine_restart(connect: Open, own_dockerd: Dockerd) -> None:
    """When the engine stops, the stream and all requests fail; after its restart the same client works again."""
    asked = connect(Endpoint(own_dockerd.url))
    before = await asked.list_all(attrgetter("id", "state"))
    with pytest.raises(EngineUnavailable, match=r"stream of events ended|connection broke"):
        await follow(asked, own_dockerd.stop)
    with pytest.raises(EngineUnavailable, match=r"no such socket|nobody listens"):
        await asked.inspect(CONTAINER)
    with pytest.raises(EngineUnavailable, match=r"no such socket|nobody listens"):
        await asked.inspect_all()
    own_dockerd.restart()

    assert await asked.list_all(attrgetter("id", "state")) == before
    async with asked.events():
        await asked.ping()


async def test_ping_notices_frozen_engine(connect: Open, own_dockerd: Dockerd) -> None:
    """A ping notices a frozen engine within its deadline, and the stream goes on once it thaws."""
    asked = connect(Endpoint(own_dockerd.url))
    async with asked.events() as (_, events):
        own_dockerd.freeze()
        try:
            with pytest.raises(EngineUnavailable, match="in time"), anyio.fail_after(DEADLINE + 1):
                await asked.ping()
        finally:
            own_dockerd.thaw()
        await until_destroyed(made_and_removed(own_dockerd), events)
        await asked.ping()


ASK = """
import anyio, sys
from bridge.engine.client import DEADLINE, Engine
from bridge.engine.event import Event
from bridge.engine.model import Endpoint

async def main():
    asked = Engine(Endpoint(sys.argv[1]))
    await asked.ping()
    print("asked", flush=True)
    sys.stdin.read(1)
    with anyio.move_on_after(0.5):
        await asked.ping()
    await asked.aclose()

anyio.run(main)
"""


def test_process_ends_while_engine_is_frozen(own_dockerd: Dockerd) -> None:
    """A process ends at once even if a request to a frozen engine was never answered."""
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", ASK, own_dockerd.url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as asking:
        assert asking.stdout
        assert asking.stdout.readline() == "asked\n"
        own_dockerd.freeze()
        try:
            begun = time.monotonic()
            asking.communicate("x", timeout=5)
        finally:
            own_dockerd.thaw()

    assert asking.returncode == 0
    assert time.monotonic() - begun < 2
