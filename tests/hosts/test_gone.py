"""Hosts that die, stop and come back: their claims are removed in due time, and everything else stays."""

import signal
import time
from collections.abc import Callable

import pytest

from tests.daemon.host import WITHIN, Host
from tests.hosts.fakes import fake_host
from tests.hosts.sites import GRACE, LEASE, REMOVED_WITHIN, running, site, web
from tests.lab.engine import Engine
from tests.lab.etcd import Etcd
from tests.lab.wait import wait_for

StartEtcd = Callable[[str], Etcd]

BACK_WITHIN = 5.0
LONG = "1h"


def wait_until_forgotten(host: Host, by: Host) -> None:
    """Wait until nothing of a host is left."""
    wait_for(lambda: not host.left(), REMOVED_WITHIN, by.bridge.process.tail)


def test_only_servers_of_dead_host_are_removed(hosts: tuple[Host, Host]) -> None:
    """Only the dead host's own servers are removed, after the grace period; shared services and routers stay."""
    one, two = hosts
    with web(one, "web-1") as lost, web(two, "web-2") as stays:
        before = one.keys.view()
        one.bridge.process.kill()
        died = time.monotonic()
        wait_for(lambda: not one.servers(lost), REMOVED_WITHIN, two.bridge.process.tail)
        assert time.monotonic() - died > GRACE
        wait_until_forgotten(one, two)
        after = one.keys.view()
        assert two.servers(stays)
        assert {path: key for path, key in before.items() if f"/one-{lost[:12]}/" not in path} == after
        [told] = two.logged(event="removed a host that is gone")
        assert (told["host"], told["containers"]) == ("one", ["web-1"])


def test_host_back_within_grace_keeps_its_routes(engine: Engine, etcd: Etcd, root_key: str) -> None:
    """If a killed bridge starts again within the grace period, no key of the view has been written."""
    one, two = site(engine, etcd, root_key, "one"), site(engine, etcd, root_key, "two", host_grace=LONG)
    with running(one, two), web(one, "web-1"):
        before = one.keys.view()
        one.bridge.process.kill()
        two.wait_until_logged("a host is gone")
        one.restart()
        assert one.keys.view() == before


def test_host_back_after_removal_publishes_again(hosts: tuple[Host, Host]) -> None:
    """A host that starts again after its removal publishes its running containers."""
    one, two = hosts
    with web(one, "web-1") as lost:
        one.bridge.process.kill()
        wait_until_forgotten(one, two)
        one.restart()
        one.wait_until_routed(lost)


def test_frozen_bridge_is_removed_and_publishes_again(hosts: tuple[Host, Host]) -> None:
    """A bridge frozen for longer than lease and grace period is removed; once it thaws, it publishes all anew."""
    one, two = hosts
    with web(one, "web-1") as lost, web(two, "web-2"):
        before = {path: key.value for path, key in one.keys.view().items()}
        one.bridge.process.send(signal.SIGSTOP)
        wait_until_forgotten(one, two)
        one.engine.cli("kill", "--signal", "WINCH", "web-1")
        one.bridge.process.send(signal.SIGCONT)
        one.wait_until_routed(lost, BACK_WITHIN)
        assert {path: key.value for path, key in one.keys.view().items()} == before


def test_next_bridge_to_start_removes_dead_host(engine: Engine, etcd: Etcd, root_key: str) -> None:
    """A host that died while no other bridge ran is removed by the next one to start, after the grace period."""
    one, two = (site(engine, etcd, root_key, name) for name in ("one", "two"))
    with running(one), web(one, "web-1"):
        one.bridge.process.kill()
        with running(two):
            assert one.left()
            wait_until_forgotten(one, two)
            assert not [path for path in one.keys.view() if "web" in path]


def test_clean_stop_keeps_routes_for_time_of_goodbye(engine: Engine, etcd: Etcd, root_key: str) -> None:
    """After a clean stop the routes stay for the time in the goodbye, longer than the grace period."""
    stay = 3 * GRACE
    one = site(engine, etcd, root_key, "one", keep_after_stop=f"{stay}s")
    two = site(engine, etcd, root_key, "two")
    with running(one, two), web(one, "web-1") as kept:
        stopped = time.monotonic()
        one.bridge.process.end()
        wait_for(lambda: not one.servers(kept), stay + REMOVED_WITHIN, two.bridge.process.tail)
        assert time.monotonic() - stopped > stay
        wait_until_forgotten(one, two)


def test_on_stop_withdraw_removes_routes_at_once(engine: Engine, start_etcd: StartEtcd, root_key: str) -> None:
    """With on_stop=withdraw a stop withdraws all containers at one revision, and the host is forgotten."""
    etcd = start_etcd("3.4")
    one = site(engine, etcd, root_key, "one", on_stop="withdraw")
    two = site(engine, etcd, root_key, "two", host_grace=LONG)
    with running(one, two), web(one, "web-1"), web(one, "web-3"), web(two, "web-2") as stays:
        before = one.keys.revision()
        one.bridge.process.send(signal.SIGTERM)
        assert one.bridge.process.wait(WITHIN) == 0
        assert not one.left()
        assert two.servers(stays)
        # `alive` is renewed, the containers leave, the host's record is deleted, and the lease is revoked.
        assert one.keys.revision() == before + 4
        assert len({key.revision for key in one.keys.view().values()} - set(range(before + 1))) <= 1


def test_further_signals_do_not_interrupt_stop(start_etcd: StartEtcd, root_key: str) -> None:
    """Further signals during a stop, such as a second Ctrl-C, do not keep it from withdrawing the routes."""
    etcd = start_etcd("3.4")
    with fake_host(etcd, root_key, "one", on_stop="withdraw") as one:
        one.start()
        one.wait_until_routed(one.run("web"))
        etcd.freeze()
        for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGINT):
            one.process.send(number)
            one.wait_until_told("stopping")
        etcd.thaw()
        assert one.process.wait(WITHIN) == 0, one.process.tail()
        assert not one.keys.left_of("one")


def test_other_engine_gets_host_name_after_lease_and_grace(
    engine: Engine, engine29: Engine, etcd: Etcd, root_key: str
) -> None:
    """A bridge on another engine gets a host's name only after lease and grace period; old routes are removed."""
    one, other = site(engine, etcd, root_key, "one"), site(engine29, etcd, root_key, "one")
    with running(one), web(one, "web-1") as lost:
        one.bridge.process.end()
        began = time.monotonic()
        with running(other):
            assert time.monotonic() - began > LEASE + GRACE
            assert not one.servers(lost)
            assert len(other.logged(level="warning")) == 1


def test_deleted_alive_key_is_written_again(hosts: tuple[Host, Host]) -> None:
    """If somebody deletes a host's `alive` key, its bridge writes it again, and no route changes."""
    one, _ = hosts
    with web(one, "web-1"):
        before = one.keys.view()
        one.keys.etcd.ctl("del", f"docker-event-bridge/{one.keys.root_key}/alive/one")
        wait_for(lambda: "alive/one" in one.keys.state(), WITHIN, one.bridge.process.tail)
        assert one.keys.view() == before


@pytest.mark.parametrize("change", [("del",), ("put", "broken")], ids=["deleted", "broken"])
def test_deleted_host_record_is_written_again(hosts: tuple[Host, Host], change: tuple[str, ...]) -> None:
    """A lost record is written again, since nobody removes a dead host without one; no route changes."""
    one, two = hosts
    with web(one, "web-1") as kept:
        before, record = one.keys.view(), one.keys.state()["hosts/one"].value
        command, *value = change
        one.keys.etcd.ctl(command, f"docker-event-bridge/{one.keys.root_key}/hosts/one", *value)
        wait_for(lambda: _has_record(one, record), WITHIN, one.bridge.process.tail)
        assert one.logged(level="warning", event="the record of this host was changed by somebody else")
        assert one.keys.view() == before
        one.bridge.process.kill()
        wait_until_forgotten(one, two)
        assert not one.servers(kept)


def _has_record(host: Host, value: str) -> bool:
    found = host.keys.state().get(f"hosts/{host.name}")
    return found is not None and found.value == value


def test_dead_host_of_later_format_stays_and_is_reported(hosts: tuple[Host, Host]) -> None:
    """A dead host whose record has a later format stays and is reported once; a purge removes what it can."""
    one, two = hosts
    with web(one, "web-1") as kept, web(two, "web-2") as leaves:
        record = one.keys.state()["hosts/one"].value
        one.bridge.process.kill()
        key = f"docker-event-bridge/{one.keys.root_key}/hosts/one"
        one.keys.etcd.ctl("put", key, record.replace('"format":1', '"format":9'))
        two.wait_until_logged("a host is gone whose record cannot be read")
        two.engine.cli("stop", "--time", "1", "web-2")
        two.wait_until_withdrawn(leaves)
        assert one.servers(kept)
        assert len(two.logged(event="a host is gone whose record cannot be read")) == 1
        assert two.bridge.command("purge", "one", "--yes").returncode == 0
        assert not one.servers(kept)


def test_session_after_lost_lease_writes_only_changes(hosts: tuple[Host, Host]) -> None:
    """After a lost lease, only what changed meanwhile is written; all other keys stay as they are."""
    one, _ = hosts
    labels = ("--label=site=one",)
    with one.engine.container("old-name", *labels) as renamed, web(one, "web-1") as same:
        one.wait_until_routed(renamed)
        before = one.keys.view()
        lease = one.keys.state()["alive/one"].lease
        one.bridge.process.send(signal.SIGSTOP)
        one.keys.etcd.ctl("lease", "revoke", f"{lease:x}")
        one.engine.cli("rename", "old-name", "new-name")
        one.bridge.process.send(signal.SIGCONT)
        try:
            wait_for(lambda: "http/routers/new-name/rule" in one.keys.view(), WITHIN, one.bridge.process.tail)
            assert not [path for path in (*one.keys.view(), *one.keys.state()) if "old-name" in path]
            assert one.servers(same)
            kept = {path: key for path, key in before.items() if "old-name" not in path}
            assert kept.items() <= one.keys.view().items()
        finally:
            one.engine.cli("rename", "new-name", "old-name")
