"""The bridge's session in etcd: other bridges of its name, and the goodbye that it leaves."""

import re

import anyio
import pytest

from bridge.claims.layout import Layout
from bridge.claims.memory import Memory
from bridge.claims.records import HostRecord, decode_host
from bridge.claims.transaction import Put, Range, Transaction
from bridge.daemon.session import Identity, Session, Terms, begin, end
from bridge.errors import FailedError
from bridge.store.client import Lease, Store
from bridge.store.connection import Connection
from tests.lab.etcd import Etcd

pytestmark = pytest.mark.anyio


async def test_goodbye_is_written_after_lost_answer(etcd: Etcd, root_key: str) -> None:
    """After a lost answer, when `alive` may have changed, the goodbye is still written, and the routes stay."""
    layout = Layout(root_key, "state", "h1")
    identity = Identity(layout, "engine", "", Terms(5, 60))
    store = Store(Connection((etcd.endpoint,)))
    lease = await store.acquire(layout.alive(), identity.alive().value, 5)
    assert isinstance(lease, Lease)
    await store.rewrite(layout.alive(), identity.alive().value, lease)
    await end(store, identity, Session(identity.alive(), lease, Memory(layout), uncertain=True), 600)
    ((record,), alive) = (await store.read(Range(layout.host_record()), Range(layout.alive()))).found
    said = decode_host(record.value)
    assert isinstance(said, HostRecord)
    assert said.goodbye == 600
    assert not alive
    await store.aclose()


@pytest.mark.parametrize(
    ("engine", "told"),
    [
        ("first", "lab for the same engine at 10.0.0.1: stop one of them; if they are two hosts, give each"),
        ("second", "lab for the engine first at 10.0.0.1: give each host its own name with BRIDGE_HOST_NAME"),
    ],
)
async def test_refusal_names_the_other_bridge(etcd: Etcd, root_key: str, engine: str, told: str) -> None:
    """A bridge that is refused because another one has its name says where that one is."""
    layout, terms = Layout(root_key, "state", "lab"), Terms(2, 60)
    store = Store(Connection((etcd.endpoint,)))
    first = await begin(store, Identity(layout, "first", "10.0.0.1", terms), print)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(store.hold, first.lease)
        with pytest.raises(FailedError, match=re.escape(told)):
            await begin(store, Identity(layout, engine, "", terms), print)
        tasks.cancel_scope.cancel()
    await store.aclose()


async def test_unreadable_alive_key_is_named_in_refusal(etcd: Etcd, root_key: str) -> None:
    """An `alive` key that cannot be read, and has no lease to remove it, is named in the error."""
    layout = Layout(root_key, "state", "lab")
    store = Store(Connection((etcd.endpoint,)))
    await store.commit(Transaction((), (Put(layout.alive(), "broken"),), ()))
    told = f"the key {layout.alive()} in etcd, which another bridge holds, cannot be read: it is not JSON; delete"
    with pytest.raises(FailedError, match=re.escape(told)):
        await begin(store, Identity(layout, "engine", "", Terms(1, 60)), print)
    await store.aclose()
