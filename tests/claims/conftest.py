"""Fixtures: an etcd in memory and a bridge that uses it."""

import pytest

from tests.claims.fake_etcd import FakeEtcd
from tests.claims.world import Bridge


@pytest.fixture
def fake() -> FakeEtcd:
    """Return an empty etcd."""
    return FakeEtcd()


@pytest.fixture
def bridge(fake: FakeEtcd) -> Bridge:
    """Return the bridge of the first host."""
    return Bridge(fake)
