"""Hosts on one engine and one etcd, each with the containers that are labelled with its own site."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from tests.daemon.host import Host, routed_by
from tests.daemon.keys import Keys
from tests.lab.bridge import Bridge
from tests.lab.engine import Engine
from tests.lab.etcd import Etcd

LEASE, GRACE = 2, 4
SETTINGS: Mapping[str, str] = {"host_lease": f"{LEASE}s", "host_grace": f"{GRACE}s"}
REMOVED_WITHIN = 20.0
"""Seconds for a removal, which takes lease, grace period and a random delay, on a slow machine."""


def site(engine: Engine, etcd: Etcd, root_key: str, name: str, **settings: str) -> Host:
    """Return a host whose bridge is not started yet."""
    its = {**SETTINGS, "host_name": name, "constraints": f"Label(`site`, `{name}`)", **settings}
    return Host(engine, Bridge(engine, etcd, root_key, **its), Keys(etcd, root_key), name)


@contextmanager
def running(*sites: Host) -> Iterator[None]:
    """Run the bridges of these hosts until the block ends."""
    with ExitStack() as stack:
        for it in sites:
            stack.enter_context(it.bridge)
        yield


@contextmanager
def web(host: Host, name: str, *options: str) -> Iterator[str]:
    """Run a container of a host with the shared router and service `web`; yields its id once it is routed."""
    labels = (f"--label=site={host.name}", routed_by("web"), "--label=com.docker.compose.project=shop")
    with host.engine.container(name, *labels, "--label=com.docker.compose.service=web", *options) as container:
        host.wait_until_routed(container)
        yield container
