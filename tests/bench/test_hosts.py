"""The simulation's idle hosts behave like bridges: they refresh their leases, and hear of other hosts."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.claims.layout import Layout
from tests.bench.scene import ROOT
from tests.lab.etcd import Etcd
from tests.lab.process import Process

NUMBER = 2
WITHIN = 20.0
REFRESHES = r'grpc_server_handled_total\{grpc_code="OK",grpc_method="LeaseKeepAlive",.*\}'
LAYOUT = Layout(ROOT, "docker-event-bridge", "newcomer")


@pytest.fixture
def hosts(etcd: Etcd, tmp_path: Path) -> Iterator[Process]:
    """Return a process that simulates hosts, and remove their keys at the end."""
    process = Process([sys.executable, "-m", "tests.bench.hosts", etcd.endpoint, str(NUMBER)], tmp_path / "log")
    try:
        process.wait_until(lambda: "ready" in process.log.read_text(), WITHIN)
        yield process
    finally:
        process.kill()
        etcd.ctl("del", "--prefix", LAYOUT.state)


def test_idle_hosts_refresh_leases_and_see_new_host(etcd: Etcd, hosts: Process) -> None:
    """All hosts refresh their leases more than once, and all hear of a new host."""
    before = etcd.metric(REFRESHES)
    hosts.wait_until(lambda: etcd.metric(REFRESHES) > before + 2 * NUMBER, WITHIN)
    etcd.ctl("put", LAYOUT.alive(), "")
    hosts.wait_until(lambda: sum(line.isdigit() for line in hosts.log.read_text().splitlines()) == NUMBER, WITHIN)
    assert "lease" not in hosts.log.read_text()
