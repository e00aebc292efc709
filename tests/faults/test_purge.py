"""A purge that is harmed: the next one finishes the work, and a host that came back meanwhile loses nothing."""

import signal
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest

from tests.faults.points import REACHED, Point, Points, every
from tests.hosts.fakes import STARTED_WITHIN, FakeHost, fake_host
from tests.lab.etcd import Etcd
from tests.lab.gateway import Key
from tests.lab.process import Process
from tests.lab.wait import wait_for

CALLS = tuple(f"call {number}" for number in range(1, 12))
"""The calls of a purge to etcd: seven are reads of what it shows and removes; the last one forgets the host."""

BEYOND = Point("call 12", "before", "KILL")
SOME = [
    Point("call 7", "after", "LOSE"),
    Point("call 9", "before", "KILL"),
    Point("call 6", "before", "STOP"),
    Point("call 11", "before", "STOP"),
]
PURGED_WITHIN = 30.0


@dataclass(frozen=True, slots=True)
class Scene:
    """A retired host and one that is left, which share a router and a service, and a purge of the former."""

    retired: FakeHost
    left: FakeHost
    container: str
    before: Mapping[str, Key]
    purge: Process

    def kept(self) -> bool:
        """Return whether the keys of others are there and were not written again."""
        return self.left.view_without("retired") == self.before

    def wait_until_reached(self) -> None:
        """Wait until the purge has reached its fault point."""
        wait_for(lambda: REACHED in self.purge.log.read_text(), PURGED_WITHIN, self.purge.tail)


@contextmanager
def scene(etcd: Etcd, root_key: str, point: Point) -> Iterator[Scene]:
    """Retire a host and start to purge it."""
    with ExitStack() as stack:
        retired, left = (stack.enter_context(fake_host(etcd, root_key, name)) for name in ("retired", "left"))
        containers = {host.name: host.run(f"on-{host.name}") for host in (retired, left)}
        for host in (retired, left):
            host.start()
            host.wait_until_routed(containers[host.name])
        before = left.view_without("retired")
        retired.process.end()
        purge = left.bridge.start_command(point.program, "purge", "retired", "--yes")
        stack.callback(purge.kill)
        yield Scene(retired, left, containers["retired"], before, purge)


def test_tests_harm_every_call_of_a_purge(etcd: Etcd, root_key: str) -> None:
    """An unharmed purge makes no more calls than those at which the other tests harm it."""
    with scene(etcd, root_key, BEYOND) as it:
        assert it.purge.wait(PURGED_WITHIN) == 0, it.purge.tail()
        assert not it.left.keys.left_of("retired")


@pytest.mark.parametrize("points", [pytest.param(SOME, id="some"), *every(CALLS, "KILL", "STOP", "LOSE")])
def test_purge_harmed_at_any_call(etcd: Etcd, root_key: str, points: Points) -> None:
    """A purge that is killed or not answered is repeated; one that was frozen finds that the host is back."""
    with ExitStack() as stack:
        scenes = [
            stack.enter_context(scene(etcd, f"{root_key}-{number}", point)) for number, point in enumerate(points)
        ]
        for it, point in zip(scenes, points, strict=True):
            it.wait_until_reached()
            if point.harm == "STOP":
                see_it_refused(it, point)
            else:
                see_it_repeated(it, point)


def see_it_repeated(it: Scene, point: Point) -> None:
    """Purge again; check that nothing is left of the host, and everything of the others."""
    it.purge.wait(PURGED_WITHIN)
    assert it.kept(), point
    again = it.left.bridge.command("purge", "retired", "--yes")
    assert again.returncode == 0 or "no host retired is known" in again.stderr, again.stderr
    assert not it.left.keys.left_of("retired"), point
    assert it.kept(), point


def see_it_refused(it: Scene, point: Point) -> None:
    """Bring the host back while the purge is frozen; check that the resumed purge removes nothing."""
    it.retired.bridge.start()
    it.retired.process.wait_until(it.retired.bridge.healthy, STARTED_WITHIN)
    routed = it.left.keys.view()
    it.purge.send(signal.SIGCONT)
    it.purge.wait(PURGED_WITHIN)
    assert it.left.keys.view() == routed, point
    assert it.retired.routed(it.container), point
