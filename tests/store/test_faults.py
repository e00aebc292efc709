"""The store while etcd is killed, frozen, partitioned and wiped."""

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

# Seconds within which a call without an answer fails.
STALL = 2.5

# Seconds within which a cluster that has lost its leader accepts writes again: what is sent to members that
# have not noticed yet is lost, and repeated.
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
    """Return a store on all members that connects to the first one first."""
    return open_store(Connection(tuple(member.endpoint for member in members)))


async def test_closed_port_fails_at_once(open_store: OpenStore) -> None:
    """If nothing listens at the endpoint, a call fails at once, with the endpoint and the reason."""
    endpoint = f"{LOOPBACK}:{free_port()}"
    with fail_after(1), pytest.raises(StoreUnavailable, match=f"{endpoint}.*Connection refused"):
        await open_store(Connection((endpoint,))).read(Range("a"))


async def test_next_call_leaves_dead_endpoint(server: Etcd, open_store: OpenStore, root_key: str) -> None:
    """After a failed call the store moves on, so that the next call uses the next endpoint."""
    store = open_store(Connection((f"{LOOPBACK}:{free_port()}", server.endpoint)))
    with pytest.raises(StoreUnavailable):
        await write(store, Put(root_key, ""))
    for _ in range(3):
        assert await write(store, Put(root_key, ""))


async def test_calls_work_again_after_etcd_restart(own: Etcd, own_store: Store) -> None:
    """Calls fail while etcd is down, and work again when it is back, with all committed data."""
    revision = await write(own_store, Put("a", "1"))
    own.kill()
    with fail_after(STALL), pytest.raises(StoreUnavailable, match=own.endpoint):
        await own_store.read(Range("a"))
    own.restart()
    with fail_after(STALL):
        snapshot = await insist(lambda: own_store.read(Range("a")))
    assert snapshot.found[0][0].mod_revision == revision


async def test_watch_fails_with_etcd_and_resumes(own: Etcd, own_store: Store) -> None:
    """A watch fails when etcd dies; a new one from the next revision on misses nothing."""
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


async def test_call_to_frozen_etcd_times_out(own: Etcd, own_store: Store) -> None:
    """A call to a frozen etcd, which keeps its connections open, fails at its deadline."""
    await write(own_store, Put("a", "1"))
    own.freeze()
    with fail_after(STALL), pytest.raises(StoreUnavailable):
        await own_store.read(Range("a"))
    own.thaw()
    with fail_after(STALL):
        assert (await insist(lambda: own_store.read(Range("a")))).found[0]


async def test_connect_timeout_is_short_after_loss_then_grows(
    own: Etcd, server: Etcd, open_store: OpenStore
) -> None:
    """Connecting to a frozen endpoint takes 1 s at first, and 0.25 s after a loss, then longer each round."""
    own.freeze()
    only = open_store(Connection((own.endpoint,)))
    assert await _patience(only, 5) == [1, 0.25, 0.5, 1, 1]
    after_a_loss = open_store(Connection((f"{LOOPBACK}:{free_port()}", own.endpoint, server.endpoint)))
    assert await _patience(after_a_loss, 2) == [0, 0.25]
    await after_a_loss.read(Range("a"))


async def _patience(store: Store, calls: int) -> list[float]:
    """Return how long each call waited, rounded down to a permitted time, since a busy machine adds some."""
    kept = []
    for _ in range(calls):
        begun = current_time()
        with pytest.raises(StoreUnavailable):
            await store.read(Range("a"))
        waited = current_time() - begun
        kept.append(max(it for it in (0, 0.25, 0.5, 1) if it <= waited))
    return kept


async def test_waiting_for_frozen_etcd_can_be_cancelled(own: Etcd, own_store: Store) -> None:
    """Waiting for an answer, or for a watch to be created, is cancelled at once."""
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


async def test_calls_on_closed_connection_fail_as_unavailable(own: Etcd, own_store: Store) -> None:
    """Calls in progress on a connection that is closed fail as unavailable; they are not cancelled."""
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


async def test_watch_fails_with_reason_of_lost_connection(own: Etcd, own_store: Store) -> None:
    """A watch that ends because another call has lost the endpoint fails with the reason of that call."""
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


async def test_lease_outlives_etcd_restart(own: Etcd, own_store: Store) -> None:
    """A lease is still held after etcd was down for less than its time to live."""
    lease = await own_store.acquire("alive", "me", 6)
    assert isinstance(lease, Lease)

    async def hold() -> None:
        while True:
            # A killed etcd answers again before it has caught up with its last revision.
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
    """Exclude objects of earlier tests from garbage collection: it would count as work of this test."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("frozen_garbage")
@pytest.mark.parametrize("fault", [Etcd.kill, Etcd.freeze])
async def test_holding_fails_once_lease_may_have_expired(
    own: Etcd, own_store: Store, fault: Callable[[Etcd], None]
) -> None:
    """Without etcd, holding a lease fails only once the lease may have expired, and waiting costs little time."""
    lease = await own_store.acquire("alive", "me", 2)
    assert isinstance(lease, Lease)
    fault(own)
    begun, worked = current_time(), time.process_time()
    with pytest.raises(StoreUnavailable):
        await own_store.hold(lease)
    waited = current_time() - begun
    assert lease.ttl < waited < 2 * lease.ttl
    assert (time.process_time() - worked) / waited < 0.1


async def test_wiped_etcd_loses_lease_and_revision(own: Etcd, own_store: Store) -> None:
    """After etcd has lost all data, the lease is reported as lost and the revision is lower."""
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


async def test_restored_etcd_is_reported(own: Etcd, own_store: Store, tmp_path: Path) -> None:
    """A restore is reported even if it contains the lease, and the error says to restart every Traefik."""
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


async def test_full_etcd_refuses_puts_as_unavailable(start_etcd: StartEtcd, open_store: OpenStore) -> None:
    """An etcd whose quota is used up refuses puts as unavailable; deletions and watches still work."""
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


async def test_writes_work_without_one_member(members: list[Etcd], cluster_store: Store) -> None:
    """Writes work without one member, even the leader; without a quorum they fail in time, until it is back."""
    await insist(lambda: write(cluster_store, Put("a", "1")))
    members[0].kill()
    await insist(lambda: write(cluster_store, Put("a", "2")), ELECTION)
    members[1].kill()
    for _ in members:
        with fail_after(STALL), pytest.raises(StoreUnavailable):
            await write(cluster_store, Put("a", "3"))
    members[1].start()
    await insist(lambda: write(cluster_store, Put("a", "4")), 2 * ELECTION)


async def test_calls_move_from_frozen_member_to_next(members: list[Etcd], cluster_store: Store) -> None:
    """Calls move from a frozen member to the next, and the watch on it ends as soon as one has noticed."""
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


async def test_watch_on_member_without_quorum_fails(members: list[Etcd], open_store: OpenStore) -> None:
    """A watch on a member without a quorum fails instead of staying silent."""
    store = open_store(Connection((members[0].endpoint,)))
    start = await insist(lambda: write(store, Put("a", "1")))

    async def follow() -> None:
        async with store.watch(Range("a"), revision=start + 1) as watch:
            members[1].kill()
            members[2].kill()
            await anext(watch)

    with fail_after(10), pytest.raises(StoreUnavailable):
        await follow()
