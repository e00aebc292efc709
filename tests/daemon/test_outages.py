"""Outages of Docker, etcd and the bridge: routes stay until something else is known."""

import signal
import time
from collections.abc import Callable

import pytest

from tests.daemon.host import WITHIN, Host, hosted
from tests.daemon.keys import Keys
from tests.lab.bridge import Bridge
from tests.lab.engine import Engine
from tests.lab.etcd import Etcd
from tests.lab.wait import wait_for

LEASE = 3
STOPPED_WITHIN = 2.0
LEASE_WITHIN = 10.0
REFUSED_WITHIN = 20.0
UNHEALTHY_WITHIN = 15.0
FROZEN_WITHIN = 25.0

StartEtcd = Callable[[str], Etcd]


def test_bridge_waits_for_etcd(engine: Engine, start_etcd: StartEtcd, root_key: str) -> None:
    """A bridge that starts before etcd logs the wait once, and works as soon as etcd is up."""
    etcd = start_etcd("3.4")
    etcd.kill()
    bridge = Bridge(engine, etcd, root_key)
    host = Host(engine, bridge, Keys(etcd, root_key))
    try:
        bridge.start()
        host.wait_until_logged('"on": "etcd"')
        assert bridge.command("health").returncode == 1
        etcd.restart()
        bridge.wait_until_healthy()
        host.wait_until_followed()
        assert len(host.logged(event="waiting", on="etcd")) == 1
        assert len(host.logged(event="connected", to="etcd")) == 1
    finally:
        bridge.remove()


def test_bridge_waits_for_docker(engine: Engine, etcd: Etcd, root_key: str) -> None:
    """A bridge that starts before Docker logs the wait once, and works as soon as Docker is up."""
    bridge = Bridge(engine, etcd, root_key)
    host = Host(engine, bridge, Keys(etcd, root_key))
    engine.stop()
    try:
        bridge.start()
        host.wait_until_logged('"on": "Docker"')
        assert bridge.command("health").returncode == 1
        engine.restart()
        bridge.wait_until_healthy()
        host.wait_until_followed()
        assert len(host.logged(event="waiting", on="Docker")) == 1
        assert len(host.logged(event="connected", to="Docker")) == 1
    finally:
        bridge.remove()
        if not engine.process.running:
            engine.restart()


def test_stopped_engine_removes_no_route(host: Host) -> None:
    """Routes stay while the engine is down; then only those of containers that did not restart are removed."""
    keep = ("--restart", "always")
    with host.container("comes-back", *keep) as back, host.container("stays-away") as away:
        before = host.keys.view()
        host.engine.process.kill()
        try:
            host.wait_until_logged('"on": "Docker"')
            assert host.keys.view() == before
        finally:
            host.engine.restart()
        host.wait_until_withdrawn(away)
        host.wait_until_routed(back)
        host.wait_until_followed()
        assert len(host.logged(event="waiting", on="Docker")) == 1


def test_frozen_engine_removes_no_route(host: Host) -> None:
    """A frozen engine is noticed though its event stream stays open, removes no route, and is followed again."""
    with host.container("silent") as silent:
        before = host.keys.view()
        host.engine.freeze()
        try:
            host.wait_until_logged('"on": "Docker"', FROZEN_WITHIN)
            assert host.keys.view() == before
        finally:
            host.engine.thaw()
        host.engine.cli("stop", "--time", "1", "silent")
        host.wait_until_withdrawn(silent, FROZEN_WITHIN)


def test_only_changes_are_written_after_etcd_outage(host_alone: Host) -> None:
    """While etcd is frozen or down `health` fails; afterwards only what changed meanwhile is written."""
    host, etcd = host_alone, host_alone.keys.etcd

    def healthy() -> bool:
        return host.bridge.command("health").returncode == 0

    with host.container("stays") as stays, host.container("goes") as goes:
        before = host.keys.view()
        etcd.freeze()
        wait_for(lambda: not healthy(), UNHEALTHY_WITHIN, host.bridge.process.tail)
        etcd.thaw()
        wait_for(healthy, UNHEALTHY_WITHIN, host.bridge.process.tail)
        etcd.kill()
        wait_for(lambda: not healthy(), UNHEALTHY_WITHIN, host.bridge.process.tail)
        etcd.restart()
        wait_for(healthy, UNHEALTHY_WITHIN, host.bridge.process.tail)
        host.wait_until_followed()
        assert host.keys.view() == before
        etcd.kill()
        host.engine.cli("rm", "--force", "goes")
        host.engine.cli("run", "--detach", "--name", "goes", "--label=traefik.enable=false", "busybox")
        etcd.restart()
        host.wait_until_withdrawn(goes)
        assert host.keys.servers(stays)
        assert len(host.logged(event="waiting", on="etcd")) == len(host.logged(event="connected", to="etcd")) - 1


def test_emptied_etcd_is_filled_again(host_alone: Host) -> None:
    """When etcd comes back empty, all running containers are written again."""
    host, etcd = host_alone, host_alone.keys.etcd
    with host.container("again") as container:
        before = {path: key.value for path, key in host.keys.view().items()}
        etcd.kill()
        etcd.wipe()
        etcd.restart()
        host.wait_until_routed(container)
        assert {path: key.value for path, key in host.keys.view().items()} == before
        host.wait_until_followed()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_restart_writes_nothing(host: Host, number: signal.Signals) -> None:
    """A stop takes less than two seconds and keeps the routes, and the next start writes nothing."""
    with host.container("unchanged"):
        before = host.keys.view()
        host.bridge.process.send(number)
        assert host.bridge.process.wait(STOPPED_WITHIN) == 0
        assert host.keys.view() == before
        host.bridge.start()
        host.bridge.wait_until_healthy()
        host.wait_until_followed()
        assert host.keys.view() == before
        assert not host.logged(event="mended a key that was changed by somebody else")


def test_stop_is_fast_without_docker_and_etcd(host_alone: Host) -> None:
    """A stop takes less than two seconds even if neither Docker nor etcd answers."""
    host, etcd = host_alone, host_alone.keys.etcd
    host.engine.freeze()
    etcd.freeze()
    try:
        host.bridge.process.send(signal.SIGTERM)
        assert host.bridge.process.wait(STOPPED_WITHIN) == 0
    finally:
        etcd.thaw()
        host.engine.thaw()


def test_bridge_starts_after_killed_one(host: Host) -> None:
    """After kill -9 the next one waits for the lease, withdraws what went meanwhile and leaves the rest alone."""
    earlier = "an earlier bridge of the host lab is still alive"
    with host.container("remains") as remains:
        before, lease = host.keys.view(), host.keys.state()["alive/lab"].lease

        def waits() -> bool:
            # However long the start takes: the lease does not end before.
            host.keys.etcd.ctl("lease", "keep-alive", "--once", f"{lease:x}")
            return earlier in host.bridge.log()

        with host.container("went") as went:
            host.bridge.process.kill()
            host.bridge.start()
            host.bridge.process.wait_until(waits, WITHIN)
        host.wait_until_withdrawn(went, LEASE_WITHIN)
        assert host.keys.view() == before
        assert host.keys.servers(remains)
        assert len(host.logged(event=earlier)) == 1


def test_second_bridge_of_same_name_is_refused(engine: Engine, etcd: Etcd, root_key: str) -> None:
    """Another bridge with the host's name gives up after twice the time of a lease; the first one goes on."""
    lease = {"host_lease": f"{LEASE}s"}
    with hosted(engine, etcd, root_key, **lease) as host:
        second = Bridge(engine, etcd, root_key, **lease)
        try:
            started = time.monotonic()
            second.start()
            assert second.process.wait(REFUSED_WITHIN) == 1
            assert time.monotonic() - started > 2 * LEASE
            told = "another bridge runs under the host name lab for the same engine: stop one of them"
            refusals = [line for line in second.log().splitlines() if told in line]
            assert refusals == [second.log().splitlines()[-1]]
            assert "Traceback" not in second.log()
        finally:
            second.remove()
        host.wait_until_followed()
        assert not host.logged(level="error")


def test_lost_lease_changes_no_route(host: Host) -> None:
    """After losing its lease, the bridge takes a new one and changes no route."""
    with host.container("steady"):
        before = host.keys.view()
        host.lose_lease()
        host.wait_until_followed()
        assert host.keys.view() == before
