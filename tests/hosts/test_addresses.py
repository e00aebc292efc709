"""Hosts whose containers have the same addresses: said once on each of them, as soon as they meet."""

from tests.daemon.host import WITHIN
from tests.hosts.sites import running, site
from tests.lab.engine import Engine
from tests.lab.etcd import Etcd

EVENT = "neither this host nor another has an advertise address"


def test_a_second_host_without_an_advertise_address(engine: Engine, etcd: Etcd, root_key: str) -> None:
    """Two hosts without one warn of each other, also the one that was there first; who has one is left out."""
    one, two = (site(engine, etcd, root_key, name) for name in ("one", "two"))
    three = site(engine, etcd, root_key, "three", advertise_address="192.0.2.3")
    with running(three, one, two):
        for host, other in (one, "two"), (two, "one"):
            host.wait_until_logged(EVENT, WITHIN)
            told = [line for line in host.logged(level="warning") if line["event"].startswith(EVENT)]
            assert [line["host"] for line in told] == [other]
        assert EVENT not in three.bridge.log()
