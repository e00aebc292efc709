"""Leases: they hold the one key that shows that a bridge is alive."""

from typing import Any

import pytest
from anyio import create_task_group, fail_after, move_on_after

from bridge.claims.transaction import Committed, Compare, KeyValue, Put, Range, Revision, Transaction
from bridge.store.client import Lease, Store
from bridge.store.errors import LeaseLost
from bridge.store.session import Session
from bridge.store.stubs import etcdrpc
from tests.lab.etcd import Etcd

pytestmark = pytest.mark.anyio

# etcd raises shorter ones to this.
TTL = 2


async def acquired(store: Store, key: str) -> Lease:
    """Acquire a free key."""
    lease = await store.acquire(key, "me", TTL)
    assert isinstance(lease, Lease)
    return lease


async def test_first_to_acquire_gets_the_key(store: Store, root_key: str) -> None:
    """The first to acquire a free key gets it, at the lease's revision; the next one learns its value."""
    lease = await acquired(store, root_key)
    assert await store.acquire(root_key, "you", TTL) == KeyValue(root_key, "me", lease.revision, lease.revision)
    created = Compare(Range(root_key), Revision.CREATED, lease.revision)
    assert isinstance(await store.commit(Transaction((created,), (), ())), Committed)


async def test_lease_is_revoked_if_key_is_taken(server: Etcd, store: Store, root_key: str) -> None:
    """A lease granted for a key that turns out to be taken is revoked."""
    lease = await acquired(store, root_key)
    before = server.ctl("lease", "list")
    await store.acquire(root_key, "you", TTL)
    assert server.ctl("lease", "list") == before
    await store.revoke(lease)


async def test_own_key_moves_to_new_lease(store: Store, root_key: str) -> None:
    """A bridge's own unchanged key moves to a new lease without being deleted, and outlives the old lease."""
    old = await acquired(store, root_key)
    seen = KeyValue(root_key, "me", old.revision, old.revision)
    new = await store.acquire(root_key, "me", TTL, seen)
    assert isinstance(new, Lease)
    assert new.created == old.revision < new.revision
    await store.revoke(old)
    assert (await store.read(Range(root_key))).found == ((KeyValue(root_key, "me", new.created, new.revision),),)
    again = await store.acquire(root_key, "me", TTL, seen)
    assert again == KeyValue(root_key, "me", new.created, new.revision)
    await store.revoke(new)
    assert await store.acquire(root_key, "me", TTL, seen) is None


async def test_revoking_lease_deletes_its_key(store: Store, root_key: str) -> None:
    """Revoking a lease frees its key at once; revoking it again raises LeaseLost."""
    lease = await acquired(store, root_key)
    await store.revoke(lease)
    assert (await store.read(Range(root_key))).found == ((),)
    with pytest.raises(LeaseLost):
        await store.revoke(lease)


async def test_lease_without_refresh_expires(store: Store, root_key: str) -> None:
    """A lease that nobody refreshes expires, and its key is deleted."""
    lease = await acquired(store, root_key)
    async with store.watch(Range(root_key), revision=lease.revision + 1) as watch:
        with fail_after(4 * TTL):
            assert [event.value for event in await anext(watch)] == [None]


async def test_held_lease_outlives_its_time_to_live(store: Store, root_key: str) -> None:
    """A lease that is held outlives its time to live and keeps its key."""
    lease = await acquired(store, root_key)
    async with create_task_group() as tasks:
        tasks.start_soon(store.hold, lease)
        async with store.watch(Range(root_key), revision=lease.revision + 1) as watch:
            with move_on_after(2 * TTL):
                pytest.fail(f"lost: {await anext(watch)}")
        tasks.cancel_scope.cancel()


async def test_commit_during_refresh_does_not_count_as_restore(
    store: Store, root_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refresh whose answer has an older revision than a commit made meanwhile does not count as a restore.

    The test forces that order: it is otherwise a race of a millisecond.
    """
    lease, ask = await acquired(store, root_key), Session.ask
    overtaken = 0

    async def answered_late(self: Session, *asked: Any) -> Any:  # noqa: ANN401 - as in Session
        nonlocal overtaken
        answer = await ask(self, *asked)
        if isinstance(asked[1], etcdrpc.LeaseKeepAliveRequest):
            await store.commit(Transaction((), (Put(f"{root_key}/other", ""),), ()))
            overtaken += 1
        return answer

    monkeypatch.setattr(Session, "ask", answered_late)
    with move_on_after(TTL):
        await store.hold(lease)
    assert overtaken > 1


async def test_holder_notices_revoked_lease(server: Etcd, store: Store, root_key: str) -> None:
    """The holder of a lease that somebody else revokes notices within the lease's time to live."""
    lease = await acquired(store, root_key)
    server.ctl("lease", "revoke", f"{lease.id:x}")
    with fail_after(TTL), pytest.raises(LeaseLost, match="expire"):
        await store.hold(lease)
