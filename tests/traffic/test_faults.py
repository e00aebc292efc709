"""The bridge and etcd come and go under load: no request fails, and Traefik reloads nothing."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import bridge
from tests.lab.wait import wait_for
from tests.traffic.site import Site, reloads

WITHIN = 20.0
LATER_VERSION = "99.0.0"


def kill(site: Site) -> None:
    """Kill the bridge and start it again."""
    site.host.bridge.process.kill()
    site.host.bridge.start()


def restart_etcd(site: Site) -> None:
    """Kill etcd, and start it again when the bridge has noticed."""
    etcd, running = site.host.keys.etcd, site.host.bridge
    etcd.kill()
    wait_for(lambda: not running.healthy(), WITHIN, running.process.tail)
    etcd.restart()


def lose_lease(site: Site) -> None:
    """Revoke the bridge's lease, and see it take another."""
    site.host.lose_lease()


@pytest.mark.parametrize("fault", [kill, restart_etcd, lose_lease], ids=lambda fault: fault.__name__)
def test_fault_fails_no_request(site: Site, fault: Callable[[Site], None]) -> None:
    """No request fails when the bridge or etcd is killed, or the lease is lost."""
    with _undisturbed(site):
        fault(site)


def test_upgrade_fails_no_request(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No request fails when the bridge is replaced by another version, which takes over what it wrote."""
    shutil.copytree(Path(bridge.__file__).parent, tmp_path / "bridge")
    (tmp_path / "bridge/__init__.py").write_text(f'__version__ = "{LATER_VERSION}"\n')
    with _undisturbed(site):
        site.host.bridge.process.end()
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        monkeypatch.setenv("PYTHONSAFEPATH", "1")
        site.host.bridge.start()
        site.host.bridge.wait_until_healthy()
        assert LATER_VERSION in site.host.keys.state()["alive/lab"].value


@contextmanager
def _undisturbed(site: Site) -> Iterator[None]:
    """Check that no request fails, nothing under the root changes, and Traefik reloads only for something new."""
    view, before = site.host.keys.view(), reloads(site.traefik)
    yield
    site.host.bridge.wait_until_healthy()
    site.load.wait_for(100)
    assert site.host.keys.view() == view
    assert reloads(site.traefik) == before
    with site.host.container("later"):
        site.traefik.wait_for_status(200, "later.localhost")
        assert reloads(site.traefik) == before + 1
    assert site.load.failed() == []
