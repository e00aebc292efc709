"""Fixtures: stores on the shared etcds, and on etcds that a test may break."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from typing import cast

import pytest
from blockbuster import blockbuster_ctx

from bridge.store.client import Store
from bridge.store.connection import Connection
from tests.lab.etcd import Etcd, Member
from tests.lab.parts import EtcdRelease

OpenStore = Callable[[Connection], Store]
StartEtcd = Callable[..., Etcd]


@pytest.fixture(scope="session", autouse=True)
async def _one_loop(anyio_backend: str) -> AsyncIterator[None]:  # noqa: ARG001
    """Make all tests share one event loop: gRPC reports the end of calls to their loop even after it is closed."""
    yield  # noqa: PT022, the loop lives as long as this fixture


@pytest.fixture(autouse=True)
def _nothing_blocks() -> Iterator[None]:
    """Fail if the store blocks the event loop."""
    with blockbuster_ctx("bridge.store"):
        yield


@pytest.fixture(params=["3.4", "3.7"])
def release(request: pytest.FixtureRequest) -> EtcdRelease:
    """Return the supported releases of etcd, one after the other."""
    return cast("EtcdRelease", request.param)


@pytest.fixture
def server(release: EtcdRelease, etcd: Etcd, etcd37: Etcd) -> Etcd:
    """Return a shared running etcd, which a test must not break."""
    return {"3.4": etcd, "3.7": etcd37}[release]


@pytest.fixture
async def open_store() -> AsyncIterator[OpenStore]:
    """Return a function that makes stores, which are closed at the test's end."""
    async with AsyncExitStack() as stack:

        def make(connection: Connection) -> Store:
            store = Store(connection)
            stack.push_async_callback(store.aclose)
            return store

        yield make


@pytest.fixture
def store(server: Etcd, open_store: OpenStore) -> Store:
    """Return a store on a running etcd."""
    return open_store(Connection((server.endpoint,)))


@pytest.fixture
def start_etcd(release: EtcdRelease, etcd: Etcd, etcd37: Etcd) -> Iterator[StartEtcd]:  # noqa: ARG001, both are built
    """Return a function that starts an etcd of the test's own with further arguments."""
    with ExitStack() as stack:

        def start(*arguments: str, member: Member | None = None) -> Etcd:
            return stack.enter_context(Etcd(release, member, arguments=arguments))

        yield start
