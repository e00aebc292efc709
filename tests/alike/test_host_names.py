"""Host networking where the host has a name inside containers: the names are tried in Traefik's order.

Both Traefik and the bridge look the names up in /etc/hosts; they are started with a file of the test there.
"""

import ctypes
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.alike.batch import Outcome, Placed, compare
from tests.lab.etcd import Etcd
from tests.lab.fake_engine import FakeContainer
from tests.lab.parts import TraefikRelease
from tests.lab.shell import PartUnavailableError, run

CLONE_NEWNS = 0x00020000
ON_HOST = FakeContainer(
    "onhost",
    {"traefik.http.services.onhost-s.loadbalancer.server.port": "8123"},
    networks={"host": ()},
    network_mode="host",
    ports={},
)

pytestmark = pytest.mark.usefixtures("traefiks")


@pytest.mark.parametrize("release", ["3.7", "2.11"])
@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param({"host.docker.internal": "127.8.0.1"}, "127.8.0.1:8123", id="docker"),
        pytest.param({"host.containers.internal": "127.8.0.2"}, "127.8.0.2:8123", id="podman"),
        pytest.param(
            {"host.containers.internal": "127.8.0.2", "host.docker.internal": "127.8.0.1"},
            "127.8.0.1:8123",
            id="both",
        ),
        pytest.param({"host.docker.internal": "fd00:8::1"}, "[fd00:8::1]:8123", id="IPv6"),
    ],
)
def test_host_networking_uses_first_resolvable_name(
    etcd: Etcd, tmp_path: Path, release: TraefikRelease, names: Mapping[str, str], expected: str
) -> None:
    """A container in host networking is reached at the address of the first such name that resolves."""
    hosts = tmp_path / "hosts"
    hosts.write_text(
        "".join(f"{address} {name}\n" for name, address in {"localhost": "127.0.0.1", **names}.items())
    )
    with ThreadPoolExecutor(max_workers=1) as apart:
        outcome = apart.submit(_compared, hosts, etcd, release).result()
    assert outcome.theirs["services"]["onhost-s"]["loadBalancer"]["servers"] == [{"url": f"http://{expected}"}]
    assert outcome.differences() == []


def _compared(hosts: Path, etcd: Etcd, release: TraefikRelease) -> Outcome:
    """Compare on a thread with a mount namespace of its own, which the processes that it starts inherit."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS):
        raise PartUnavailableError(f"files of its own for a process: {os.strerror(ctypes.get_errno())}")
    run(["mount", "--make-rprivate", "/"])
    run(["mount", "--bind", hosts, "/etc/hosts"])
    return compare([Placed(ON_HOST)], etcd, release)
