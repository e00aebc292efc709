"""The bridge's life in etcd: one leased key, compared by every transaction, and the memory that goes with it."""

from collections.abc import Callable
from uuid import uuid4

import anyio
from msgspec import Struct, field

from bridge import __version__
from bridge.claims.hosts import living
from bridge.claims.layout import Layout
from bridge.claims.memory import Memory
from bridge.claims.records import (
    AliveRecord,
    HostRecord,
    decode_alive,
    decode_host,
    encode_record,
)
from bridge.claims.transaction import Compare, KeyValue, Put, Range, Refused, Transaction, absent
from bridge.errors import FailedError
from bridge.store.client import Lease, Store
from bridge.store.errors import LeaseLost


class Terms(Struct, frozen=True):
    """Times, in seconds.

    A silent bridge is taken to be alive for its `lease`; after that, its routes stay for the `grace` period.
    """

    lease: int
    grace: float


class Identity(Struct, frozen=True):
    """Who this bridge is: its keys, its engine's id, its advertise address, and an identifier of this run."""

    layout: Layout
    engine: str
    address: str
    terms: Terms
    run: str = field(default_factory=lambda: uuid4().hex)

    def alive(self) -> Put:
        """Return the write that says that this bridge is running."""
        record = AliveRecord(self.engine, __version__, self.terms.lease, self.run)
        return Put(self.layout.alive(), encode_record(record))

    def host(self, goodbye: float | None = None) -> Put:
        """Return the write that says who this host is."""
        record = HostRecord(self.engine, self.address, __version__, goodbye)
        return Put(self.layout.host_record(), encode_record(record))


class Session(Struct):
    """One `alive` of this host: its key and its lease, what was seen under it, and whether it is over.

    While it is `uncertain`, a write that it sent may still take effect.
    """

    alive: Put
    lease: Lease
    memory: Memory
    uncertain: bool = False
    over: anyio.Event = field(default_factory=anyio.Event)

    @property
    def fence(self) -> tuple[Compare, ...]:
        """What every transaction compares: nobody declared this bridge dead, and `alive` was not rewritten."""
        return living(self.memory.layout, self.lease.revision)

    async def ascertain(self, store: Store) -> None:
        """If a write may still take effect, rewrite `alive`, so that it is refused. Raises the store's errors."""
        if self.uncertain:
            self.lease = await store.rewrite(self.alive.key, self.alive.value, self.lease)
            self.uncertain = False


async def begin(store: Store, identity: Identity, waiting: Callable[[str], None]) -> Session:
    """Take this host's `alive`; wait while an earlier one lasts, unless this bridge itself wrote it.

    Its own one is there if the answer to that write was lost, or if a later step failed.

    Raises FailedError if the earlier one is still renewed after twice the time of a lease: another bridge runs
    under this name. Raises the store's errors.
    """
    alive, permanent = identity.alive(), identity.layout.permanent
    session = Session(alive, await _alive(store, identity, waiting), Memory(identity.layout))
    await introduce(store, identity, session)
    missing = absent(Range(permanent.key), "a restart writes nothing under the root")
    await store.commit(Transaction((*session.fence, missing), (Put(permanent.key, permanent.value),), ()))
    return session


async def introduce(store: Store, identity: Identity, session: Session) -> None:
    """Write who this host is. Raises the store's errors."""
    await _commit(store, Transaction(session.fence, (identity.host(),), ()))


async def end(store: Store, identity: Identity, session: Session, goodbye: float) -> None:
    """Say goodbye and give up `alive`; the routes stay for `goodbye` seconds."""
    await session.ascertain(store)
    await _commit(store, Transaction(session.fence, (identity.host(goodbye),), ()))
    await store.revoke(session.lease)


class _Seen(Struct, frozen=True):
    """Who has this host's name: an earlier bridge that is alive, and the record of the last one."""

    alive: KeyValue | None
    record: KeyValue | None

    @property
    def revisions(self) -> tuple[int, int]:
        """What changes with each bridge that begins or ends."""
        alive, record = self.alive, self.record
        return alive.create_revision if alive else 0, record.mod_revision if record else 0


async def _alive(store: Store, identity: Identity, waiting: Callable[[str], None]) -> Lease:
    alive, terms = identity.alive(), identity.terms
    revisions, since = (-1, -1), 0.0
    while True:
        seen = await _look(store, identity.layout)
        own = seen.alive if seen.alive and seen.alive.value == alive.value else None
        if seen.revisions != revisions:
            revisions, since = seen.revisions, anyio.current_time()
            if not own:
                _tell(seen, identity, waiting)
        silent = anyio.current_time() - since
        if seen.alive and silent > 2 * _lease(seen.alive, terms):
            raise FailedError(_broken(identity, seen.alive) or _duplicate(identity, seen))
        if own or (not seen.alive and silent >= _reserved(seen.record, identity)):
            taken = await store.acquire(alive.key, alive.value, terms.lease, own)
            if isinstance(taken, Lease):
                return taken
        await anyio.sleep(terms.lease / 10)


async def _look(store: Store, layout: Layout) -> _Seen:
    found = (await store.read(Range(layout.alive()), Range(layout.host_record()))).found
    alive, record = (keys[0] if keys else None for keys in found)
    return _Seen(alive, record)


def _tell(seen: _Seen, identity: Identity, waiting: Callable[[str], None]) -> None:
    host, reserved = identity.layout.host, _reserved(seen.record, identity)
    if seen.alive:
        waiting(f"an earlier bridge of the host {host} is still alive")
    elif reserved:
        waiting(
            f"the host name {host} belongs to another engine: taken over in {reserved:g} s unless that one returns"
        )


def _reserved(record: KeyValue | None, identity: Identity) -> float:
    """Return for how many seconds of silence a name is kept for the engine that had it last."""
    last = decode_host(record.value) if record else None
    other = isinstance(last, HostRecord) and last.engine != identity.engine
    return identity.terms.lease + identity.terms.grace if other else 0.0


def _lease(alive: KeyValue, terms: Terms) -> float:
    """Return how long an earlier bridge's lease may last, since its settings may differ."""
    record = decode_alive(alive.value)
    return max(terms.lease, record.lease if isinstance(record, AliveRecord) else 0)


def _broken(identity: Identity, alive: KeyValue) -> str:
    """Return why the key of the bridge that has the name cannot be read; "" if it can."""
    record = decode_alive(alive.value)
    if isinstance(record, AliveRecord):
        return ""
    key = identity.layout.alive()
    told = f"the key {key} in etcd, which another bridge holds, cannot be read: {record.reason}"
    return f"{told}; delete it if it is broken, or upgrade this bridge"


def _duplicate(identity: Identity, seen: _Seen) -> str:
    """Say who else has the name, as far as its record tells."""
    holder = decode_host(seen.record.value) if seen.record else None
    said = holder if isinstance(holder, HostRecord) else HostRecord("", "", "")
    mends = "give each host its own name with BRIDGE_HOST_NAME"
    if said.engine == identity.engine:
        who, mends = " for the same engine", f"stop one of them; if they are two hosts, {mends}"
    else:
        who = f" for the engine {said.engine}" if said.engine else ""
    at = f" at {said.address}" if said.address else ""
    return f"another bridge runs under the host name {identity.layout.host}{who}{at}: {mends}"


async def _commit(store: Store, transaction: Transaction) -> None:
    if isinstance(await store.commit(transaction), Refused):
        raise LeaseLost("this bridge was declared dead before it began")
