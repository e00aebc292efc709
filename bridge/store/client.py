"""The store: transactions, reads, watches and leases on an etcd of one or several endpoints.

It uses one endpoint until that fails, and raises StoreUnavailable at once: the next call goes to the next
endpoint. Retrying is left to the caller, since what to retry depends on the purpose of the call.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Never, Protocol

from anyio import CancelScope, Lock, current_time, sleep
from msgspec import Struct
from msgspec.structs import replace

from bridge.claims.table import Table
from bridge.claims.transaction import (
    MAX_OPERATIONS,
    Committed,
    Compare,
    Found,
    KeyValue,
    Put,
    Range,
    Refused,
    Revision,
    Transaction,
    as_seen,
)
from bridge.store.connection import Connection
from bridge.store.errors import EndpointLost, LeaseLost, Rewound, StoreUnavailable
from bridge.store.messages import (
    Header,
    Message,
    RangeResponse,
    TxnResponse,
    add_keys,
    found_keys,
    outcome,
    range_bounds,
    read_request,
    transaction_request,
)
from bridge.store.session import DEADLINE, Session
from bridge.store.stubs import etcdrpc
from bridge.store.watch import Watch, watching

# Keys per page, so that a large range never comes as one message; for each page etcd counts all that follow.
PAGE = 5_000
# Seconds for a page, which may be slow to arrive; a lost endpoint is noticed by refreshing the lease.
PAGE_DEADLINE = 10.0

# Seconds to connect in the first, second and any later round through the endpoints after one was lost: short at
# first, so that a failed endpoint delays little; longer later, so that a slow network works in the end.
PATIENCE = (0.25, 0.5, 1.0)

# How often a lease is refreshed within its ttl, and seconds until a failed refresh is tried again.
REFRESHES, AGAIN = 3, 0.2


class Lease(Struct, frozen=True):
    """A lease that lives for `ttl` seconds after each refresh.

    Its key was created at revision `created`, and last written at `revision`.
    """

    id: int
    ttl: int
    created: int
    revision: int


class LeaseResponse(Protocol):
    """etcd's answer about a lease: a `TTL` of 0 means that it is gone."""

    header: Header
    ID: int
    TTL: int


class Store:
    """An etcd. Connects when first used; `aclose` ends what is in progress."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._turn = 0
        self._losses = 0
        self._newest = 0
        self._session: Session | None = None
        self._opening = Lock(fast_acquire=True)

    async def aclose(self) -> None:
        """Close the connection."""
        if self._session:
            await self._leave(self._session)

    async def commit(self, transaction: Transaction) -> Committed | Refused:
        """Carry out a transaction; after StoreUnavailable it may or may not have happened.

        Raises ValueError if it exceeds what etcd accepts: 128 compares, 128 reads, and as many writes as can be
        nested beside them.
        """
        return await self._commit(transaction_request(transaction))

    async def read(self, *ranges: Range) -> Found:
        """Return what `ranges` hold, all at the revision at which the first is read."""
        revision = 0
        found: list[Sequence[KeyValue]] = []
        async with self._connected() as session:
            for together in _requests(ranges):
                revision, held = await _read(session, together, revision)
                found += held
        return Found(revision, tuple(found))

    @asynccontextmanager
    async def watch(self, *ranges: Range, revision: int) -> AsyncIterator[Watch]:
        """Watch `ranges` on one stream, from `revision` on, which is included.

        Entering and iterating raise StoreUnavailable if the watch is not set up or has ended (Compacted if the
        revision is no longer available): in both cases list again.
        """
        async with self._connected() as session, watching(session, ranges, revision) as watch:
            yield watch

    async def acquire(
        self, key: str, value: str, ttl: int, own: KeyValue | None = None
    ) -> Lease | KeyValue | None:
        """Create `key` with a new lease of `ttl` seconds, or attach the lease to it if it is still `own`, as seen.

        Return the existing key if it belongs to somebody else, None if `own` has gone in the meantime.
        """
        async with self._connected() as session:
            request = etcdrpc.LeaseGrantRequest(TTL=ttl)
            granted: LeaseResponse = await session.ask(session.leases.LeaseGrant, request)
        creation = Transaction((as_seen(key, own),), (Put(key, value),), (Range(key),))
        match await self._commit(transaction_request(creation, granted.ID)):
            case Committed(revision):
                return Lease(granted.ID, granted.TTL, own.create_revision if own else revision, revision)
            case Refused(found=(holders,)):
                await self._revoke(granted.ID)
                return holders[0] if holders else None
            case unexpected:
                raise AssertionError(unexpected)

    async def rewrite(self, key: str, value: str, lease: Lease) -> Lease:
        """Write the lease's `key` again, so that transactions that compare its earlier revision are refused.

        Raises LeaseLost if the key is gone, or is somebody else's.
        """
        unchanged = Compare(Range(key), Revision.MODIFIED, lease.revision)
        again = Transaction((unchanged,), (Put(key, value),), (Range(key),))
        match await self._commit(transaction_request(again, lease.id)):
            case Committed(revision):
                return replace(lease, revision=revision)
            case Refused(found=((found,),)) if found.create_revision == lease.created:
                # An earlier attempt succeeded, but its answer was lost.
                return replace(lease, revision=found.mod_revision)
        raise LeaseLost(f"the key {key} of lease {lease.id:x} is not there any more")

    async def hold(self, lease: Lease) -> Never:
        """Keep a lease alive until cancelled.

        Raises LeaseLost when etcd says so, Rewound when etcd's revision went back, and StoreUnavailable when etcd
        has not answered for so long that the lease may be gone: hold again to find out.
        """
        refreshed = current_time()
        while True:
            asked = current_time()
            try:
                await self._refresh(lease)
            except (LeaseLost, Rewound):
                raise
            except StoreUnavailable:
                if current_time() - refreshed > lease.ttl:
                    raise
                await sleep(AGAIN)
            else:
                refreshed = asked
                await sleep(lease.ttl / REFRESHES)

    async def revoke(self, lease: Lease) -> None:
        """End a lease, and its key with it. Raises LeaseLost if it has already ended."""
        await self._revoke(lease.id)

    async def _commit(self, request: Message) -> Committed | Refused:
        async with self._connected() as session:
            answer: TxnResponse = await session.ask(session.kv.Txn, request)
        self._newest = max(self._newest, answer.header.revision)
        return outcome(answer)

    async def _refresh(self, lease: Lease) -> None:
        request, newest = etcdrpc.LeaseKeepAliveRequest(ID=lease.id), self._newest
        async with self._connected() as session:
            answer: LeaseResponse = await session.ask(
                session.leases.LeaseKeepAlive, request, min(DEADLINE, lease.ttl / REFRESHES)
            )
        if answer.TTL <= 0:
            raise LeaseLost(f"etcd at {session.endpoint} has let lease {lease.id:x} expire")
        revision = answer.header.revision
        if revision < newest:
            # A backup holds the lease, too, so nothing else would reveal a restore. (A member that lags behind
            # looks the same for a moment.) `newest` leaves out what is committed while etcd is asked.
            self._newest = revision
            raise Rewound(
                f"etcd at {session.endpoint} went back from revision {newest} to {revision}; if it has lost or"
                " restored its data, restart every Traefik: it reads nothing new until the old revision is reached"
            )
        self._newest = max(self._newest, revision)

    async def _revoke(self, lease: int) -> None:
        async with self._connected() as session:
            await session.ask(session.leases.LeaseRevoke, etcdrpc.LeaseRevokeRequest(ID=lease))

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Session]:
        session = self._session or await self._open()
        try:
            yield session
        except EndpointLost as lost:
            await self._leave(session, str(lost))
            raise
        self._losses = 0

    async def _open(self) -> Session:
        async with self._opening:
            if self._session is None:
                endpoints = self._connection.endpoints
                endpoint = endpoints[self._turn % len(endpoints)]
                channel = await self._connection.open(endpoint, self._patience())
                self._session = Session(self._connection, endpoint, channel)
            return self._session

    def _patience(self) -> float:
        if not self._losses:
            return PATIENCE[-1]
        rounds = (self._losses - 1) // len(self._connection.endpoints)
        return PATIENCE[min(rounds, len(PATIENCE) - 1)]

    async def _leave(self, session: Session, reason: str = "") -> None:
        """Give up a session and go on to the next endpoint, once for all callers that find it broken."""
        if session is self._session:
            self._session = None
            self._turn += 1
            self._losses += 1
            with CancelScope(shield=True):
                await session.close(reason)


def _requests(ranges: Iterable[Range]) -> Iterator[list[Range]]:
    """Group single keys, since a resync asks for thousands; a range may be large, and goes alone."""
    together: list[Range] = []
    for keys in ranges:
        if together and (keys.end or together[0].end or len(together) == MAX_OPERATIONS):
            yield together
            together = []
        together.append(keys)
    if together:
        yield together


async def _read(
    session: Session, together: Sequence[Range], revision: int
) -> tuple[int, Sequence[Sequence[KeyValue]]]:
    """Return the revision that was read (the latest for 0) and what was found at it."""
    if not together[0].end:
        answer: TxnResponse = await session.ask(session.kv.Txn, read_request(together, revision))
        return revision or answer.header.revision, found_keys(answer)
    revision, found = await _read_pages(session, together[0], revision)
    return revision, (found,)


async def _read_pages(session: Session, keys: Range, revision: int) -> tuple[int, Table]:
    answer = await _page(session, keys, revision)
    revision, found = revision or answer.header.revision, Table()
    add_keys(answer, found)
    while answer.more:
        answer = await _page(session, Range(found[-1].key + "\0", keys.end), revision)
        add_keys(answer, found)
    return revision, found


async def _page(session: Session, keys: Range, revision: int) -> RangeResponse:
    request = etcdrpc.RangeRequest(**range_bounds(keys), revision=revision, limit=PAGE)
    answer: RangeResponse = await session.ask(session.kv.Range, request, PAGE_DEADLINE)
    return answer
