"""A rollout over two hosts, one after the other: the application is served at every revision."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from tests.daemon.host import Host
from tests.hosts.sites import web
from tests.lab.wait import wait_for

RULE = "http/routers/web/rule"
PRIORITY = "http/routers/web/priority"


def options(version: str) -> str:
    """Return the label that differs between versions."""
    return f"--label=traefik.http.routers.web.priority={version}"


def recreate(host: Host, name: str, version: str) -> None:
    """Replace a host's container by one of another version, which is started before the old one is removed."""
    host.engine.cli("rename", name, f"{name}-old")
    labels = (f"--label=site={host.name}", "--label=traefik.http.routers.web.rule=Host(`web.localhost`)")
    compose = ("--label=com.docker.compose.project=shop", "--label=com.docker.compose.service=web")
    try:
        host.engine.cli("run", "--detach", "--name", name, *labels, *compose, options(version), "traefik/whoami")
    finally:
        host.engine.cli("rm", "--force", f"{name}-old")


@contextmanager
def always_served(host: Host) -> Iterator[None]:
    """Fail if any revision during the block lacks the router or has no server."""
    first = host.keys.revision()
    yield
    for revision in range(first, host.keys.revision() + 1):
        listed = host.keys.etcd.ctl(
            "get", "--prefix", f"--rev={revision}", "--keys-only", f"{host.keys.root_key}/"
        )
        assert f"{host.keys.root_key}/{RULE}" in listed.split(), revision
        assert [key for key in listed.split() if key.endswith("/url")], revision


def wait_until_at(host: Host, version: str) -> None:
    """Wait until the definition in force has this version."""
    wait_for(lambda: host.keys.view()[PRIORITY].value == version, 20, host.bridge.process.tail)


def test_application_is_served_during_rollout_and_rollback(hosts: tuple[Host, Host]) -> None:
    """A rollout and its rollback both end with the newest definition, and the application is always served."""
    one, two = hosts
    with web(one, "web-1", options("1")), web(two, "web-2", options("1")), always_served(one):
        for version in ("2", "1"):
            for host, name in ((one, "web-1"), (two, "web-2")):
                recreate(host, name, version)
                wait_until_at(one, version)
                host.wait_until_routed(host.engine.cli("inspect", "--format", "{{.Id}}", name))
        assert len([path for path in one.keys.view() if path.endswith("/url")]) == 2


def test_rollout_goes_on_after_partition(hosts: tuple[Host, Host]) -> None:
    """A host that is frozen and removed in the middle of a rollout comes back with the new version."""
    one, two = hosts
    with web(one, "web-1", options("1")), web(two, "web-2", options("1")), always_served(one):
        two.bridge.process.send(signal.SIGSTOP)
        recreate(one, "web-1", "2")
        wait_for(lambda: "hosts/two" not in one.keys.state(), 20, one.bridge.process.tail)
        wait_until_at(one, "2")
        recreate(two, "web-2", "2")
        two.bridge.process.send(signal.SIGCONT)
        two.wait_until_routed(two.engine.cli("inspect", "--format", "{{.Id}}", "web-2"))
        wait_until_at(one, "2")
