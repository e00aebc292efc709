"""The bridge's life in etcd: what it leaves there when it goes."""

import pytest

from bridge.claims.layout import Layout
from bridge.claims.memory import Memory
from bridge.claims.records import HostRecord, decode_host
from bridge.claims.transaction import Range
from bridge.daemon.session import Identity, Session, Terms, end
from bridge.store.client import Lease, Store
from bridge.store.connection import Connection
from tests.lab.etcd import Etcd

pytestmark = pytest.mark.anyio


async def test_a_goodbye_after_an_answer_that_was_lost(etcd: Etcd, root_key: str) -> None:
    """Where nobody knows whether `alive` was written anew, it is found out first: the routes stay."""
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
