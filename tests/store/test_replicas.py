"""A thousand replicas on a hundred hosts and a real etcd: what each writes, and how few are refused."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from anyio import create_task_group

from bridge.claims.layout import Layout, under
from bridge.claims.transaction import Committed, Put, Refused, Transaction
from bridge.store.connection import Connection
from bridge.store.watch import Watch
from bridge.view.model import Publication
from tests.lab.etcd import Etcd
from tests.store.answers import write
from tests.store.bridges import Bridge, MeddledStore, item, publication

pytestmark = pytest.mark.anyio

HOSTS, EACH, CONNECTIONS = 100, 10, 5


class CountingStore(MeddledStore):
    """A store that counts refused transactions."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.refused = 0

    async def commit(self, transaction: Transaction) -> Committed | Refused:
        """Commit, and count refusals."""
        outcome = await super().commit(transaction)
        self.refused += isinstance(outcome, Refused)
        return outcome


def replica(host: str, name: str) -> Publication:
    """Return one replica of the shared service."""
    router = item("rweb", rule="Host(`web.localhost`)", service="sweb")
    return publication(name, router, item("sweb"), application="web", host=host)


def own(bridge: Bridge, it: Publication) -> set[str]:
    """Return a replica's own keys: its server, its two claims, and its container record."""
    claims = {bridge.layout.claim(one.ref, bridge.layout.me(it.id)) for one in it.items}
    servers = {bridge.layout.view_key(one.ref, leaf.path) for one in it.items for leaf in one.server}
    return {*claims, *servers, bridge.layout.container(it.id)}


@dataclass(slots=True)
class Crowd:
    """Hosts that share a few connections to etcd, and a watch on all that they write."""

    root_key: str
    stores: list[CountingStore]
    watch: Watch
    bridges: list[Bridge] = field(default_factory=list)

    @property
    def refused(self) -> int:
        """The number of transactions refused so far."""
        return sum(store.refused for store in self.stores)

    async def join(self) -> Bridge:
        """Start the bridge of one more host."""
        number = len(self.bridges)
        layout = Layout(f"{self.root_key}/traefik", f"{self.root_key}/state", f"h{number}")
        bridge = Bridge(self.stores[number % len(self.stores)], layout)
        await bridge.begin()
        self.bridges.append(bridge)
        return bridge

    async def beside_one(self) -> list[Bridge]:
        """Have one host start a replica, and so many others begin; what they write until then is not told."""
        await self.start(1, await self.join())
        others = [await self.join() for _ in range(HOSTS)]
        await self.written()
        return others

    async def start(self, number: int, bridge: Bridge) -> None:
        """Start replicas on a host, one after the other."""
        for position in range(number):
            await bridge.settle(replica(bridge.layout.host, f"{position}-{bridge.layout.host}"))

    async def written(self) -> list[set[str]]:
        """Return the keys written by each revision since the last call."""
        tick = f"{self.root_key}/tick"
        reached, revisions = await write(self.stores[0], Put(tick, "")), dict[int, set[str]]()
        while reached not in revisions:
            for event in await anext(self.watch):
                revisions.setdefault(event.revision, set()).add(event.key)
        del revisions[reached]
        return list(revisions.values())


@pytest.fixture
async def crowd(etcd: Etcd, root_key: str) -> AsyncIterator[Crowd]:
    """Return a crowd without any hosts yet."""
    stores = [CountingStore(Connection((etcd.endpoint,))) for _ in range(CONNECTIONS)]
    snapshot = await stores[0].read(under(f"{root_key}/"))
    async with stores[0].watch(under(f"{root_key}/"), revision=snapshot.revision + 1) as watch:
        yield Crowd(root_key, stores, watch)
    for store in stores:
        await store.aclose()


async def test_replica_writes_only_its_own_keys(crowd: Crowd) -> None:
    """A thousand replicas that start at once cause no refusals, and each writes only its own keys, once.

    A replica that stops writes only its own keys too.
    """
    others = await crowd.beside_one()
    async with create_task_group() as tasks:
        for bridge in others:
            tasks.start_soon(crowd.start, EACH, bridge)
    assert crowd.refused == 0
    written = await crowd.written()
    assert len(written) == HOSTS * EACH
    replicas = [own(bridge, it) for bridge in others for it in bridge.wanted.values()]
    assert sorted(map(sorted, written)) == sorted(map(sorted, replicas))

    leaving = others[0]
    it = next(iter(leaving.wanted.values()))
    await leaving.settle(it.id)
    assert await crowd.written() == [own(leaving, it)]


async def test_first_replicas_are_refused_at_most_once(crowd: Crowd) -> None:
    """If all replicas of a new service start at once, one defines it; others join after at most one refusal."""
    for _ in range(HOSTS):
        await crowd.join()
    await crowd.written()
    async with create_task_group() as tasks:
        for bridge in crowd.bridges:
            tasks.start_soon(crowd.start, 1, bridge)
    assert crowd.refused < HOSTS
    assert len(await crowd.written()) == HOSTS


async def test_starting_host_causes_no_refusals(crowd: Crowd) -> None:
    """While others go on, a host that begins with a replica refuses nobody, and writes nothing but its own."""
    others = await crowd.beside_one()
    async with create_task_group() as tasks:
        for bridge in others:
            tasks.start_soon(crowd.start, EACH, bridge)
        newcomer = await crowd.join()
        await crowd.start(1, newcomer)
    assert crowd.refused == 0
    theirs = [own(bridge, it) for bridge in others for it in bridge.wanted.values()]
    written = [keys for keys in await crowd.written() if keys not in theirs]
    (brought,) = newcomer.wanted.values()
    layout = newcomer.layout
    assert written == [{layout.alive()}, {layout.host_record()}, own(newcomer, brought)]
