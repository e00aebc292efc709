"""Stores on the shared etcds."""

from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from bridge.store.client import Store
from bridge.store.connection import Connection
from tests.lab.etcd import Etcd


@pytest.fixture
def anyio_backend() -> str:
    """Return the event loop of the product."""
    return "asyncio"


@pytest.fixture(params=["3.4", "3.7"])
def server(request: pytest.FixtureRequest, etcd: Etcd, etcd37: Etcd) -> Etcd:
    """Return the etcds that we support, one after the other."""
    return {"3.4": etcd, "3.7": etcd37}[request.param]


@pytest.fixture
async def store(server: Etcd) -> AsyncIterator[Store]:
    """Return a store on a running etcd."""
    async with aclosing(Store(Connection((server.endpoint,)))) as opened:
        yield opened
