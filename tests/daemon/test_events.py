"""Which container events reach etcd: each change is one transaction, everything else is none."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.daemon.host import WITHIN, Host, hosted
from tests.lab.engine import Engine
from tests.lab.etcd import Etcd
from tests.lab.wait import wait_for

DEAF = ("sleep", "1000")
"""A process that ignores SIGTERM: PID 1 of a container receives only signals that it has handlers for."""

PORT = "--label=traefik.http.services.deaf.loadbalancer.server.port=80"


@contextmanager
def stopping(engine: Engine, name: str) -> Iterator[None]:
    """Run `docker stop` in the background; it kills the container after four seconds."""
    stop = subprocess.Popen([*engine.docker, "stop", "--time", "4", name], stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        stop.wait(WITHIN)


def is_running(engine: Engine, name: str) -> bool:
    """Return whether a container is running."""
    return engine.cli("inspect", "--format", "{{.State.Running}}", name) == "true"


def test_stop_signal_withdraws_running_container(host: Host) -> None:
    """The stop signal withdraws a container while it still runs; once started again, it is routed again."""
    with host.container("deaf", PORT, image="busybox", arguments=DEAF) as container:
        with stopping(host.engine, "deaf"):
            host.wait_until_withdrawn(container)
            assert is_running(host.engine, "deaf")
        assert not is_running(host.engine, "deaf")
        host.engine.cli("start", "deaf")
        host.wait_until_routed(container)


def test_running_container_returns_after_drain_limit(host: Host) -> None:
    """A container that runs on after its stop signal is routed again after the time in its label."""
    limit = "--label=bridge.drain-limit=1s"
    with host.container("deaf", PORT, limit, image="busybox", arguments=DEAF) as container:
        for _ in range(2):
            host.engine.cli("kill", "--signal", "TERM", "deaf")
            host.wait_until_withdrawn(container)
            assert "http/routers/deaf/rule" not in host.keys.view()
            host.wait_until_routed(container)
        assert is_running(host.engine, "deaf")


def test_drain_limit_of_setting_and_label(engine: Engine, etcd: Etcd, root_key: str) -> None:
    """Without a label the host's drain limit counts; with one that is longer, the label."""
    with hosted(engine, etcd, root_key, drain_limit="1s") as host:
        label = "--label=bridge.drain-limit=1h"
        with (
            host.container("deaf", PORT, image="busybox", arguments=DEAF) as short,
            host.container(
                "deaf-too", PORT.replace("deaf", "too"), label, image="busybox", arguments=DEAF
            ) as long,
        ):
            host.engine.cli("kill", "--signal", "TERM", "deaf-too", "deaf")
            host.wait_until_withdrawn(short)
            host.wait_until_withdrawn(long)
            host.wait_until_routed(short)
            assert not host.keys.servers(long)


def test_other_signal_keeps_container_routed(host: Host) -> None:
    """A container stays routed after any signal but its own stop signal."""
    with host.container("deaf", PORT, "--stop-signal=USR1", image="busybox", arguments=DEAF) as container:
        before = host.keys.view()
        host.engine.cli("kill", "--signal", "HUP", "deaf")
        host.engine.cli("kill", "--signal", "TERM", "deaf")
        host.wait_until_followed()
        assert host.keys.view() == before
        host.engine.cli("kill", "--signal", "USR1", "deaf")
        host.wait_until_withdrawn(container)
        assert is_running(host.engine, "deaf")


def test_label_named_signal_keeps_container_routed(host: Host) -> None:
    """A container whose label `signal` replaces the signal in events stays routed."""
    with host.container("deaf", PORT, "--label=signal=15", image="busybox", arguments=DEAF):
        before = host.keys.view()
        host.engine.cli("kill", "--signal", "HUP", "deaf")
        host.wait_until_followed()
        assert host.keys.view() == before


def test_paused_container_is_not_routed(host: Host) -> None:
    """Pausing withdraws a container, and unpausing routes it again."""
    with host.container("naps") as container:
        host.engine.cli("pause", "naps")
        host.wait_until_withdrawn(container)
        host.engine.cli("unpause", "naps")
        host.wait_until_routed(container)


def test_renamed_container_is_routed_by_new_name(host: Host) -> None:
    """After a rename, the default rule and the service have the new name, and nothing is left of the old one."""
    with host.engine.container("old") as container:
        host.wait_until_routed(container)
        host.engine.cli("rename", "old", "new")
        try:
            wait_for(lambda: "http/routers/new/rule" in host.keys.view(), WITHIN, host.bridge.process.tail)
            view = host.keys.view()
        finally:
            host.engine.cli("rename", "new", "old")
        assert view["http/routers/new/rule"].value == "Host(`new`)"
        assert not [path for path in view if "/old/" in path]


def test_allownonrunning_container_is_routed_before_start(engine: Engine, etcd: Etcd, root_key: str) -> None:
    """One with allownonrunning=true has its router as soon as it is created, and goes when it is removed."""
    with hosted(engine, etcd, root_key, traefik_version="3.7") as host:
        engine.cli("create", "--name=kept", "--label=traefik.docker.allownonrunning=true", "traefik/whoami")
        try:
            wait_for(lambda: "http/routers/kept/rule" in host.keys.view(), WITHIN, host.bridge.process.tail)
        finally:
            engine.cli("rm", "kept")
        wait_for(lambda: "http/routers/kept/rule" not in host.keys.view(), WITHIN, host.bridge.process.tail)


def test_address_follows_network_changes(host: Host) -> None:
    """When a container changes networks, its server gets the new address; without any network it is withdrawn."""
    host.engine.cli("network", "create", "second")
    try:
        with host.container("moves") as container:
            [before] = host.keys.servers(container)
            host.engine.cli("network", "connect", "second", "moves")
            host.engine.cli("network", "disconnect", "bridge", "moves")
            after = f"http://{host.engine.address('moves')}:80"
            assert after != before
            wait_for(lambda: host.keys.servers(container) == [after], WITHIN, host.bridge.process.tail)
            host.engine.cli("network", "disconnect", "second", "moves")
            host.wait_until_withdrawn(container)
    finally:
        host.engine.cli("network", "rm", "second")


def test_container_is_routed_only_while_healthy(host: Host) -> None:
    """A container with a health check is routed only while it is healthy."""
    check = ("--health-cmd=sh /tmp/state", "--health-interval=200ms", "--health-retries=1")
    with host.engine.container("ails", PORT, *check, image="busybox") as container:
        host.wait_until_followed()
        assert not host.keys.servers(container)
        host.engine.cli("exec", "ails", "sh", "-c", "echo true > /tmp/state")
        host.wait_until_routed(container)
        host.engine.cli("exec", "ails", "sh", "-c", "echo false > /tmp/state")
        host.wait_until_withdrawn(container)


def test_container_follows_the_one_whose_network_it_uses(host: Host) -> None:
    """A container on another's network is withdrawn when that one stops, and comes back with its new address."""
    port = "--label=traefik.http.services.guest.loadbalancer.server.port=80"
    with (
        host.engine.container("target", "--label=traefik.enable=false", image="busybox"),
        host.container("guest", "--network=container:target", port) as guest,
    ):
        [before] = host.keys.servers(guest)
        host.engine.cli("stop", "--time", "1", "target")
        host.wait_until_withdrawn(guest)
        with host.engine.container("squatter", "--label=traefik.enable=false", image="busybox"):
            host.engine.cli("start", "target")
            after = f"http://{host.engine.address('target')}:80"
            assert after != before
            wait_for(lambda: host.keys.servers(guest) == [after], WITHIN, host.bridge.process.tail)


def test_one_transaction_for_each_change(host_alone: Host) -> None:
    """A start, a stop and another start are one transaction each; events that change nothing are none."""
    host, revisions = host_alone, host_alone.keys.revision
    first = revisions()
    with host.container("counted", "--label=traefik.http.routers.more.rule=Host(`more`)") as container:
        assert revisions() == first + 1
        host.engine.cli("kill", "--signal", "WINCH", "counted")
        host.engine.cli("update", "--cpu-shares", "512", "counted")
        with host.engine.container("unlabelled", "--label=traefik.enable=false"):
            host.wait_until_followed()
        assert revisions() == first + 3
        host.engine.cli("stop", "--time", "1", "counted")
        host.wait_until_withdrawn(container)
        host.wait_until_followed()
        assert revisions() == first + 6
        host.engine.cli("start", "counted")
        host.wait_until_routed(container)
        assert revisions() == first + 7
