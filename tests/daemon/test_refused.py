"""Rounds whose transactions are refused again and again, as when many hosts change the same object at once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from msgspec.structs import replace

from bridge.claims.layout import Layout
from bridge.claims.transaction import Committed, Compare, Range, Refused, Revision, Transaction
from bridge.daemon import session as sessions
from bridge.daemon.draining import Draining
from bridge.daemon.gather import Gatherer
from bridge.daemon.session import Identity, Terms
from bridge.daemon.sync import Sync
from bridge.daemon.waiting import Waiting
from bridge.daemon.work import Work
from bridge.engine.client import Engine
from bridge.engine.model import Endpoint
from bridge.settings import PlanSettings
from bridge.settings.options import options
from bridge.store.client import Store
from bridge.store.connection import Connection
from tests.hosts.fakes import COMPOSE
from tests.lab.etcd import Etcd
from tests.lab.fake_engine import FakeContainer, FakeEngine

NEVER = Compare(Range("nobody/writes/this"), Revision.MODIFIED, 1)


class OutrunStore(Store):
    """A store whose writes are all refused while it is `outrun`, as if others were always faster."""

    outrun = False

    async def commit(self, transaction: Transaction) -> Committed | Refused:
        """Commit a transaction, or make etcd refuse it."""
        if self.outrun and transaction.writes:
            transaction = replace(transaction, compares=(*transaction.compares, NEVER))
        return await super().commit(transaction)


@asynccontextmanager
async def opened(etcd: Etcd, engine: FakeEngine) -> AsyncIterator[tuple[OutrunStore, Engine]]:
    """Open a bridge's two connections, to etcd and to the engine."""
    store, client = OutrunStore(Connection((etcd.endpoint,))), Engine(Endpoint(engine.url))
    try:
        yield store, client
    finally:
        await client.aclose()
        await store.aclose()


@pytest.mark.anyio
async def test_refused_removal_of_gone_container_is_repeated(etcd: Etcd, root_key: str) -> None:
    """Where a container that the engine no longer knows was kept from leaving, all are looked at again."""
    with FakeEngine() as engine:
        container = engine.run(FakeContainer("web", COMPOSE))
        async with opened(etcd, engine) as (store, client):
            identity = Identity(Layout(root_key, "docker-event-bridge", "one"), "", "", Terms(60, 60.0))
            session = await sessions.begin(store, identity, print)

            def sync() -> Sync:
                said = options(PlanSettings(), "one")
                return Sync(said, Gatherer(client), store, Draining(), Waiting(store, Work()))

            assert not await sync().all(session)
            engine.remove(container)
            restarted, store.outrun = sync(), True
            assert (await restarted.all(session)).everything
            store.outrun = False
            assert not await restarted.all(session)
            assert not session.memory.held(container[:12])
