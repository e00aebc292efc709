"""Watches on a running etcd."""

import pytest
from anyio import Semaphore, create_task_group, fail_after

from bridge.claims.layout import under
from bridge.claims.transaction import Delete, Put, Range
from bridge.store.client import Store
from bridge.store.connection import Connection
from bridge.store.errors import Compacted, StoreUnavailable
from bridge.store.session import Session, Stream
from bridge.store.stubs import etcdrpc
from bridge.store.watch import Event, Watch
from tests.lab.etcd import Etcd
from tests.store.answers import write

pytestmark = pytest.mark.anyio

MANY = 41
"""More than the threads that anyio has for everybody."""


async def next_events(watch: Watch, count: int) -> list[Event]:
    """Return the next events, however they are batched."""
    events: list[Event] = []
    with fail_after(10):
        while len(events) < count:
            events += await anext(watch)
    return events


async def test_watch_yields_puts_and_deletions_in_order(store: Store, root_key: str) -> None:
    """A watch yields the changes in its range, in order and with their revisions, and no others."""
    a = f"{root_key}/a"
    start = await write(store, Put(a, "0"))
    async with store.watch(under(f"{root_key}/"), revision=start + 1) as watch:
        put = await write(store, Put(a, "1"), Put(f"{root_key}0", "outside"))
        deleted = await write(store, Delete(a))
        assert await next_events(watch, 2) == [Event(a, "1", put), Event(a, None, deleted)]


async def test_watch_from_earlier_revision(store: Store, root_key: str) -> None:
    """A watch from an earlier revision yields the changes since then, that revision included."""
    a = f"{root_key}/a"
    revisions = [await write(store, Put(a, str(number))) for number in range(3)]
    async with store.watch(under(f"{root_key}/"), revision=revisions[1]) as watch:
        assert await next_events(watch, 2) == [Event(a, "1", revisions[1]), Event(a, "2", revisions[2])]


async def test_one_watch_on_several_ranges(store: Store, root_key: str) -> None:
    """One watch on several ranges yields the changes in each of them, and no others."""
    a, b = f"{root_key}/a/1", f"{root_key}/b"
    start = (await store.read(Range(a))).revision
    async with store.watch(under(f"{root_key}/a/"), Range(b), revision=start + 1) as watch:
        revision = await write(store, Put(a, "1"), Put(b, "2"), Put(f"{root_key}/b/", "outside"))
        events = await next_events(watch, 2)
    assert sorted(events, key=lambda event: event.key) == [Event(a, "1", revision), Event(b, "2", revision)]


async def test_events_of_one_revision_come_together(store: Store, root_key: str) -> None:
    """The events of one transaction come as one batch, even if it is large."""
    start = (await store.read(Range(root_key))).revision
    value = "x" * 100_000
    async with store.watch(under(f"{root_key}/"), revision=start + 1) as watch:
        await write(store, *(Put(f"{root_key}/{number}", value) for number in range(10)))
        with fail_after(10):
            assert len(await anext(watch)) == 10


async def test_watch_catches_up_beyond_grpc_message_limit(store: Store, root_key: str) -> None:
    """A watch can catch up with more data than gRPC's default message limit."""
    start = (await store.read(Range(root_key))).revision
    for number in range(6):
        await write(store, Put(f"{root_key}/{number}", "x" * 1_000_000))
    async with store.watch(under(f"{root_key}/"), revision=start + 1) as watch:
        assert len(await next_events(watch, 6)) == 6


async def test_watch_from_compacted_revision_raises_compacted(server: Etcd, store: Store, root_key: str) -> None:
    """A watch from a compacted revision raises Compacted, so that the caller lists again."""
    first = await write(store, Put(f"{root_key}/a", "1"))
    last = await write(store, Put(f"{root_key}/a", "2"))
    server.ctl("compact", str(last))
    with pytest.raises(Compacted, match="compacted"):
        async with store.watch(under(f"{root_key}/"), revision=first) as watch:
            await next_events(watch, 1)


async def test_waiting_for_events_is_cancelled_at_once(store: Store, root_key: str) -> None:
    """A task that waits for events is cancelled at once, and the store still works."""
    start = (await store.read(Range(root_key))).revision
    with fail_after(2):
        async with store.watch(Range(root_key), revision=start + 1) as watch, create_task_group() as tasks:
            tasks.start_soon(watch.__anext__)
            tasks.cancel_scope.cancel()
    assert await write(store, Put(root_key, ""))


async def test_many_watches_leave_room_for_calls(store: Store, root_key: str) -> None:
    """However many watches are open, calls are answered, and closing the store ends all watches."""
    start = (await store.read(Range(root_key))).revision
    keys = [f"{root_key}/{number}" for number in range(MANY)]
    told: list[str] = []
    ended: list[str] = []

    async def follow(key: str) -> None:
        try:
            async with store.watch(Range(key), revision=start + 1) as watch:
                async for events in watch:
                    told.extend(event.key for event in events)
                    standing.release()
        except StoreUnavailable:
            ended.append(key)

    standing = Semaphore(0)
    with fail_after(20):
        async with create_task_group() as tasks:
            for key in keys:
                tasks.start_soon(follow, key)
            await write(store, *(Put(key, "") for key in keys))
            for _ in keys:
                await standing.acquire()
            await store.aclose()
    assert sorted(told) == sorted(ended) == sorted(keys)


async def open_session(server: Etcd) -> Session:
    """Return a session without a store."""
    connection = Connection((server.endpoint,))
    return Session(connection, server.endpoint, await connection.open(server.endpoint, 1.0))


@pytest.mark.parametrize(
    "said", [{"watch_id": -1, "created": True}, {"canceled": True, "cancel_reason": "no reason given"}]
)
async def test_watch_not_created_or_cancelled_is_unavailable(server: Etcd, said: dict[str, object]) -> None:
    """An answer that the watch was not created, or was cancelled, raises StoreUnavailable."""

    class Saying(Stream):
        async def next(self, deadline: float | None = None) -> object:  # noqa: ARG002
            return etcdrpc.WatchResponse(**said)

    session = await open_session(server)
    with pytest.raises(StoreUnavailable, match="no reason given"):
        await anext(Watch(Saying(session, None)))
    await session.close()


async def test_call_on_closed_channel_is_unavailable(server: Etcd) -> None:
    """A call on a channel that was closed in the meantime raises StoreUnavailable, which is worth retrying."""
    session = await open_session(server)
    await session.close()
    with pytest.raises(StoreUnavailable, match="given up"):
        await session.ask(session.kv.Range, etcdrpc.RangeRequest(key=b"a"))
