"""Bridges of two versions on one etcd, as during an upgrade, share and hand on definitions without any loss."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.daemon.host import WITHIN
from tests.hosts.fakes import FakeHost, fake_host, later_version
from tests.hosts.sites import REMOVED_WITHIN, SETTINGS
from tests.lab.etcd import Etcd
from tests.lab.shell import Command
from tests.lab.wait import wait_for

RULE, PRIORITY = "http/routers/web/rule", "http/routers/web/priority"
FORCE = "objects/http/routers/web"


@pytest.fixture
def later(tmp_path: Path) -> Command:
    """Return the program that starts a bridge of a later version."""
    return later_version(tmp_path)


@pytest.fixture
def hosts(etcd: Etcd, root_key: str) -> Iterator[tuple[FakeHost, FakeHost]]:
    """Return two hosts whose bridges are not started yet."""
    with fake_host(etcd, root_key, "one", **SETTINGS) as one, fake_host(etcd, root_key, "two", **SETTINGS) as two:
        yield one, two


def force(host: FakeHost) -> tuple[str, int]:
    """Return the host that defines the router, and the format in which its definition is written."""
    said = json.loads(host.keys.state()[FORCE].value)
    return said["definer"]["host"], said["format"]


def wait_until_nothing_is_left(host: FakeHost) -> None:
    """Wait until only the hosts and the permanent key are left in the view and the state."""

    def left() -> list[str]:
        state = (path for path in host.keys.state() if not path.startswith(("alive/", "hosts/")))
        return [*state, *(path for path in host.keys.view() if "docker-event-bridge" not in path)]

    wait_for(lambda: not left(), WITHIN, lambda: str(left()))


@contextmanager
def untouched(host: FakeHost, *but: str) -> Iterator[None]:
    """Check that during the block no key of the view is written or deleted, apart from servers and those named."""
    before = host.keys.view()
    yield
    after = host.keys.view()
    kept = {path: key for path, key in before.items() if "/servers/" not in path and path not in but}
    assert kept.items() <= after.items()


def test_definition_passes_to_later_version_and_back(hosts: tuple[FakeHost, FakeHost], later: Command) -> None:
    """A definition passes to the later version and back to the earlier one, which removes it completely."""
    earlier, other = hosts
    earlier.start()
    other.start(later)
    first = earlier.run("first")
    earlier.wait_until_routed(first)
    assert force(earlier) == ("one", 1)
    with untouched(earlier):
        second = other.run("second")
        other.wait_until_routed(second)
        earlier.remove(first)
        assert force(earlier) == ("two", 1)
        third, fourth = earlier.run("third"), earlier.run("fourth")
        earlier.wait_until_routed(third)
        earlier.wait_until_routed(fourth)
        other.remove(second)
        assert force(earlier) == ("one", 2)
        earlier.remove(fourth)
        assert force(earlier) == ("one", 2)
        assert earlier.routed(third)
    earlier.remove(third)
    wait_until_nothing_is_left(earlier)


def test_definition_passes_to_earlier_version_and_back(hosts: tuple[FakeHost, FakeHost], later: Command) -> None:
    """An earlier version can wait for a later one's definition, take it over, hand it back and leave it."""
    earlier, other = hosts
    earlier.start()
    other.start(later)
    first = other.run("first")
    other.wait_until_routed(first)
    assert force(earlier) == ("two", 2)
    second = earlier.run("second")
    earlier.wait_until_told("its format is 2", container="second")
    other.remove(first)
    earlier.wait_until_routed(second)
    assert force(earlier) == ("one", 1)
    with untouched(earlier, PRIORITY):
        third = other.run("third", priority=2)
        other.wait_until_routed(third)
        assert other.keys.view()[PRIORITY].value == "2"
        assert earlier.routed(second)
        earlier.remove(second)
        assert force(earlier) == ("two", 2)
    other.remove(third)
    wait_until_nothing_is_left(earlier)


def test_rolling_upgrade_changes_no_view_key(hosts: tuple[FakeHost, FakeHost], later: Command) -> None:
    """Upgrading one bridge after the other while containers run changes no key of the view."""
    one, two = hosts
    one.start()
    two.start()
    running = [(host, host.run(f"on-{host.name}")) for host in hosts]
    for host, container in running:
        host.wait_until_routed(container)
    before = one.keys.view()
    for host in hosts:
        host.process.end()
        host.start(later)
        assert one.keys.view() == before
    for host, container in running:
        host.remove(container)
    wait_until_nothing_is_left(one)


def test_later_version_removes_dead_host_of_earlier_one(hosts: tuple[FakeHost, FakeHost], later: Command) -> None:
    """A later version removes a dead host of an earlier version, even if that defined the shared objects."""
    one, two = hosts
    one.start()
    two.start(later)
    # The earlier version goes first and defines: it could not join a definition of the later one.
    lost = one.run("lost")
    one.wait_until_routed(lost)
    stays = two.run("stays")
    two.wait_until_routed(stays)
    with untouched(two):
        one.process.kill()
        wait_for(lambda: "hosts/one" not in two.keys.state(), REMOVED_WITHIN, two.process.tail)
        assert two.routed(stays)
        assert not one.routed(lost)
    two.remove(stays)
    wait_until_nothing_is_left(two)
