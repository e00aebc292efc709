"""Bridges that share a real etcd, and the rules that must hold at every revision, checked on the keys alone."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from msgspec.structs import replace

from bridge.claims.decide import Settled
from bridge.claims.gather import Change, definition
from bridge.claims.layout import Claimant, ContainerKey, Layout, folded, under
from bridge.claims.memory import Memory
from bridge.claims.records import AliveRecord, HostRecord, encode_record
from bridge.claims.transaction import Committed, KeyValue, Put, Range, Refused, Transaction
from bridge.daemon.apply import settle, settle_all
from bridge.daemon.session import Session
from bridge.labels.model import Leaf, Ref
from bridge.store.client import Lease, Store
from bridge.store.connection import Connection
from bridge.store.errors import LeaseLost
from bridge.store.watch import Watch
from bridge.view.model import Item, Publication
from tests.claims.fake_etcd import FakeEtcd
from tests.claims.invariants import Hand, State, checked, state
from tests.claims.world import identifier
from tests.store.answers import write

FENCE = "this bridge is the living one"
LONG = 600
KINDS = {"r": "routers", "s": "services", "m": "middlewares"}

Keys = Mapping[str, str]


def item(name: str, **leaves: str) -> Item:
    """Return an object whose kind is the first letter of its name; "__" is a slash, "bare" the bare leaf."""
    kind = KINDS[name[0].lower()]
    constant = {"loadbalancer/servers": ""} if kind == "services" else {}
    paths = {"" if key == "bare" else key.replace("__", "/"): value for key, value in leaves.items()}
    made = sorted({**constant, **paths}.items())
    return Item(Ref("http", kind, name), tuple(Leaf(*leaf) for leaf in made))


def publication(
    name: str, *items: Item, application: str = "web", created: int = 1, host: str = ""
) -> Publication:
    """Return what a container publishes, with a server for each of its services."""
    segment = f"loadbalancer/servers/{host}-{identifier(name)}/url"
    server = (Leaf(segment, f"http://{name}"),)
    whole = tuple(it._replace(server=server) if it.ref.kind == "services" else it for it in items)
    return Publication(name, identifier(name), application, f"{created:09}", whole)


ROUNDS = 20
"""How often a change may be refused before this counts as an endless loop."""


@dataclass(slots=True)
class Meddling:
    """What happens between a decision and its commit, and whether compares of this kind are left out."""

    kind: str
    drops: bool = False
    meanwhile: Callable[[], Awaitable[object]] | None = None


class MeddledStore(Store):
    """A store that lets others act once before a transaction with a certain kind of compare."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.meddling = Meddling("")
        self.kinds: set[str] = set()

    async def commit(self, transaction: Transaction) -> Committed | Refused:
        """Let others act first, leave compares out, commit."""
        meddling, kinds = self.meddling, {it.why for it in transaction.compares}
        self.kinds |= kinds
        if meddling.meanwhile and meddling.kind in kinds:
            meanwhile, meddling.meanwhile = meddling.meanwhile, None
            await meanwhile()
        kept = (it for it in transaction.compares if not meddling.drops or it.why != meddling.kind)
        return await super().commit(replace(transaction, compares=tuple(kept)))


@dataclass(slots=True)
class Bridge:
    """One host's bridge: the product's own code, without an engine."""

    store: MeddledStore
    layout: Layout
    session: Session = field(init=False)
    wanted: dict[str, Publication] = field(default_factory=dict)
    settled: dict[str, Settled] = field(default_factory=dict)
    restarts: int = 0

    async def begin(self) -> None:
        """Come to life, and list."""
        alive = Put(self.layout.alive(), encode_record(AliveRecord(self.layout.host, "1", LONG)))
        lease = await self.store.acquire(alive.key, alive.value, LONG)
        assert isinstance(lease, Lease)
        record = Put(self.layout.host_record(), encode_record(HostRecord(self.layout.host, "", "1")))
        await write(self.store, record)
        self.session = Session(alive, lease, Memory(self.layout))
        await self.resync()

    async def settle(self, *what: Publication | str) -> None:
        """Publish the given publications and withdraw the containers given by id, all together."""
        changes = [Change(it, None) if isinstance(it, str) else Change(it.id, it) for it in what]
        for change in changes:
            self.settled.pop(change.container, None)
            self.wanted.pop(change.container, None)
        self.wanted |= {it.id: it for it in what if isinstance(it, Publication)}
        for _ in range(ROUNDS):
            came = await settle(self.store, self.session, changes)
            self.settled |= {name: it for name, it in came.settled.items() if name in self.wanted}
            # What was refused too often is settled again, as in the daemon.
            changes = [change for change in changes if change.container in came.unsettled]
            if not changes:
                break
        assert not changes, "refused again and again"
        if came.fenced:
            await self.restart()

    async def resync(self) -> None:
        """List the keys and settle everything."""
        came = await settle_all(self.store, self.session, self.wanted, [])
        self.settled = {name: it for name, it in came.settled.items() if name in self.wanted}
        if came.fenced:
            await self.restart()

    async def restart(self) -> None:
        """Begin anew after this bridge was taken for dead."""
        self.restarts += 1
        await self.begin()

    async def lose(self) -> None:
        """Lose the lease without noticing."""
        with suppress(LeaseLost):
            await self.store.revoke(self.session.lease)


def check(before: Keys, after: Keys, layout: Layout, foreign: Keys) -> None:
    """Hold one transaction, from the keys before it to those after it, against all rules."""
    permanent = (layout.permanent.key, layout.permanent.value)
    assert permanent in after.items(), "the root may be empty"
    checked(_etcd(before), _etcd(after), Hand(frozenset({permanent}), frozenset(foreign)), (), layout)
    _alive(before, after, layout)


def _etcd(keys: Keys) -> FakeEtcd:
    """An etcd that holds these keys; nobody asks at which revisions."""
    return FakeEtcd({key: KeyValue(key, value, 0, 0) for key, value in keys.items()})


def _alive(before: Keys, after: Keys, layout: Layout) -> None:
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    parsed = (layout.parse(key) for key in changed)
    writers = {it.claimant.host for it in parsed if isinstance(it, ContainerKey)}
    assert len(writers) < 2, "several hosts wrote at one revision"
    for host in writers:
        assert replace(layout, host=host).alive() in before, f"{host} wrote while it was taken for dead"


@dataclass(slots=True)
class History:
    """Follows the root and the state, and checks every revision."""

    watch: Watch
    layout: Layout
    store: Store
    everything: Range
    tick: str
    foreign: dict[str, str]
    keys: dict[str, str]
    revision: int
    changed: list[tuple[int, frozenset[str]]] = field(default_factory=list)

    async def follow(self) -> list[frozenset[str]]:
        """Check each revision up to now, and that a read agrees; return the keys that each of them changed."""
        reached, new = await write(self.store, Put(self.tick, "")), list[frozenset[str]]()
        while self.revision < reached:
            batch = await anext(self.watch)
            for revision in sorted({event.revision for event in batch}):
                before, changed = dict(self.keys), frozenset(it.key for it in batch if it.revision == revision)
                for event in batch:
                    if event.revision == revision and event.value is not None:
                        self.keys[event.key] = event.value
                    elif event.revision == revision:
                        self.keys.pop(event.key, None)
                self.revision = revision
                if self.tick not in changed:
                    check(before, self.keys, self.layout, self.foreign)
                    self.changed.append((revision, changed))
                    new.append(changed)
        (found,) = (await self.store.read(self.everything)).found
        assert {it.key: it.value for it in found} == self.keys, "what was watched is not what is there"
        return new

    def late(self, settled: Settled) -> bool:
        """Return whether something changed because of which a container must be decided again."""
        news = (key for revision, keys in self.changed if revision > settled.revision for key in keys)
        return any(key == it.key if not it.end else it.key <= key < it.end for key in news for it in settled.watch)


@asynccontextmanager
async def history(store: Store, layout: Layout, everything: str, foreign: Keys) -> AsyncIterator[History]:
    """Follow all changes from now on."""
    keys = under(f"{everything}/")
    snapshot = await store.read(keys)
    now = {it.key: it.value for it in snapshot.found[0]}
    async with store.watch(keys, revision=snapshot.revision + 1) as watch:
        tick = f"{everything}/tick"
        yield History(watch, layout, store, keys, tick, dict(foreign), now, snapshot.revision)


def at_rest(keys: Keys, bridges: Iterable[Bridge], foreign: Keys) -> None:
    """Check that containers have all their claims or wait for a valid reason, and removed ones left nothing."""
    bridges = list(bridges)
    found = state(_etcd(keys), bridges[0].layout)
    seen = (bridges[0].layout.viewed(key) for key in foreign)
    blocked = {folded(ref) for ref in seen if ref}
    wanted = {bridge.layout.me(name): it for bridge in bridges for name, it in bridge.wanted.items()}
    assert found.containers.keys() == wanted.keys(), "somebody was forgotten, or is gone and left something"
    for me, it in wanted.items():
        refs = {folded(one.ref) for one in it.items}
        if found.containers[me].waits:
            held_up = _taken(me, it, found) or {folded(one.ref) for one in it.items} & blocked
            assert held_up, f"{it.container} waits for nothing"
        else:
            assert set(found.containers[me].claims) == refs, f"{it.container} is there in part"


def _taken(me: Claimant, it: Publication, found: State) -> list[Item]:
    """The items that another application has or shares under another definition, or others spell otherwise."""
    return [
        one
        for one in it.items
        if (_differs(one, found) and _others(me, it, folded(one.ref), found)) or _respelled(one, found)
    ]


def _respelled(one: Item, found: State) -> bool:
    record = found.objects.get(folded(one.ref))
    return record is not None and record.definition.name != one.ref.name


def _differs(one: Item, found: State) -> bool:
    record = found.objects.get(folded(one.ref))
    return record is not None and record.definition != definition(one)


def _others(me: Claimant, it: Publication, ref: Ref, found: State) -> bool:
    return any(claim.application != it.application for who, claim in found.claims[ref].items() if who != me)
