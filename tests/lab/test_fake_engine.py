"""The fake engine gives the same answers as the real ones, in all fields that Traefik or the bridge reads."""

import http.client
import json
import re
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.lab.engine import Engine
from tests.lab.fake_engine import FakeContainer, FakeEngine
from tests.lab.ports import free_port
from tests.lab.wait import wait_for

WITHIN = 20.0
NETWORK = "net-of-fake"
SLEEP = ("busybox", "sleep", "100000")
BOUND = str(free_port())
TIME = re.compile("Less than a second|About an? (minute|hour)|[0-9]+ (second|minute)s?")
EXIT_CODE = re.compile(r"\([0-9]+\)")
AnyEngine = Engine | FakeEngine

# The options of `docker run`, and the same container for the fake, which gets the real one's addresses.
CONTAINERS: Mapping[str, tuple[Sequence[str], FakeContainer]] = {
    "plain": (
        (
            "--label=traefik.http.routers.a.rule=Host(`a`)",
            "--label=empty=",
            "--stop-signal=SIGINT",
            "--expose=80",
            "--expose=9/udp",
            f"--publish=127.0.0.1:{BOUND}:81",
        ),
        FakeContainer(
            "plain",
            {"traefik.http.routers.a.rule": "Host(`a`)", "empty": ""},
            stop_signal="SIGINT",
            ports={"80/tcp": (), "9/udp": (), "81/tcp": [("127.0.0.1", BOUND)]},
        ),
    ),
    "healthy": (
        ("--health-cmd=true", "--health-interval=1s"),
        FakeContainer("healthy", ports={}, health="starting"),
    ),
    "host": (
        ("--network=host", "--expose=80"),
        FakeContainer("host", network_mode="host", networks={"host": ()}, ports={}),
    ),
    "none": (("--network=none",), FakeContainer("none", network_mode="none", networks={"none": ()}, ports={})),
    "ipv6": (
        (f"--network={NETWORK}",),
        FakeContainer("ipv6", network_mode=NETWORK, networks={NETWORK: ()}, ports={}),
    ),
    "user": (
        ("--network=container:host",),
        FakeContainer("user", network_mode="container:host", networks={}, ports={}),
    ),
}


@contextmanager
def connected(engine: AnyEngine) -> Iterator[http.client.HTTPConnection]:
    """Open a connection to an engine's socket."""
    with closing(http.client.HTTPConnection("localhost")) as connection:
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(WITHIN)
        connection.sock.connect(str(engine.socket))
        yield connection


def answer(engine: AnyEngine, path: str, method: str = "GET") -> tuple[int, str, str]:
    """Make a request; return the status, the API version and the body of its answer."""
    with connected(engine) as connection:
        connection.request(method, path)
        said = connection.getresponse()
        return said.status, said.headers["Api-Version"], said.read().decode()


def inspect(engine: AnyEngine, container_id: str) -> Any:  # noqa: ANN401 - JSON
    """Inspect a container."""
    return json.loads(answer(engine, f"/containers/{container_id}/json")[2])


def read(inspection: Mapping[str, Any], networks: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields of an inspection that Traefik and the bridge read, with names in place of network ids."""
    state, settings = inspection["State"], inspection["NetworkSettings"]
    return {
        "Name": inspection["Name"],
        "Created": inspection["Created"][-1],
        "Image": inspection["Config"]["Image"],
        "Labels": inspection["Config"]["Labels"],
        "StopSignal": inspection["Config"].get("StopSignal"),
        "Status": state["Status"],
        "StartedAt": state["StartedAt"].startswith("0001"),
        "Health": state.get("Health", {}).get("Status"),
        "NetworkMode": inspection["HostConfig"]["NetworkMode"],
        "Ports": settings["Ports"],
        "Networks": _read_networks(settings["Networks"], networks),
    }


def listed(engine: AnyEngine, container_id: str, networks: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields of a list entry that Traefik and the bridge read, without times and exit codes."""
    entries = json.loads(answer(engine, "/containers/json?all=1")[2])
    (entry,) = (entry for entry in entries if entry["Id"] == container_id)
    ports = entry["Ports"] or ()
    return {
        **{name: entry[name] for name in ("Names", "Image", "Labels", "State")},
        "Status": TIME.sub("TIME", EXIT_CODE.sub("(CODE)", entry["Status"])),
        "Ports": {
            (port.get("IP", ""), port["PrivatePort"], port.get("PublicPort"), port["Type"]) for port in ports
        },
        "Networks": _read_networks(entry["NetworkSettings"]["Networks"], networks),
    }


def _read_networks(said: Mapping[str, Any], networks: Mapping[str, str]) -> dict[str, tuple[str, str, str]]:
    return {
        name: (networks.get(one["NetworkID"], one["NetworkID"]), one["IPAddress"], one["GlobalIPv6Address"])
        for name, one in said.items()
    }


@pytest.fixture
def real(each_engine: Engine) -> Iterator[Engine]:
    """Return a real engine with a network that has IPv4 and IPv6 addresses."""
    subnets = ("--subnet=10.254.8.0/24", "--subnet=fd00:8::/64")
    each_engine.cli("network", "create", "--ipv6", *subnets, NETWORK)
    yield each_engine
    each_engine.cli("network", "rm", NETWORK)


@pytest.fixture
def fake(real: Engine) -> Iterator[FakeEngine]:
    """Return a fake engine of the same release."""
    with FakeEngine(real.release) as started:
        yield started


@pytest.mark.parametrize("name", list(CONTAINERS))
def test_inspect(real: Engine, fake: FakeEngine, name: str) -> None:
    """A running and a stopped container are the same as on a real engine, inspected and in the list."""
    options, made_with = CONTAINERS[name]
    with ExitStack() as stack:
        if name == "user":
            target = stack.enter_context(real.container("host", image=SLEEP[0], arguments=SLEEP[1:]))
            made_with = replace(made_with, network_mode=f"container:{target}")
        theirs = real.cli("create", "--name", name, *options, *SLEEP)
        stack.callback(real.cli, "rm", "--force", name)
        real.cli("start", name)
        if made_with.health:
            wait_for(lambda: inspect(real, theirs)["State"]["Health"]["Status"] == "healthy", WITHIN, name)
            made_with = replace(made_with, health="healthy")
        networks = inspect(real, theirs)["NetworkSettings"]["Networks"]
        known = {network["NetworkID"]: of for of, network in networks.items()}
        ours = fake.run(replace(made_with, networks=_addresses(networks), image="busybox"))
        known |= {network["NetworkID"]: of for of, network in _networks(fake, ours).items()}

        assert read(inspect(fake, ours), known) == read(inspect(real, theirs), known)
        assert listed(fake, ours, known) == listed(real, theirs, known)

        real.cli("kill", name)
        fake.stop(ours)
        wait_for(lambda: inspect(real, theirs)["State"]["Status"] == "exited", WITHIN, name)
        assert read(inspect(fake, ours), known) == read(inspect(real, theirs), known)
        wait_for(lambda: listed(real, theirs, known)["State"] == "exited", WITHIN, name)
        assert listed(fake, ours, known) == listed(real, theirs, known)


@pytest.mark.parametrize("health", ["starting", "unhealthy"])
def test_list_of_health(real: Engine, fake: FakeEngine, health: str) -> None:
    """The status in the list has the health of a running container in the same words."""
    command = {"starting": "sleep 100", "unhealthy": "false"}[health]
    checks = (f"--health-cmd={command}", "--health-interval=1s", "--health-retries=1")
    ours = fake.run(FakeContainer("checked", image="busybox", networks={"none": ()}, ports={}, health=health))
    with real.container("checked", "--network=none", *checks, image=SLEEP[0], arguments=SLEEP[1:]) as theirs:
        wait_for(lambda: inspect(real, theirs)["State"]["Health"]["Status"] == health, WITHIN, health)
        known = {_networks(engine, one)["none"]["NetworkID"]: "" for engine, one in ((real, theirs), (fake, ours))}
        assert listed(fake, ours, known) == listed(real, theirs, known)


def test_created(real: Engine, fake: FakeEngine) -> None:
    """A container that never ran has no address and no port, as on a real engine."""
    theirs = real.cli("create", "--name", "created", "--expose=80", *SLEEP)
    try:
        ours = fake.create(FakeContainer("created", image="busybox"))
        assert read(inspect(fake, ours), {}) == read(inspect(real, theirs), {})
        assert listed(fake, ours, {}) == listed(real, theirs, {})
    finally:
        real.cli("rm", "created")


def test_events(real: Engine, fake: FakeEngine) -> None:
    """The same operations on a container send the same events; for networks, order and number may differ."""
    with following(real) as told:
        real.cli(
            "run",
            "--detach",
            "--name=told",
            *CONTAINERS["healthy"][0],
            "--label=a=b",
            "--stop-signal=SIGKILL",
            *SLEEP,
        )
        wait_for(lambda: "healthy" in real.cli("inspect", "told"), WITHIN, "healthy")
        real.cli("stop", "told")
        real.cli("start", "told")
        real.cli("rm", "--force", "told")
        theirs = until_destroyed(told)
    with following(fake) as told:
        container = fake.run(
            FakeContainer("told", {"a": "b"}, "busybox", health="starting", stop_signal="SIGKILL")
        )
        fake.set_health(container, "healthy")
        fake.stop(container)
        fake.start(container)
        fake.set_health(container, "healthy")
        fake.remove(container)
        ours = until_destroyed(told)

    assert of_container(ours) == of_container(theirs)
    assert of_networks(ours) == of_networks(theirs)


@pytest.mark.parametrize(
    "filters",
    [{"type": ["container"], "event": ["destroy"]}, {"type": {"container": True}, "event": {"destroy": True}}],
    ids=["lists", "objects"],
)
def test_events_of_the_past(real: Engine, fake: FakeEngine, filters: object) -> None:
    """A request with `since` gets past events, filtered as requested."""
    since = int(time.time())
    for engine, make in ((real, _make_real), (fake, _make_fake)):
        make(engine)
        with following(engine, since=since, filters=filters) as told:
            last = next(told)
        assert (last["Type"], last["Action"]) == ("container", "destroy")


def test_events_up_to_now(real: Engine, fake: FakeEngine) -> None:
    """A request with `until` gets the events up to that time, and then the stream ends."""
    for engine, make in ((real, _make_real), (fake, _make_fake)):
        make(engine)
        with following(engine, since=1, until=int(time.time()) + 1) as told:
            assert "destroy" in [message["Action"] for message in told]


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/_ping", "GET"),
        ("/_ping", "HEAD"),
        ("/v1.41/containers/nobody/json", "GET"),
        ("/v1.99/containers/json?all=1", "GET"),
        ("/v1.30/containers/json?all=1", "GET"),
        ("/v1.41/containers/json?all=1", "GET"),
    ],
)
def test_answer(real: Engine, fake: FakeEngine, path: str, method: str) -> None:
    """Status, API version and body of an answer are the same, even for refused API versions."""
    real.clear()
    real.cli("network", "create", NETWORK)
    assert answer(fake, path, method) == answer(real, path, method)


def test_version_and_info(real: Engine, fake: FakeEngine) -> None:
    """Version and info have the fields of a real engine, and the same API versions."""
    assert json.loads(answer(fake, "/version")[2]).keys() <= json.loads(answer(real, "/version")[2]).keys()
    assert json.loads(answer(fake, "/info")[2]).keys() <= json.loads(answer(real, "/info")[2]).keys()
    for field in ("ApiVersion", "MinAPIVersion"):
        versions = [json.loads(answer(engine, "/version")[2])[field] for engine in (fake, real)]
        assert versions[0] == versions[1]


@pytest.mark.parametrize("query", ["all=1", "all=0", ""])
def test_list(real: Engine, fake: FakeEngine, query: str) -> None:
    """All containers, or only the running ones, are listed, the newest first."""
    with real.container("one", image=SLEEP[0], arguments=SLEEP[1:]), ExitStack() as stack:
        real.cli("create", "--name=two", "--label=a=b", *SLEEP)
        stack.callback(real.cli, "rm", "two")
        fake.run(FakeContainer("one", image="busybox"))
        fake.create(FakeContainer("two", {"a": "b"}, "busybox"))
        ours, theirs = (json.loads(answer(one, f"/containers/json?{query}")[2]) for one in (fake, real))

    fields = ("Names", "Image", "Labels", "State")
    assert [[one[field] for field in fields] for one in ours] == [
        [one[field] for field in fields] for one in theirs
    ]
    assert all(len(one["Id"]) == 64 for one in ours)


def test_networks(real: Engine, fake: FakeEngine) -> None:
    """A network is listed by its id, with its driver."""
    for name in ("bridge", "host", "none", NETWORK):
        fake.run(FakeContainer(f"on-{name}", networks={name: ()}))
        ours = _networks(fake, f"on-{name}")[name]["NetworkID"]
        theirs = real.cli("network", "inspect", "--format={{.Id}}", name)
        said = [
            json.loads(answer(engine, "/networks?" + urlencode({"filters": json.dumps({"id": [network]})}))[2])
            for engine, network in ((fake, ours), (real, theirs))
        ]
        drivers = [[(it["Name"], it["Driver"]) for it in one] for one in said]
        assert drivers[0] == drivers[1]


@contextmanager
def following(engine: AnyEngine, **asked: Any) -> Iterator[Iterator[Any]]:  # noqa: ANN401 - JSON
    """Open an event stream; yields its events, which include past ones if requested."""
    filters = json.dumps(asked.pop("filters", {"type": ["container", "network"]}))
    query = urlencode({**asked, "filters": filters})
    with connected(engine) as connection:
        connection.request("GET", f"/events?{query}")
        yield map(json.loads, connection.getresponse())


def until_destroyed(told: Iterator[Any]) -> list[Any]:
    """Return the events up to the destruction of the container."""
    seen = []
    for event in told:
        seen.append(event)
        if event["Action"] == "destroy":
            break
    return seen


def of_container(events: Sequence[Any]) -> list[Any]:
    """Return what is read of container events, without repeated ones, unread ones and health checks."""
    read = ("create", "start", "die", "kill", "destroy", "health_status: healthy")
    steps = [
        (
            event["Action"],
            {name: event["Actor"]["Attributes"].get(name) for name in ("a", "name", "image", "signal")},
            event["timeNano"] > event["time"] * 10**9,
        )
        for event in events
        if event["Type"] == "container" and event["Action"] in read
    ]
    return [step for step, _ in groupby(steps) if step[0] != "health_status: healthy"]


def of_networks(events: Sequence[Any]) -> set[Any]:
    """Return what is read of network events."""
    return {
        (event["Action"], event["Actor"]["Attributes"]["name"], len(event["Actor"]["Attributes"]["container"]))
        for event in events
        if event["Type"] == "network"
    }


def _make_real(engine: Any) -> None:  # noqa: ANN401
    engine.cli("rm", engine.cli("create", "busybox"))


def _make_fake(engine: Any) -> None:  # noqa: ANN401
    engine.remove(engine.create(FakeContainer("gone")))


def _networks(engine: AnyEngine, container_id: str) -> Mapping[str, Any]:
    networks: Mapping[str, Any] = inspect(engine, container_id)["NetworkSettings"]["Networks"]
    return networks


def _addresses(networks: Mapping[str, Any]) -> dict[str, list[str]]:
    return {
        name: [one[family] for family in ("IPAddress", "GlobalIPv6Address") if one[family]]
        for name, one in networks.items()
    }


def test_hanging_inspection_does_not_delay_others() -> None:
    """An inspection hangs until the block ends, while others are answered."""
    with FakeEngine() as engine, ThreadPoolExecutor() as pool:
        slow, quick = engine.run(FakeContainer("slow")), engine.run(FakeContainer("quick"))
        with engine.hanging(slow):
            waiting = pool.submit(inspect, engine, slow)
            assert inspect(engine, quick)["Name"] == "/quick"
            assert not waiting.done()
        assert waiting.result(WITHIN)["Name"] == "/slow"


def test_slow_inspection_does_not_delay_others() -> None:
    """A slow inspection takes its time without delaying other answers."""
    with FakeEngine() as engine, ThreadPoolExecutor() as pool:
        slow, engine.inspection_takes = engine.run(FakeContainer("slow")), 0.5
        waiting = pool.submit(inspect, engine, slow)
        assert answer(engine, "/_ping")[0] == 200
        assert not waiting.done()
        assert waiting.result(WITHIN)["Name"] == "/slow"


def test_event_stream_that_is_cut() -> None:
    """An event stream that is cut ends, and another one can be opened."""
    with FakeEngine() as engine:
        with following(engine) as told:
            engine.cut_events()
            assert list(told) == []
        with following(engine) as told:
            container = engine.run(FakeContainer("seen"))
            assert next(told)["Actor"]["ID"] == container


def test_ten_thousand_containers() -> None:
    """Ten thousand containers can be created, listed and inspected."""
    with FakeEngine() as engine:
        ids = [engine.run(FakeContainer(f"c{number}")) for number in range(10_000)]
        assert [one["Id"] for one in json.loads(answer(engine, "/containers/json?all=1")[2])] == ids[::-1]
        with connected(engine) as connection:
            for container_id in ids:
                connection.request("GET", f"/containers/{container_id}/json")
                assert json.load(connection.getresponse())["Id"] == container_id
