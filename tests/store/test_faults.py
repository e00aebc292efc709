"""The store while etcd is killed, frozen, split and wiped."""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from anyio import create_task_group, current_time, fail_after, move_on_after, sleep, wait_all_tasks_blocked

from bridge.claims.transaction import Delete, Put, Range
from bridge.store.client import Lease, Store
from bridge.store.connection import Connection
from bridge.store.errors import LeaseLost, Rewound, StoreUnavailable
from tests.lab.etcd import Etcd, cluster
from tests.lab.parts import EtcdRelease
from tests.lab.ports import LOOPBACK, free_port
from tests.store.answers import insist, write
from tests.store.conftest import OpenStore, StartEtcd

pytestmark = pytest.mark.anyio

# Seconds until a call that gets no answer has failed.
STALL = 2.5

# Seconds until a cluster that has lost its leader takes writes again: what is sent to members that do not
# know it yet is lost, and repeated.
ELECTION = 6.0


@pytest.fixture
def own(start_etcd: StartEtcd) -> Etcd:
    """Return an etcd that this test may break."""
    return start_etcd()


@pytest.fixture
def own_store(own: Etcd, open_store: OpenStore) -> Store:
    """Return a store on the etcd that may break."""
    return open_store(Connection((own.endpoint,)))


@pytest.fixture
def members(release: EtcdRelease, etcd: Etcd, etcd37: Etcd) -> Iterator[list[Etcd]]:  # noqa: ARG001, both are built
    """Return a cluster of three that this test may break."""
    with cluster(release) as started:
        yield started


@pytest.fixture
def cluster_store(members: list[Etcd], open_store: OpenStore) -> Store:
    """Return a store on all members, which begins with the first."""
    return open_store(Connection(tuple(member.endpoint for member in members)))


async def test_nobody_there(open_store: OpenStore) -> None:
    """Where nothing listens the error says where and why, at once."""
    endpoint = f"{LOOPBACK}:{free_port()}"
    with fail_after(1), pytest.raises(StoreUnavailable, match=f"{endpoint}.*Connection refused"):
        await open_store(Connection((endpoint,))).read(Range("a"))


async def test_the_first_endpoint_is_dead(server: Etcd, open_store: OpenStore, root_key: str) -> None:
    """A call that fails gives the endpoint up, so that the next call reaches the next endpoint."""
    store = open_store(Connection((f"{LOOPBACK}:{free_port()}", server.endpoint)))
    with pytest.raises(StoreUnavailable):
        await write(store, Put(root_key, ""))
    for _ in range(3):
        assert await write(store, Put(root_key, ""))


async def test_killed_and_restarted(own: Etcd, own_store: Store) -> None:
    """Calls fail while etcd is gone, and work again when it is back; what was committed is there."""
    revision = await write(own_store, Put("a", "1"))
    own.kill()
    with fail_after(STALL), pytest.raises(StoreUnavailable, match=own.endpoint):
        await own_store.read(Range("a"))
    own.restart()
    with fail_after(STALL):
        snapshot = await insist(lambda: own_store.read(Range("a")))
    assert snapshot.found[0][0].mod_revision == revision


async def test_a_watch_ends_with_etcd_and_resumes(own: Etcd, own_store: Store) -> None:
    """A watch fails when etcd dies; from the next revision on nothing is missed."""
    start = await write(own_store, Put("a", "0"))

    async def follow() -> None:
        async with own_store.watch(Range("a"), revision=start + 1) as watch:
            own.kill()
            await anext(watch)

    with fail_after(STALL), pytest.raises(StoreUnavailable):
        await follow()
    own.restart()
    await insist(lambda: write(own_store, Put("a", "1")))
    async with own_store.watch(Range("a"), revision=start + 1) as watch:
        with fail_after(STALL):
            assert [event.value for event in await anext(watch)] == ["1"]


async def test_a_frozen_etcd_is_given_up(own: Etcd, own_store: Store) -> None:
    """An etcd that holds its connections and says nothing fails a call at its deadline."""
    await write(own_store, Put("a", "1"))
    own.freeze()
    with fail_after(STALL), pytest.raises(StoreUnavailable):
        await own_store.read(Range("a"))
    own.thaw()
    with fail_after(STALL):
        assert (await insist(lambda: own_store.read(Range("a")))).found[0]


async def test_connecting_is_patient_only_with_the_first_and_with_those_that_stay_away(
    own: Etcd, server: Etcd, open_store: OpenStore
) -> None:
    """A frozen endpoint keeps a new bridge for 1 s, one that has lost another for 0.25 s, then for longer."""
    own.freeze()
    only = open_store(Connection((own.endpoint,)))
    assert await _patience(only, 5) == [1, 0.25, 0.5, 1, 1]
    after_a_loss = open_store(Connection((f"{LOOPBACK}:{free_port()}", own.endpoint, server.endpoint)))
    assert await _patience(after_a_loss, 2) == [0, 0.25]
    await after_a_loss.read(Range("a"))


async def _patience(store: Store, calls: int) -> list[float]:
    """Return for how many of the seconds that it may be each call was kept; a busy machine adds to them."""
    kept = []
    for _ in range(calls):
        begun = current_time()
        with pytest.raises(StoreUnavailable):
            await store.read(Range("a"))
        waited = current_time() - begun
        kept.append(max(it for it in (0, 0.25, 0.5, 1) if it <= waited))
    return kept


async def test_waiting_for_a_frozen_etcd_can_be_cancelled(own: Etcd, own_store: Store) -> None:
    """Whoever waits for an answer, or for a watch to stand, leaves at once."""
    await write(own_store, Put("a", "1"))
    own.freeze()
    begun = current_time()
    async with create_task_group() as tasks:
        tasks.start_soon(own_store.read, Range("a"))
        tasks.start_soon(own_store.acquire, "b", "", 5)
        with move_on_after(0.1):
            async with own_store.watch(Range("a"), revision=1):
                pytest.fail("a frozen etcd has answered")
        tasks.cancel_scope.cancel()
    own.thaw()
    assert current_time() - begun < 1


async def test_calls_end_with_their_connection(own: Etcd, own_store: Store) -> None:
    """Whoever waits on a connection that another gives up is told so, and is not taken for cancelled."""
    await write(own_store, Put("a", "1"))
    own.freeze()
    told: list[str] = []

    async def ask() -> None:
        try:
            await own_store.read(Range("a"))
        except StoreUnavailable as error:
            told.append(str(error))

    with fail_after(STALL / 2):
        async with create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(ask)
            await wait_all_tasks_blocked()
            await own_store.aclose()
    own.thaw()
    assert told == [f"etcd at {own.endpoint} was given up"] * 3


async def test_calls_tell_why_their_connection_ended(own: Etcd, own_store: Store) -> None:
    """What is under way when another call finds the endpoint lost tells the reason that this one had."""
    revision, told = await write(own_store, Put("a", "1")), list[str]()

    async def follow() -> None:
        try:
            async with own_store.watch(Range("a"), revision=revision + 1) as watch:
                await anext(watch)
        except StoreUnavailable as error:
            told.append(str(error))

    with fail_after(STALL):
        async with create_task_group() as tasks:
            tasks.start_soon(follow)
            await write(own_store, Put("b", ""))
            await wait_all_tasks_blocked()
            own.freeze()
            with pytest.raises(StoreUnavailable, match="does not answer within") as lost:
                await own_store.read(Range("a"))
    own.thaw()
    assert told == [str(lost.value)]


async def test_a_lease_outlives_a_restart(own: Etcd, own_store: Store) -> None:
    """The holder goes on through refreshes that fail, for less than the lease lives."""
    lease = await own_store.acquire("alive", "me", 6)
    assert isinstance(lease, Lease)

    async def hold() -> None:
        while True:
            # An etcd that was killed answers before it is at its last revision again.
            with suppress(Rewound):
                await own_store.hold(lease)

    async with create_task_group() as tasks:
        tasks.start_soon(hold)
        own.kill()
        await sleep(lease.ttl / 4)
        own.restart()
        with fail_after(STALL):
            start = await insist(lambda: write(own_store, Put("a", "1")))
        with move_on_after(lease.ttl + 2):
            async with own_store.watch(Range("alive"), revision=start + 1) as watch:
                pytest.fail(f"lost: {await anext(watch)}")
        tasks.cancel_scope.cancel()


@pytest.fixture
def frozen_garbage() -> Iterator[None]:
    """Let no collection look through what earlier tests have left: it would count as the work of this one."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("frozen_garbage")
@pytest.mark.parametrize("fault", [Etcd.kill, Etcd.freeze])
async def test_a_holder_without_etcd_says_so_once_the_lease_may_be_gone(
    own: Etcd, own_store: Store, fault: Callable[[Etcd], None]
) -> None:
    """Nothing is said for as long as the lease lives for certain; the wait costs next to nothing."""
    lease = await own_store.acquire("alive", "me", 2)
    assert isinstance(lease, Lease)
    fault(own)
    begun, worked = current_time(), time.process_time()
    with pytest.raises(StoreUnavailable):
        await own_store.hold(lease)
    waited = current_time() - begun
    assert lease.ttl < waited < 2 * lease.ttl
    assert (time.process_time() - worked) / waited < 0.1


async def test_a_wiped_etcd_is_another_etcd(own: Etcd, own_store: Store) -> None:
    """After the loss of all data the lease is lost and the revision is lower."""
    lease = await own_store.acquire("alive", "me", 5)
    assert isinstance(lease, Lease)
    before = await own_store.read(Range("alive"))
    own.kill()
    own.wipe()
    own.restart()
    with fail_after(lease.ttl), pytest.raises(LeaseLost):
        await own_store.hold(lease)
    after = await insist(lambda: own_store.read(Range("alive")))
    assert after.revision < before.revision
    assert after.found == ((),)


async def test_a_restored_etcd_is_told(own: Etcd, own_store: Store, tmp_path: Path) -> None:
    """After a restore that has the lease, too, the revision is lower; what that means for Traefik is told."""
    lease = await own_store.acquire("alive", "me", 30)
    assert isinstance(lease, Lease)
    snapshot = tmp_path / "snapshot"
    own.ctl("snapshot", "save", str(snapshot))
    await write(own_store, Put("a", "1"))
    own.kill()
    own.restore(snapshot)
    own.restart()
    with fail_after(lease.ttl), pytest.raises(Rewound, match="restart every Traefik"):
        await own_store.hold(lease)


async def test_no_space_is_waited_for(start_etcd: StartEtcd, open_store: OpenStore) -> None:
    """An etcd whose quota is used up takes no puts for now; what needs no space goes on, watches included."""
    store = open_store(Connection((start_etcd("--quota-backend-bytes=2000000").endpoint,)))
    start = await write(store, Put("a", "1"))

    async def fill() -> None:
        while True:
            await write(store, Put("b", "x" * 500_000))

    async with store.watch(Range("a"), revision=start + 1) as watch:
        with fail_after(20), pytest.raises(StoreUnavailable, match="space exceeded; compact and defragment"):
            await fill()
        await write(store, Delete("a"))
        with fail_after(STALL):
            assert [event.value for event in await anext(watch)] == [None]


async def test_members_die_and_return(members: list[Etcd], cluster_store: Store) -> None:
    """One dead member, also the leader, is got over; without quorum calls fail in time, and work again with it."""
    await insist(lambda: write(cluster_store, Put("a", "1")))
    members[0].kill()
    await insist(lambda: write(cluster_store, Put("a", "2")), ELECTION)
    members[1].kill()
    for _ in members:
        with fail_after(STALL), pytest.raises(StoreUnavailable):
            await write(cluster_store, Put("a", "3"))
    members[1].start()
    await insist(lambda: write(cluster_store, Put("a", "4")), 2 * ELECTION)


async def test_a_member_freezes(members: list[Etcd], cluster_store: Store) -> None:
    """A frozen member is left for the next, and the watch on it ends as soon as that is found out."""
    start = await insist(lambda: write(cluster_store, Put("a", "1")))

    async def follow() -> None:
        async with cluster_store.watch(Range("b"), revision=start) as watch:
            members[0].freeze()
            await insist(lambda: write(cluster_store, Put("a", "2")), ELECTION)
            with fail_after(1):
                await anext(watch)

    with pytest.raises(StoreUnavailable):
        await follow()
    members[0].thaw()


async def test_a_watch_on_a_minority_fails(members: list[Etcd], open_store: OpenStore) -> None:
    """A member that has lost the others ends a watch instead of leaving it silent."""
    store = open_store(Connection((members[0].endpoint,)))
    start = await insist(lambda: write(store, Put("a", "1")))

    async def follow() -> None:
        async with store.watch(Range("a"), revision=start + 1) as watch:
            members[1].kill()
            members[2].kill()
            await anext(watch)

    with fail_after(10), pytest.raises(StoreUnavailable):
        await follow()
