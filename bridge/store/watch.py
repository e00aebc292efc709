"""Watches: changes in etcd, as they happen.

The etcd3 package's own watcher busy-loops when etcd goes down and never subscribes again; this uses the same stub.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol, Self

from msgspec import Struct

from bridge.claims.transaction import Range, as_text
from bridge.store.errors import Compacted, StoreUnavailable
from bridge.store.messages import Header, KeyValueMessage, Message, range_bounds
from bridge.store.session import DEADLINE, HAS_LEADER, Session, Stream
from bridge.store.stubs import etcdrpc


class Event(Struct, frozen=True):
    """A key was put, or deleted if `value` is None, at `revision`."""

    key: str
    value: str | None
    revision: int


class EventMessage(Protocol):
    """An event in an answer; `type` 1 is a deletion."""

    type: int
    kv: KeyValueMessage


class WatchResponse(Protocol):
    """Events of one range, or the notice that its watch was set up or has ended."""

    header: Header
    watch_id: int
    canceled: bool
    compact_revision: int
    cancel_reason: str
    events: tuple[EventMessage, ...]


class Watch:
    """Batches of events, each of one range and of whole revisions, in order of revision within that range.

    Across ranges the order may differ while they catch up: after a loss, list again.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def __aiter__(self) -> Self:
        """Iterate until etcd is lost (StoreUnavailable)."""
        return self

    async def __anext__(self) -> tuple[Event, ...]:
        """Wait for the next batch."""
        while True:
            response = await self.response()
            if response.events:
                return tuple(_event(message) for message in response.events)

    async def response(self, deadline: float | None = None) -> WatchResponse:
        """Return the next response; raise if it says that a watch was not set up or has ended."""
        response: WatchResponse = await self._stream.next(deadline)
        if response.compact_revision:
            raise Compacted(f"etcd has compacted its revisions before {response.compact_revision}")
        # A refused watch is answered as if it had been set up, but with a negative id, and stays silent.
        if response.canceled or response.watch_id < 0:
            raise StoreUnavailable(f"etcd has ended a watch: {response.cancel_reason or 'no reason given'}")
        return response


@asynccontextmanager
async def watching(session: Session, ranges: tuple[Range, ...], revision: int) -> AsyncIterator[Watch]:
    """Watch `ranges` from `revision` on; see `Store.watch`."""
    for keys in ranges:
        # A watch would not say whether the token is old or the permission missing; a read does.
        await session.ask(session.kv.Range, etcdrpc.RangeRequest(**range_bounds(keys), limit=1))
    requests = [_request(keys, revision) for keys in ranges]
    with session.stream(session.watches.Watch, requests, HAS_LEADER) as stream:
        watch = Watch(stream)
        await watch.response(DEADLINE)
        yield watch


def _request(keys: Range, revision: int) -> Message:
    create = etcdrpc.WatchCreateRequest(**range_bounds(keys), start_revision=revision)
    request: Message = etcdrpc.WatchRequest(create_request=create)
    return request


def _event(message: EventMessage) -> Event:
    value = None if message.type else as_text(message.kv.value)
    return Event(as_text(message.kv.key), value, message.kv.mod_revision)
