"""An etcd in memory and a bridge on it."""

import pytest

from tests.claims.fake_etcd import FakeEtcd
from tests.claims.world import Bridge


@pytest.fixture
def fake() -> FakeEtcd:
    """An etcd with nothing in it."""
    return FakeEtcd()


@pytest.fixture
def bridge(fake: FakeEtcd) -> Bridge:
    """The first host's bridge."""
    return Bridge(fake)
