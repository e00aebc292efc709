"""A bridge that is harmed while it removes a dead host: another one finishes, and nothing is left of either."""

import signal
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest

from tests.faults.points import REACHED, Point, Points, every
from tests.hosts.fakes import STARTED_WITHIN, FakeHost, fake_host
from tests.lab.etcd import Etcd
from tests.lab.gateway import Key
from tests.lab.wait import wait_for

CALLS = tuple(f"removal {number}" for number in range(1, 9))
"""The calls of a bridge that removes a host which defines what others share; the eighth forgets the host."""

SOME = [
    Point("removal 7", "after", "KILL"),
    Point("removal 7", "before", "STOP"),
]
FIRST = {"host_lease": "2s", "host_grace": "3s"}
SECOND = {"host_lease": "2s", "host_grace": "6s"}
"""Settings of the second remover: its longer grace lets the first one begin."""

REMOVED_WITHIN = 40.0


@dataclass(frozen=True, slots=True)
class Scene:
    """A host that dies, one that removes it and is harmed, and one that is left."""

    dead: FakeHost
    remover: FakeHost
    left: FakeHost
    containers: Mapping[str, str]

    def wait_until_routed(self, *hosts: FakeHost) -> None:
        """Wait until the containers of these hosts are routed."""
        for host in hosts:
            host.wait_until_routed(self.containers[host.name], STARTED_WITHIN)

    def kept(self) -> Mapping[str, Key]:
        """Return the view without the servers of the hosts that may go."""
        return self.left.view_without("dead", "remover")


@contextmanager
def scene(etcd: Etcd, root_key: str, point: Point) -> Iterator[Scene]:
    """Start the bridges of three hosts that share a service; the remover's is harmed at the point."""
    with ExitStack() as stack:
        made = {"dead": FIRST, "remover": FIRST, "left": SECOND}
        dead, remover, left = (
            stack.enter_context(fake_host(etcd, root_key, name, **settings)) for name, settings in made.items()
        )
        containers = [host.run(f"on-{host.name}") for host in (dead, remover, left)]
        remover.bridge.program = point.program
        # The host that dies defines what they share, so that its removal always takes the same calls.
        dead.start()
        for host in (left, remover):
            host.bridge.start()
        yield Scene(dead, remover, left, dict(zip(made, containers, strict=True)))


@pytest.mark.parametrize("points", [pytest.param(SOME, id="some"), *every(CALLS, "KILL", "STOP", "LOSE")])
def test_remover_harmed_at_any_step(etcd: Etcd, root_key: str, points: Points) -> None:
    """Wherever the remover of a host is killed, frozen or not answered, nothing is left of the host in the end.

    Nor is anything left of a remover that is taken for dead; what the others share stays as it is.
    """
    with ExitStack() as stack:
        scenes = [
            stack.enter_context(scene(etcd, f"{root_key}-{number}", point)) for number, point in enumerate(points)
        ]
        for it in scenes:
            it.wait_until_routed(it.dead, it.remover, it.left)
        kept = [it.kept() for it in scenes]
        for it in scenes:
            it.dead.process.kill()
        for it, point, before in zip(scenes, points, kept, strict=True):
            see_it_removed(it, point)
            assert it.kept() == before, point


def see_it_removed(it: Scene, point: Point) -> None:
    """Wait until the point is reached and nothing is left of the dead hosts; resume a frozen remover."""
    wait_for(lambda: REACHED in it.remover.bridge.log(), REMOVED_WITHIN, it.remover.process.tail)
    for host in [it.dead] if point.harm == "LOSE" else [it.dead, it.remover]:
        it.left.wait_until_forgotten(host.name, REMOVED_WITHIN)
    if point.harm == "STOP":
        it.remover.process.send(signal.SIGCONT)
        it.wait_until_routed(it.remover)
    assert not it.left.keys.left_of("dead"), point
