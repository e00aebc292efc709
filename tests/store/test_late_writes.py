"""A transaction that etcd executes after its bridge has given it up and moved on."""

from collections.abc import AsyncIterator

import pytest

from bridge.claims.layout import ContainerKey, Layout
from bridge.claims.transaction import Committed, Refused, Transaction
from bridge.store.client import Store
from bridge.store.connection import Connection
from bridge.store.errors import StoreUnavailable
from tests.lab.etcd import Etcd
from tests.store.bridges import Bridge, MeddledStore, item, publication

pytestmark = pytest.mark.anyio


class SlowStore(MeddledStore):
    """A store that may hold a transaction back and not answer."""

    keeps = False
    kept: Transaction

    async def commit(self, transaction: Transaction) -> Committed | Refused:
        """Commit the transaction, or hold it back."""
        if self.keeps:
            self.keeps, self.kept = False, transaction
            raise StoreUnavailable("the deadline is over")
        return await super().commit(transaction)


@pytest.fixture
async def late(each_etcd: Etcd, root_key: str) -> AsyncIterator[Bridge]:
    """Return a bridge that got no answer to its transaction for a container's start."""
    store = SlowStore(Connection((each_etcd.endpoint,)))
    bridge = Bridge(store, Layout(f"{root_key}/traefik", f"{root_key}/docker-event-bridge", "h1"))
    try:
        await bridge.begin()
        store.keeps = True
        with pytest.raises(StoreUnavailable):
            await bridge.settle(publication("c1", item("r1", rule="1")))
        yield bridge
        await bridge.lose()
    finally:
        await store.aclose()


async def carried_out_late(bridge: Bridge) -> bool:
    """Remove the container, then commit the held-back transaction; return whether that published the container."""
    await bridge.settle(publication("c1").id)
    store = bridge.store
    assert isinstance(store, SlowStore)
    await Store.commit(store, store.kept)
    (found,) = (await store.read(bridge.layout.containers())).found
    return any(isinstance(bridge.layout.parse(seen.key), ContainerKey) for seen in found)


async def test_late_write_has_no_effect(late: Bridge) -> None:
    """A late write has no effect once the bridge has moved on, and the bridge keeps its lease."""
    lease = late.session.lease
    assert not await carried_out_late(late)
    assert (late.session.lease.id, late.restarts) == (lease.id, 0)


async def test_late_write_has_effect_without_renewal_of_alive(late: Bridge) -> None:
    """Without the renewal of `alive`, the late write is carried out and publishes a container that is gone."""
    late.session.uncertain = False
    assert await carried_out_late(late)
