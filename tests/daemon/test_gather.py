"""Which containers are inspected, and when: on a fake engine that records requests, since real ones do not."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from threading import Event
from typing import Any

import anyio
import pytest
from anyio import to_thread

from bridge.daemon.gather import PATIENCE, Gathered, Gatherer
from bridge.engine.client import Engine
from bridge.engine.model import Endpoint
from tests.daemon.host import WITHIN, routed_by
from tests.daemon.keys import Keys
from tests.lab.background import background
from tests.lab.bridge import Bridge
from tests.lab.etcd import Etcd
from tests.lab.fake_engine import FakeContainer, FakeEngine
from tests.lab.wait import wait_for

PORT = "traefik.http.services.guest.loadbalancer.server.port"


class CountingEngine(FakeEngine):
    """A fake engine that records inspections and lists, and can make them fail."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.answered: list[str] = []
        self.breaking: set[str] = set()
        self.losing: set[str] = set()
        self.lists = 0
        self.lists_all = Event()
        self.lists_all.set()
        self.refuses = Event()

    def inspected(self, name: str) -> dict[str, Any] | None:
        """Record the request, and answer it or close the connection."""
        self.asked.append(name)
        if name in self.breaking:
            raise ConnectionAbortedError
        found = None if name in self.losing else super().inspected(name)
        self.answered.append(name)
        return found

    def join(self, container_id: str) -> None:
        """Tell that a container that does not run joins its networks, as at the beginning of its start."""
        with self._lock:
            self._tell_networks(container_id, "connect")

    def reconnect(self, container_id: str, address: str) -> None:
        """Disconnect a running container from its networks; connect it to the default one with another address."""
        with self._lock:
            state = self._states[container_id]
            self._tell_networks(container_id, "disconnect")
            made_with = replace(state.made_with, networks={"bridge": (address,)})
            self._states[container_id] = replace(state, made_with=made_with)
            self._tell_networks(container_id, "connect")

    def listed(self, *, running: bool = False) -> list[dict[str, Any]]:
        """Count the request, and answer it once that is allowed."""
        self.lists += 1
        if self.refuses.is_set():
            raise ConnectionAbortedError
        self.lists_all.wait(WITHIN)
        return super().listed(running=running)


@pytest.fixture
def engine() -> Iterator[CountingEngine]:
    """Return an engine without containers."""
    with CountingEngine() as started:
        yield started


@contextmanager
def bridge(engine: FakeEngine, etcd: Etcd, root_key: str, **settings: str) -> Iterator[Keys]:
    """Run a bridge until the block ends; yields the keys that it writes."""
    with Bridge(engine, etcd, root_key, **settings):
        yield Keys(etcd, root_key)


def container(name: str, **labels: str) -> FakeContainer:
    """Return a container with a router of its name."""
    label, _, value = routed_by(name).removeprefix("--label=").partition("=")
    return FakeContainer(name, {label: value, **{f"traefik.{key}": text for key, text in labels.items()}})


def routed(keys: Keys, container_id: str) -> None:
    """Wait until a container has a server."""
    wait_for(lambda: keys.servers(container_id), WITHIN, "it is not routed")


def test_excluded_container_is_never_inspected(engine: CountingEngine, etcd: Etcd, root_key: str) -> None:
    """A container that its labels exclude is not inspected: the list and the events say so already."""
    excluded = engine.run(container("excluded", enable="false"))
    with bridge(engine, etcd, root_key) as keys:
        engine.stop(excluded)
        later = engine.run(container("later", enable="false"))
        routed(keys, engine.run(container("other")))
        assert not {excluded, later} & {*engine.asked}


def test_only_allownonrunning_is_inspected_when_created(engine: CountingEngine, etcd: Etcd, root_key: str) -> None:
    """A container is inspected with its start, or when it is created if its labels keep it without running."""
    with bridge(engine, etcd, root_key, traefik_version="3.7") as keys:
        created = engine.create(container("created"))
        kept = engine.create(container("kept", **{"docker.allownonrunning": "true"}))
        wait_for(lambda: "http/routers/kept/rule" in keys.view(), WITHIN, "it is not routed")
        assert created not in engine.asked
        assert kept in engine.asked


def test_starting_container_is_inspected_once(engine: CountingEngine, etcd: Etcd, root_key: str) -> None:
    """A container that joins a network is inspected at once; its start needs no other answer than that one."""
    with bridge(engine, etcd, root_key) as keys:
        starting = engine.create(container("starting"))
        with engine.hanging(starting):
            engine.join(starting)
            wait_for(lambda: engine.asked == [starting], WITHIN, "it is not asked for")
            engine.start(starting)
        routed(keys, starting)
        routed(keys, engine.run(container("other")))
        assert engine.asked.count(starting) == 1


def test_early_answer_is_not_taken(engine: CountingEngine, etcd: Etcd, root_key: str) -> None:
    """If an engine answers before the start, the container is inspected again when it has started."""
    with bridge(engine, etcd, root_key) as keys:
        starting = engine.create(container("starting"))
        engine.join(starting)
        wait_for(lambda: engine.answered == [starting], WITHIN, "it is not asked for")
        engine.start(starting)
        routed(keys, starting)
        assert engine.asked.count(starting) == 2


def test_only_stop_signal_leads_to_inspection(engine: CountingEngine, etcd: Etcd, root_key: str) -> None:
    """Only the stop signal leads to an inspection: other signals are how users talk to their programs."""
    reloaded = engine.run(container("reloaded"))
    with bridge(engine, etcd, root_key) as keys:
        routed(keys, reloaded)
        engine.asked.clear()
        engine.signal(reloaded, "1")
        routed(keys, engine.run(container("other")))
        assert reloaded not in engine.asked


def test_resync_inspects_only_changed_containers(engine: CountingEngine, etcd: Etcd, root_key: str) -> None:
    """A resync inspects nobody who is listed as before, and puts back what somebody removed by hand."""
    same = engine.run(container("same"))
    with bridge(engine, etcd, root_key, resync_interval="1s") as keys:
        routed(keys, same)
        wait_for(lambda: same in engine.asked, WITHIN, "it was not inspected")
        resynced(engine)
        engine.asked.clear()
        resynced(engine)
        assert same not in engine.asked
        assert keys.servers(same)
        [record] = [key for key in keys.state() if key.startswith("containers/")]
        etcd.ctl("del", f"docker-event-bridge/{root_key}/{record}")
        wait_for(lambda: record in keys.state(), WITHIN, "what was removed by hand is not back")


def resynced(engine: CountingEngine) -> None:
    """Wait for two more lists: by then, all inspections after the first one are answered."""
    asked = engine.lists
    wait_for(lambda: engine.lists >= asked + 2, WITHIN, "there is no resync")


def test_event_during_resync_leads_to_inspection(engine: CountingEngine, etcd: Etcd, root_key: str) -> None:
    """An event that comes while all is listed anew leads to an inspection, though the list shows no change."""
    same = engine.run(replace(container("same"), health="healthy"))
    with Bridge(engine, etcd, root_key) as running:
        routed(Keys(etcd, root_key), same)
        running.process.wait_until(running.healthy, WITHIN)
        lists = engine.lists
        engine.lists_all.clear()
        engine.cut_events()
        running.process.wait_until(lambda: engine.lists > lists, WITHIN)
        engine.cut_events()
        running.process.wait_until(lambda: running.log().count('{"to": "Docker"') > 2, WITHIN)
        engine.asked.clear()
        engine.set_health(same, "healthy")
        assert not running.healthy()
        engine.lists_all.set()
        running.process.wait_until(running.healthy, WITHIN)
        running.process.wait_until(lambda: same in engine.asked, WITHIN)


def test_stop_signal_during_broken_stream_withdraws(engine: CountingEngine, etcd: Etcd, root_key: str) -> None:
    """A stop signal sent while the event stream is broken withdraws the container once that is reopened."""
    draining = engine.run(container("draining"))
    with bridge(engine, etcd, root_key) as keys:
        routed(keys, draining)
        # The reopened stream begins at a whole second, which here must be after the signal.
        wait_for(lambda: time.time() % 1 > 0.95, WITHIN, "no second ends")
        engine.cut_events()
        engine.signal(draining, "15")
        wait_for(lambda: not keys.servers(draining), WITHIN, "it is still routed")


def test_hanging_inspection_does_not_delay_others(engine: CountingEngine, etcd: Etcd, root_key: str) -> None:
    """A container whose inspection hangs is routed once it is answered; others are, at the start and later."""
    some = [engine.run(container(f"some{number}")) for number in range(20)]
    hanging = engine.run(container("hanging"))
    others = [*some, *(engine.run(container(f"other{number}")) for number in range(20))]
    with ExitStack() as unanswered:
        unanswered.enter_context(engine.hanging(hanging))
        with bridge(engine, etcd, root_key) as keys:
            for other in others:
                routed(keys, other)
            routed(keys, engine.run(container("later")))
            assert not keys.servers(hanging)
            unanswered.close()
            routed(keys, hanging)


def test_broken_off_inspection_is_repeated(engine: CountingEngine, etcd: Etcd, root_key: str) -> None:
    """Where an inspection breaks off, what is known of the container stays, and it is asked for again."""
    breaking = engine.run(container("breaking"))
    with bridge(engine, etcd, root_key) as keys:
        routed(keys, breaking)
        engine.breaking.add(breaking)
        engine.set_health(breaking, "unhealthy")
        routed(keys, engine.run(container("other")))
        assert keys.servers(breaking)
        engine.breaking.clear()
        wait_for(lambda: not keys.servers(breaking), WITHIN, "it is not asked for again")


def test_slow_engine_is_followed(engine: CountingEngine, etcd: Etcd, root_key: str) -> None:
    """Where each inspection takes longer than a round waits for it, routes come and go all the same."""
    first, engine.inspection_takes = engine.run(container("first")), 2.5
    with bridge(engine, etcd, root_key) as keys:
        routed(keys, first)
        later = engine.run(container("later"))
        wait_for(lambda: keys.servers(later), 2 * WITHIN, "it is not routed")
        engine.die(first)
        wait_for(lambda: not keys.servers(first), 2 * WITHIN, "it is still routed")
        assert keys.servers(later)


@asynccontextmanager
async def asked_again(gatherer: Gatherer) -> AsyncIterator[Callable[[], Awaitable[str]]]:
    """Keep asking for unreadable containers; yields a function that waits for the next one that is answered."""
    ids, answers = anyio.create_memory_object_stream[str](10)

    async def answered() -> str:
        with anyio.fail_after(WITHIN):
            return await answers.receive()

    async with ids, answers, background(gatherer.ask_again, ids.send_nowait):
        yield answered


@pytest.mark.anyio
async def test_unreadable_containers_are_settled_as_they_answer(engine: CountingEngine) -> None:
    """Containers that could not be read are asked for one by one: the first answered is the first settled."""
    *hanging, last = sorted(engine.run(container(f"some{number}")) for number in range(5))
    gatherer = Gatherer(Engine(Endpoint(engine.url)))
    with ExitStack() as stack:
        for one in hanging:
            stack.enter_context(engine.hanging(one))
        with engine.hanging(last):
            assert {gap.container_id for gap in (await gatherer.some([*hanging, last])).unreadable} == {
                *hanging,
                last,
            }
        async with asked_again(gatherer) as answered:
            assert await answered() == last
        assert [one.id for one in (await gatherer.some([last])).seen] == [last]
    await gatherer.engine.aclose()


@pytest.mark.anyio
async def test_hanging_inspections_time_out_together(engine: CountingEngine) -> None:
    """To give up many inspections that hang together takes little longer than to give up one."""
    hanging = [engine.run(container(f"some{number}")) for number in range(32)]
    other = engine.run(container("other"))
    gatherer = Gatherer(Engine(Endpoint(engine.url)))
    with ExitStack() as stack:
        for one in hanging:
            stack.enter_context(engine.hanging(one))
        with anyio.fail_after(4 * PATIENCE):
            gathered = await gatherer.some([*hanging, other])
    assert {gap.container_id for gap in gathered.unreadable} == {*hanging}
    assert [one.id for one in gathered.seen] == [other]
    await gatherer.engine.aclose()


@pytest.mark.anyio
async def test_unreadable_container_does_not_delay_resync(engine: CountingEngine) -> None:
    """A resync does not wait for who is asked for beside it; that answer may be old, so it is asked once more."""
    hanging, other = engine.run(container("hanging")), engine.run(container("other"))
    gatherer = Gatherer(Engine(Endpoint(engine.url)))
    with engine.hanging(hanging):
        assert (await gatherer.some([hanging])).unreadable
        with anyio.fail_after(PATIENCE / 2):
            parts = [part async for part in gatherer.all({hanging: 1, other: 2}, [hanging])]
    assert [gap.container_id for part in parts for gap in part.unreadable] == [hanging]
    assert [one.id for part in parts for one in part.seen] == [other]
    async with asked_again(gatherer) as answered:
        assert await answered() == hanging
    await gatherer.engine.aclose()


@pytest.mark.anyio
async def test_listed_but_missing_container_is_inspected_again(engine: CountingEngine) -> None:
    """A container that is listed but not found is inspected at the next resync: the engine may have been wrong."""
    one, lost = engine.run(container("one")), engine.run(container("lost"))
    states = {one: 1, lost: 2}
    gatherer = Gatherer(Engine(Endpoint(engine.url)))
    engine.losing.add(lost)
    first = [seen for part in [part async for part in gatherer.all(states, ())] for seen in part.seen]
    assert {seen.id for seen in first if seen.container} == {one}
    engine.losing.clear()
    second = [seen for part in [part async for part in gatherer.all(states, ())] for seen in part.seen]
    assert [seen.id for seen in second if seen.container] == [lost]
    await gatherer.engine.aclose()


@pytest.mark.anyio
@pytest.mark.parametrize("happens_to", ["user", "target"])
async def test_event_outdates_earlier_inspection(engine: CountingEngine, happens_to: str) -> None:
    """An answer from before an event of the container, or of its network target, is discarded."""
    target = engine.run(container("target"))
    user = engine.run(replace(container("user"), network_mode=f"container:{target}", networks={}))
    gatherer = Gatherer(Engine(Endpoint(engine.url)))
    with engine.hanging(user):
        assert (await gatherer.some([user])).unreadable
    async with asked_again(gatherer) as answered:
        assert await answered() == user
        changed = {"user": user, "target": target}[happens_to]
        engine.die(changed)
        gatherer.outdate(changed, by_start=False)
        assert await gatherer.some([user]) == Gathered((), ())
        assert await answered() == user
    [seen] = (await gatherer.some([user])).seen
    assert {one.id: one.status for one in (seen.container, *seen.targets) if one}[changed] == "exited"
    await gatherer.engine.aclose()


@pytest.mark.anyio
@pytest.mark.parametrize(("by_start", "status"), [(True, "running"), (False, "exited")])
async def test_event_outdates_answer_of_starting_container(
    engine: CountingEngine,
    by_start: bool,  # noqa: FBT001
    status: str,
) -> None:
    """What was asked for ahead is kept by the start itself, and discarded by everything else that happens."""
    async with asked_ahead(engine) as (gatherer, one):
        gatherer.outdate(one, by_start=by_start)
        [seen] = (await gatherer.some([one])).seen
    assert seen.container
    assert seen.container.status == status


@pytest.mark.anyio
async def test_resync_discards_answer_of_starting_container(engine: CountingEngine) -> None:
    """A resync comes after a gap in the events: what was asked for ahead may be older than what they would say."""
    async with asked_ahead(engine) as (gatherer, one):
        [seen] = [seen async for part in gatherer.all({one: 1}, ()) for seen in part.seen]
    assert seen.container
    assert seen.container.status == "exited"


@asynccontextmanager
async def asked_ahead(engine: CountingEngine) -> AsyncIterator[tuple[Gatherer, str]]:
    """Ask for a container ahead; yields it once it was said to run, and has ended since."""
    one = engine.run(container("one"))
    gatherer = Gatherer(Engine(Endpoint(engine.url)))
    async with background(gatherer.ask_ahead):
        await anyio.wait_all_tasks_blocked()
        gatherer.starts(one)
        await to_thread.run_sync(wait_for, lambda: engine.answered == [one], WITHIN, "it is not asked for")
        engine.die(one)
        yield gatherer, one
    await gatherer.engine.aclose()


@pytest.mark.anyio
async def test_event_outdates_inspection_of_network_target(engine: CountingEngine) -> None:
    """Events of a target count from when it is asked for: its answer may be older than they are."""
    target = engine.run(container("target", enable="false"))
    user = engine.run(replace(container("user"), network_mode=f"container:{target}", networks={}))
    gatherer = Gatherer(Engine(Endpoint(engine.url)))
    async with anyio.create_task_group() as tasks:
        with engine.hanging(target):
            tasks.start_soon(gatherer.some, [user])
            await to_thread.run_sync(wait_for, lambda: target in engine.asked, WITHIN, "it is not asked for")
            assert gatherer.is_target(target)
    await gatherer.engine.aclose()


def test_container_stays_while_its_network_target_hangs(engine: CountingEngine, etcd: Etcd, root_key: str) -> None:
    """Whoever uses the network of a container whose inspection hangs stays as it is, until there is an answer."""
    target = engine.run(container("target", enable="false"))
    guest = replace(container("guest"), network_mode=f"container:{target}", networks={}, health="healthy")
    user = engine.run(replace(guest, labels={**guest.labels, PORT: "80"}))
    with bridge(engine, etcd, root_key) as keys:
        routed(keys, user)
        with engine.hanging(target):
            asked = engine.asked.count(target)
            engine.set_health(user, "healthy")
            wait_for(lambda: engine.asked.count(target) > asked + 1, WITHIN, "nobody asked for it again")
            routed(keys, engine.run(container("other")))
            assert keys.servers(user)
        engine.remove(target)
        wait_for(lambda: not keys.servers(user), WITHIN, "it is still routed")


def test_ended_container_leaves_while_its_network_target_hangs(
    engine: CountingEngine, etcd: Etcd, root_key: str
) -> None:
    """Whoever ends leaves though the inspection of its target hangs; one that is kept without running stays."""
    target = engine.run(container("target", enable="false"))
    users = [container("ended"), container("kept", **{"docker.allownonrunning": "true"})]
    ended, kept = (
        engine.run(
            replace(
                user,
                labels={**user.labels, PORT.replace("guest", user.name): "80"},
                network_mode=f"container:{target}",
                networks={},
            )
        )
        for user in users
    )
    with bridge(engine, etcd, root_key, traefik_version="3.7") as keys:
        routed(keys, ended)
        routed(keys, kept)
        with engine.hanging(target):
            engine.die(kept)
            engine.die(ended)
            wait_for(lambda: not keys.servers(ended), WITHIN, "it is still routed")
            assert keys.servers(kept)


def test_event_of_network_owner_concerns_whole_chain(engine: CountingEngine, etcd: Etcd, root_key: str) -> None:
    """In a chain of containers that share a network, an event of the owner concerns all of them."""
    owner = engine.run(container("owner", enable="false"))
    middle = replace(container("middle", enable="false"), network_mode=f"container:{owner}", networks={})
    guest = replace(container("guest"), network_mode=f"container:{engine.run(middle)}", networks={})
    user = engine.run(replace(guest, labels={**guest.labels, PORT: "80"}))
    with bridge(engine, etcd, root_key) as keys:
        routed(keys, user)
        engine.remove(owner)
        wait_for(lambda: not keys.servers(user), WITHIN, "it is still routed")


def test_stop_signal_during_bridge_downtime_withdraws(engine: CountingEngine, etcd: Etcd, root_key: str) -> None:
    """A container that got its stop signal while no bridge ran is withdrawn: the engine still has the event."""
    draining, other = engine.run(container("draining")), engine.run(container("other"))
    with Bridge(engine, etcd, root_key) as running:
        keys = Keys(etcd, root_key)
        routed(keys, draining)
        running.process.end()
        engine.signal(draining, "15")
        running.start()
        wait_for(lambda: not keys.servers(draining), WITHIN, running.process.tail)
        running.process.end()
        revision = keys.view()
        running.start()
        running.wait_until_healthy()
        assert keys.view() == revision
        assert keys.servers(other)
        engine.stop(draining)
        engine.start(draining)
        routed(keys, draining)


class RestlessEngine(CountingEngine):
    """An engine behind a proxy that accepts each event stream and ends it at once."""

    def __init__(self) -> None:
        super().__init__()
        self.subscribed: list[float] = []

    def follow(self, wanted: Callable[[dict[str, Any]], bool], since: float) -> Any:  # noqa: ANN401 - as in the base class
        """End the stream as soon as it begins."""
        stream = super().follow(wanted, since)
        if since > 1:  # not a request for past events
            self.subscribed.append(time.monotonic())
            stream.end()
        return stream


def test_reconnects_back_off_while_event_streams_are_cut(etcd: Etcd, root_key: str) -> None:
    """If a proxy cuts each event stream at once, the bridge reconnects ever less often, and still routes."""
    with RestlessEngine() as engine:
        running = Bridge(engine, etcd, root_key)
        try:
            running.start()
            routed(Keys(etcd, root_key), engine.run(container("web")))
            wait_for(lambda: len(engine.subscribed) >= 6, 3 * WITHIN, running.process.tail)
        finally:
            running.remove()
        assert engine.subscribed[5] - engine.subscribed[0] > 2


def test_network_events_of_stopped_container_do_not_inspect(
    engine: CountingEngine, etcd: Etcd, root_key: str
) -> None:
    """Networks are told of before a start and after an end: each of these is one inspection, not two."""
    with bridge(engine, etcd, root_key) as keys:
        routed(keys, other := engine.run(container("other")))
        started = engine.run(container("started"))
        routed(keys, started)
        followed(engine, keys)
        assert engine.asked.count(started) == 1
        engine.die(started)
        wait_for(lambda: not keys.servers(started), WITHIN, "it is still routed")
        followed(engine, keys)
        assert engine.asked.count(started) == 2
        assert keys.servers(other)


def test_network_change_during_first_inspection_counts(engine: CountingEngine, etcd: Etcd, root_key: str) -> None:
    """A container that changes networks during the first inspections is inspected again: it may be running."""
    moved, hanging = engine.run(container("moved")), engine.run(container("hanging"))
    with engine.hanging(hanging):
        running = Bridge(engine, etcd, root_key)
        try:
            running.start()
            running.process.wait_until(lambda: moved in engine.answered, WITHIN)
            engine.reconnect(moved, "127.0.0.3")
            keys = Keys(etcd, root_key)
            wait_for(lambda: keys.servers(moved) == ["http://127.0.0.3:80"], WITHIN, running.process.tail)
        finally:
            running.remove()


def followed(engine: CountingEngine, keys: Keys) -> None:
    """Wait until the bridge has handled all events up to now."""
    last = engine.run(container(f"last-{len(engine.asked)}"))
    routed(keys, last)


def test_bridge_declared_dead_during_engine_outage_resettles(
    engine: CountingEngine, etcd: Etcd, root_key: str
) -> None:
    """A bridge declared dead while the engine does not answer, as after a suspend, settles everything anew."""
    first = engine.run(container("first"))
    with Bridge(engine, etcd, root_key, resync_interval="1s") as running:
        keys = Keys(etcd, root_key)
        routed(keys, first)
        running.wait_until_healthy()
        engine.refuses.set()
        wait_for(lambda: '"on": "Docker"' in running.log(), WITHIN, running.process.tail)
        # With `alive` rewritten, the next transaction is refused; nothing else tells the bridge before.
        etcd.ctl("put", f"docker-event-bridge/{root_key}/alive/lab", keys.state()["alive/lab"].value)
        later = engine.run(container("later"))
        engine.refuses.clear()
        wait_for(lambda: "declared this one dead" in running.log(), WITHIN, running.process.tail)
        routed(keys, later)
        assert keys.servers(first)
