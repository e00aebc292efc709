"""The bridge's life in etcd: one leased key, which every transaction compares, and what is remembered under it."""

from collections.abc import Callable
from dataclasses import dataclass, field

import anyio

from bridge import __version__
from bridge.claims.layout import Layout
from bridge.claims.memory import Memory
from bridge.claims.records import AliveRecord, HostRecord, encode_alive, encode_host
from bridge.claims.transaction import Compare, KeyValue, Put, Range, Refused, Revision, Transaction
from bridge.errors import FailedError
from bridge.store.client import Lease, Store
from bridge.store.errors import LeaseLost

LEASE = 5
"""Seconds after which a bridge that says nothing any more is taken to be gone."""

GOODBYE = 600.0
"""Seconds for which routes stay after a clean stop, so that an upgrade drops no traffic."""


@dataclass(slots=True)
class Session:
    """One `alive` of this host: its lease, the compare that fences it, what was seen in it, whether it is over."""

    lease: Lease
    fence: tuple[Compare, ...]
    memory: Memory
    over: anyio.Event = field(default_factory=anyio.Event)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this bridge is: the keys that it uses, its engine's id and its advertise address."""

    layout: Layout
    engine: str
    address: str

    def host(self, goodbye: float | None = None) -> str:
        """The value of the host's own key."""
        return encode_host(HostRecord(self.engine, self.address, __version__, goodbye))


async def begin(store: Store, identity: Identity, waiting: Callable[[str], None]) -> Session:
    """Take this host's `alive`; wait while an earlier one lasts.

    Raises FailedError where that one is still renewed after twice the time of a lease: another bridge runs under
    this name. Raises the store's errors.
    """
    lease = await _alive(store, identity, waiting)
    alive = Range(identity.layout.alive())
    fence = (Compare(alive, Revision.CREATED, lease.revision, why="this bridge is the living one"),)
    await _commit(store, Transaction(fence, (Put(identity.layout.host_record(), identity.host()),), ()))
    permanent = identity.layout.permanent
    absent = Compare(Range(permanent.key), Revision.CREATED, 0, why="a restart writes nothing under the root")
    await store.commit(Transaction((*fence, absent), (Put(permanent.key, permanent.value),), ()))
    return Session(lease, fence, Memory(identity.layout))


async def end(store: Store, identity: Identity, session: Session) -> None:
    """Say goodbye and give `alive` back; the routes stay for a while."""
    goodbye = Put(identity.layout.host_record(), identity.host(GOODBYE))
    await _commit(store, Transaction(session.fence, (goodbye,), ()))
    await store.revoke(session.lease)


async def _alive(store: Store, identity: Identity, waiting: Callable[[str], None]) -> Lease:
    key, value = identity.layout.alive(), encode_alive(AliveRecord(identity.engine, __version__))
    holder, deadline = 0, 0.0
    while True:
        taken = await store.acquire(key, value, LEASE)
        if isinstance(taken, Lease):
            return taken
        if taken.create_revision != holder:
            waiting(f"an earlier bridge of the host {identity.layout.host} is still alive")
            holder, deadline = taken.create_revision, anyio.current_time() + 2 * LEASE
        if anyio.current_time() > deadline:
            raise FailedError(_duplicate(identity.layout, taken))
        await anyio.sleep(LEASE / 10)


def _duplicate(layout: Layout, holder: KeyValue) -> str:
    return (
        f"another bridge runs under the host name {layout.host} ({holder.value}): give each host its own name with"
        " BRIDGE_HOST_NAME"
    )


async def _commit(store: Store, transaction: Transaction) -> None:
    if isinstance(await store.commit(transaction), Refused):
        raise LeaseLost("this bridge was taken for dead before it began")
