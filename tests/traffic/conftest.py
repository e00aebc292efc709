"""Two replicas behind a Traefik, under load for as long as the test lasts."""

from collections.abc import Callable, Iterator

import pytest

from tests.daemon.host import hosted
from tests.lab.engine import Engine
from tests.lab.etcd import Etcd
from tests.lab.load import Load
from tests.lab.traefik import Traefik, etcd_provider
from tests.traffic.site import METRICS, WEB, Site, replicas

StartEtcd = Callable[[str], Etcd]


@pytest.fixture
def site(
    engine: Engine, start_etcd: StartEtcd, root_key: str, start_traefik: Callable[..., Traefik]
) -> Iterator[Site]:
    """Return a site whose Traefik applies changes as slowly as by default."""
    etcd = start_etcd("3.4")
    with hosted(engine, etcd, root_key) as host, replicas(engine) as names:
        traefik = start_traefik(etcd_provider(etcd, root_key), METRICS)
        name = f"{WEB}.localhost"
        traefik.wait_for_status(200, name)
        with Load(traefik.port(), name) as load:
            yield Site(host, names, traefik, load)
