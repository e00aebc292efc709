"""Fixtures: two hosts with running bridges, a short lease and a short grace period."""

from collections.abc import Iterator

import pytest

from tests.daemon.host import Host
from tests.hosts.sites import running, site
from tests.lab.engine import Engine
from tests.lab.etcd import Etcd


@pytest.fixture
def hosts(engine: Engine, etcd: Etcd, root_key: str) -> Iterator[tuple[Host, Host]]:
    """Return two hosts with healthy bridges."""
    one, two = (site(engine, etcd, root_key, name) for name in ("one", "two"))
    with running(one, two):
        yield one, two
