"""When hosts that are gone are removed, on a real etcd."""

import anyio
import pytest

from bridge.claims.layout import Layout
from bridge.claims.memory import Memory
from bridge.claims.records import HostRecord, encode_record
from bridge.claims.transaction import Put, Range, Transaction
from bridge.daemon.reaper import Reaper
from bridge.daemon.session import Identity, Session, Terms, introduce
from bridge.store.client import Lease, Store
from bridge.store.connection import Connection
from tests.lab.etcd import Etcd

pytestmark = pytest.mark.anyio

TERMS = Terms(lease=1, grace=4.0)
WITHIN, CUT_EVERY = 30.0, 3.5


async def test_grace_does_not_restart_with_each_watch(etcd: Etcd, root_key: str) -> None:
    """The grace does not begin anew with each watch: some proxies end whatever is quiet for a minute."""
    layout = Layout(root_key, "docker-event-bridge", "lab")
    identity, gone = Identity(layout, "engine", "", TERMS), layout.of("gone").host_record()
    store, watched = Store(Connection((etcd.endpoint,))), Store(Connection((etcd.endpoint,)))
    session = await _session(store, identity)
    await store.commit(Transaction((), (Put(gone, encode_record(HostRecord("", "", "1.0"))),), ()))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(Reaper(watched, layout, TERMS, session).watch)
        with anyio.fail_after(WITHIN):
            while (await store.read(Range(gone))).found[0]:
                await anyio.sleep(CUT_EVERY)
                await watched.aclose()
        tasks.cancel_scope.cancel()
    await store.aclose()
    await watched.aclose()


async def _session(store: Store, identity: Identity) -> Session:
    """Return a session with a lease that outlasts the test."""
    lease = await store.acquire(identity.alive().key, identity.alive().value, 60)
    assert isinstance(lease, Lease)
    session = Session(identity.alive(), lease, Memory(identity.layout))
    await introduce(store, identity, session)
    return session
