"""Advertise addresses of several hosts: missing ones, and one that changes."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from tests.daemon.host import WITHIN
from tests.hosts.sites import running, site, web
from tests.lab.engine import Engine
from tests.lab.etcd import Etcd
from tests.lab.shell import run
from tests.lab.wait import wait_for

EVENT = "neither this host nor another has an advertise address"


def test_hosts_without_advertise_address_warn_of_each_other(engine: Engine, etcd: Etcd, root_key: str) -> None:
    """Two hosts without an advertise address both warn of each other; a host that has one is left out."""
    one, two = (site(engine, etcd, root_key, name) for name in ("one", "two"))
    three = site(engine, etcd, root_key, "three", advertise_address="192.0.2.3")
    with running(three, one, two):
        for host, other in (one, "two"), (two, "one"):
            host.wait_until_logged(EVENT, WITHIN)
            told = [line for line in host.logged(level="warning") if line["event"].startswith(EVENT)]
            assert [line["host"] for line in told] == [other]
        assert EVENT not in three.bridge.log()


def test_interface_address_change_moves_servers(engine: Engine, etcd: Etcd, root_key: str) -> None:
    """After the interface's address has changed, the next resync moves the servers and updates the host record."""
    with interface("10.254.79.1/24") as name:
        host = site(engine, etcd, root_key, "one", advertise_address=name, resync_interval="1s")
        with running(host), web(host, "web-1", "--publish=80") as container:
            port = engine.cli("port", "web-1", "80/tcp").splitlines()[0].rpartition(":")[2]
            assert host.servers(container) == [f"http://10.254.79.1:{port}"]
            run(["ip", "address", "flush", "dev", name])
            run(["ip", "address", "add", "10.254.80.1/24", "dev", name])
            moved = [f"http://10.254.80.1:{port}"]
            wait_for(lambda: host.servers(container) == moved, WITHIN, host.bridge.process.tail)
            assert '"10.254.80.1"' in host.keys.state()["hosts/one"].value


@contextmanager
def interface(address: str) -> Iterator[str]:
    """Create a network interface with an address until the block ends."""
    name = f"lab{uuid.uuid4().hex[:8]}"
    run(["ip", "link", "add", name, "type", "bridge"])
    try:
        run(["ip", "address", "add", address, "dev", name])
        yield name
    finally:
        run(["ip", "link", "delete", name])
