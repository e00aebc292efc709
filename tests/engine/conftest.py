"""Fixtures: our engine adapter on real engines, and an engine that a test may stop, freeze and configure."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack

import pytest

from bridge.engine.client import Engine
from bridge.engine.model import Endpoint
from tests.lab.engine import Engine as Dockerd

Open = Callable[[Endpoint], Engine]


@pytest.fixture
async def connect() -> AsyncIterator[Open]:
    """Return a function that makes engine clients, which are closed at the test's end."""
    async with AsyncExitStack() as stack:

        def connect(endpoint: Endpoint) -> Engine:
            engine = Engine(endpoint)
            stack.push_async_callback(engine.aclose)
            return engine

        yield connect


@pytest.fixture
def asked(connect: Open, each_engine: Dockerd) -> Engine:
    """Return a client of each of the shared engines."""
    return connect(Endpoint(each_engine.url))


@pytest.fixture(scope="module")
def own_dockerd(engine: Dockerd) -> Iterator[Dockerd]:
    """Return an engine that the tests of one module may stop, freeze and configure."""
    with Dockerd(engine.release) as started:
        yield started
