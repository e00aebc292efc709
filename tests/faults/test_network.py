"""A host that the network cuts off from etcd: packets are dropped, not rejected, until it is connected again."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from tests.daemon.host import Host, routed_by
from tests.faults import measured
from tests.faults.world import WITHIN, wait
from tests.hosts.sites import REMOVED_WITHIN, running, site, web
from tests.lab.bridge import Bridge
from tests.lab.engine import Engine
from tests.lab.etcd import Etcd, Member
from tests.lab.network import Network, NetworkHost, make_host, make_network
from tests.lab.wait import wait_for

StartEtcd = Callable[..., Etcd]
Start = Callable[..., tuple[Host, list["Remote"]]]

USUAL = {"host_lease": "5s", "host_grace": "6s"}
"""The default lease, since its length decides when a bridge notices its loss, and a short grace."""

RETRY = 3.0
"""Maximum number of seconds between two attempts to reach an etcd that does not answer."""


@dataclass(frozen=True, slots=True)
class Remote:
    """A host that can be cut off from etcd."""

    host: Host
    place: NetworkHost
    network: Network

    def cut(self) -> None:
        """Cut the host off."""
        self.place.cut(self.network)

    def join(self) -> None:
        """Connect the host again."""
        self.place.join(self.network)

    def forgotten(self) -> bool:
        """Whether it was taken for dead, and nothing of it is left."""
        return not self.host.left()

    def run(self, name: str) -> str:
        """Run a container with a router of its own; return its id."""
        labels = (f"--label=site={self.host.name}", routed_by(name))
        return self.host.engine.cli("run", "--detach", "--name", name, *labels, "traefik/whoami")

    def recreate(self, name: str) -> str:
        """Replace a container by a new one; return its id."""
        self.host.engine.cli("rm", "--force", name)
        return self.run(name)


@pytest.fixture
def start(engine: Engine, start_etcd: StartEtcd, root_key: str) -> Iterator[Start]:
    """Return a function that runs the bridges of a host that stays and of several that may be cut off."""
    with ExitStack() as stack:

        def started(number: int, **terms: str) -> tuple[Host, list[Remote]]:
            network = stack.enter_context(make_network())
            etcd = start_etcd("3.4", Member("default", address=network.address(0)))
            stays = site(engine, etcd, root_key, "stays", **terms)
            remotes = []
            for n in range(1, number + 1):
                place = stack.enter_context(make_host(n, network))
                host = site(engine, etcd, root_key, f"remote{n}", **terms)
                host.bridge.program = (*place.inside, *Bridge.program)
                remotes.append(Remote(host, place, network))
            stack.callback(engine.clear)
            stack.enter_context(running(stays, *(it.host for it in remotes)))
            return stays, remotes

        yield started


@pytest.mark.parametrize(
    ("number", "rounds", "terms"),
    [
        pytest.param(1, 1, {}, id="once"),
        pytest.param(3, 4, USUAL, id="often", marks=[pytest.mark.faults, pytest.mark.timeout(300)]),
    ],
)
def test_host_cut_off_longer_than_lease_and_grace(
    start: Start, number: int, rounds: int, terms: dict[str, str]
) -> None:
    """Cut-off hosts are removed, and have their routes back within 5 s of their return, whenever that is.

    Containers removed there meanwhile stay away, new ones are routed, and no others' keys are touched.
    """
    chance = random.Random(number)
    stays, remotes = start(number, **terms)
    with web(stays, "web"):
        others = stays.keys.view()
        steady = {it: it.run(f"{it.host.name}-steady") for it in remotes}
        changing = {it: it.run(f"{it.host.name}-changing") for it in remotes}
        for turn in range(rounds):
            for it in remotes:
                it.host.wait_until_routed(steady[it])
                it.host.wait_until_routed(changing[it])
                it.cut()
            gone = dict(changing) if turn % 2 == 0 else {}
            changing |= {it: it.recreate(f"{it.host.name}-changing") for it in gone}
            for it in remotes:
                wait_for(it.forgotten, REMOVED_WITHIN, stays.bridge.process.tail)
            assert stays.keys.view() == others
            for it in remotes:
                wait(chance.uniform(0, RETRY))
                it.join()
                joined = time.monotonic()
                it.host.wait_until_routed(steady[it], WITHIN)
                it.host.wait_until_routed(changing[it], WITHIN - time.monotonic() + joined)
                measured.note("routes back after a network cut", time.monotonic() - joined, WITHIN)
            assert not any(it.host.servers(container) for it, container in gone.items())
            assert others.items() <= stays.keys.view().items()
