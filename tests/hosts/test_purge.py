"""`purge` removes a host by hand: only that host, and only if it is gone."""

import os
import pty
import subprocess
import sys

import pytest

from tests.daemon.host import WITHIN, Host
from tests.hosts.sites import running, site, web
from tests.lab.engine import Engine
from tests.lab.etcd import Etcd
from tests.lab.wait import wait_for

LONG = "1h"
ANSWERED_WITHIN = 30.0


@pytest.fixture
def slow_hosts(engine: Engine, etcd: Etcd, root_key: str) -> tuple[Host, Host]:
    """Return two hosts with a grace period longer than any test."""
    one, two = (site(engine, etcd, root_key, name, host_grace=LONG) for name in ("one", "two"))
    return one, two


def test_purge_removes_only_that_host(slow_hosts: tuple[Host, Host]) -> None:
    """`purge` shows what goes, and removes that and nothing else."""
    one, two = slow_hosts
    with running(two), web(two, "web-2") as stays:
        with running(one), web(one, "web-1"):
            one.bridge.process.end()
            done = two.bridge.command("purge", "one", "--yes")
        assert done.returncode == 0, done.stderr
        assert "\n  web-1\n" in done.stdout
        assert not one.left()
        assert [path for path in two.keys.view() if "/servers/" in path] == [
            f"http/services/web-shop/loadbalancer/servers/two-{stays[:12]}/url"
        ]


def test_purge_of_live_host_is_refused(slow_hosts: tuple[Host, Host]) -> None:
    """A purge of a live host is refused in one line; with --force its claims go, until it restarts."""
    one, _ = slow_hosts
    with running(one), web(one, "web-1") as container:
        before = one.keys.view()
        refused = one.bridge.command("purge", "one", "--yes")
        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr.startswith(
            "docker-event-bridge: the host one is alive (its bridge holds docker-event-bridge/"
        )
        assert one.keys.view() == before
        forced = one.bridge.command("purge", "one", "--yes", "--force")
        assert forced.returncode == 0
        assert not one.servers(container)
        assert "hosts/one" in one.keys.state()
        one.bridge.process.end()
        one.restart()
        one.wait_until_routed(container)


def test_purge_of_unknown_host_lists_known_hosts(slow_hosts: tuple[Host, Host]) -> None:
    """For an unknown host the known ones are listed; without --yes and a terminal, nothing is removed."""
    one, _ = slow_hosts
    with running(one):
        unknown = one.bridge.command("purge", "three")
        line = f"no host three is known with the root key {one.keys.root_key}; known hosts: one"
        assert (unknown.returncode, unknown.stderr) == (1, f"docker-event-bridge: {line}\n")
        one.bridge.process.end()
        unasked = one.bridge.command("purge", "one")
        assert unasked.returncode == 2
        assert unasked.stderr.endswith("standard input is not a terminal, so nobody can confirm: use --yes\n")
        assert one.left()


def test_purge_asks_for_confirmation(slow_hosts: tuple[Host, Host]) -> None:
    """On a terminal `purge` asks; anything but yes removes nothing, the end of the input (Ctrl-D) too."""
    one, _ = slow_hosts
    with running(one):
        one.bridge.process.end()
        wait_for(lambda: "alive/one" not in one.keys.state(), WITHIN, one.bridge.process.tail)
        for answer in ("n\n", "\n", "\x04"):
            assert answered(one, answer) == (1, "docker-event-bridge: nothing was removed\n")
        assert one.left()
        assert answered(one, "y\n") == (0, "")
        assert not one.left()


def answered(host: Host, answer: str) -> tuple[int, str]:
    """Answer on a terminal whether a host is to be removed; return the exit code and what is complained of."""
    command = [sys.executable, "-m", "bridge", "purge", host.name]
    where = ["--root-key", host.keys.root_key, "--etcd-endpoints", host.keys.etcd.endpoint]
    person, terminal = pty.openpty()
    try:
        os.write(person, answer.encode())
        purge = subprocess.run(
            [*command, *where],
            stdin=terminal,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            timeout=ANSWERED_WITHIN,
            check=False,
        )
    finally:
        os.close(person)
        os.close(terminal)
    return purge.returncode, purge.stderr


def test_purge_fails_at_once_without_etcd(slow_hosts: tuple[Host, Host]) -> None:
    """Without etcd `purge` fails at once, with one line."""
    one, _ = slow_hosts
    failed = one.bridge.command("purge", "one", "--etcd-endpoints", "127.0.0.1:1")
    assert (failed.returncode, failed.stderr.count("\n")) == (1, 1)
