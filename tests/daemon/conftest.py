"""Fixtures: a host with an engine and a bridge, on the shared etcd or on one of its own that may be killed."""

from collections.abc import Callable, Iterator

import pytest

from tests.daemon.host import Host, hosted
from tests.lab.engine import Engine
from tests.lab.etcd import Etcd


@pytest.fixture
def host(engine: Engine, etcd: Etcd, root_key: str) -> Iterator[Host]:
    """Return a host whose bridge is healthy."""
    with hosted(engine, etcd, root_key) as host:
        yield host


@pytest.fixture
def host_alone(engine: Engine, start_etcd: Callable[[str], Etcd], root_key: str) -> Iterator[Host]:
    """Return a host with an etcd that nobody else uses."""
    etcd = start_etcd("3.4")
    with hosted(engine, etcd, root_key) as host:
        yield host
