"""Faults of the bridge itself: killed or frozen at every step, and two of them at once."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.docker import Docker
from tests.faults.world import HEALED_WITHIN, World, new_world, wait
from tests.lab.etcd import Etcd
from tests.lab.wait import wait_for

PRODUCT = (sys.executable, "-m", "bridge")
LEASE_OVER = 7.0
CALLS = 16
"""Calls to etcd of a bridge that starts and meets some events: about a dozen."""


@dataclass(frozen=True, slots=True)
class Point:
    """Where a bridge comes to harm: before or after which of its calls to etcd, by which signal."""

    call: int
    moment: str
    signal: str

    @property
    def program(self) -> tuple[str, ...]:
        """What starts the bridge that comes to harm there."""
        variables = f"FAULT_CALL={self.call}", f"FAULT_MOMENT={self.moment}", f"FAULT_SIGNAL={self.signal}"
        return ("env", *variables, sys.executable, "-m", "tests.faults.launcher")


SOME = [
    Point(2, "after", "KILL"),
    Point(4, "before", "STOP"),
    Point(9, "before", "KILL"),
    Point(9, "after", "STOP"),
    Point(10, "after", "KILL"),
    Point(11, "before", "STOP"),
]
EVERY = [
    pytest.param([Point(call, moment, name) for call in range(first, first + 4)], marks=pytest.mark.faults)
    for name in ("KILL", "STOP")
    for moment in ("before", "after")
    for first in range(1, CALLS, 4)
]


def harmed(world: World) -> bool:
    """Whether a bridge has come to harm."""
    process = world.bridge.process
    return (
        not process.running or Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
    )


def wait_until_at_rest(world: World) -> None:
    """Wait until a bridge has done all, or has come to harm."""
    wait_for(lambda: harmed(world) or world.agrees(), HEALED_WITHIN, world.bridge.process.tail)


@contextmanager
def worlds(docker: Docker, members: list[Etcd], points: list[Point], prefix: str) -> Iterator[list[World]]:
    """Start a bridge with keys of its own for each point."""
    with ExitStack() as stack:
        made = [new_world(docker, members, f"{prefix}-{number}") for number in range(len(points))]
        for world, point in zip(made, points, strict=True):
            stack.callback(world.bridge.remove)
            world.bridge.program = point.program
            world.bridge.start()
        yield made


@pytest.mark.parametrize("points", [SOME, *EVERY])
def test_harm_at_a_step(docker: Docker, members: list[Etcd], points: list[Point], prefix: str) -> None:
    """Wherever a bridge is killed, or frozen until it is taken for dead: all is made up for by who comes after."""
    docker.populate()
    with worlds(docker, members, points, prefix) as made:
        starts = [world.seen() for world in made]
        for world in made:
            wait_until_at_rest(world)
        docker.churn(made[0].chance)
        reached = [point for world, point in zip(made, points, strict=True) if harmed(world)]
        wait(LEASE_OVER)
        docker.churn(made[0].chance)
        for world, point, start in zip(made, points, starts, strict=True):
            world.bridge.program = PRODUCT
            if not world.bridge.process.running:
                world.start_bridge()
            world.thaw_bridge()
            world.converge(f"bridge: {point.signal} {point.moment} a call")
            happened = world.replay(start, world.tick(), ())
            gone = [it.key for it in happened if it.value is None and it.key.startswith(f"{world.prefix}/view/")]
            assert not [key for key in gone if "/steady" in key], point
    assert len(reached) >= len(points) - 1 or points is not SOME, reached
    print("reached:", *reached, sep="\n")


def test_two_at_once(docker: Docker, members: list[Etcd], prefix: str) -> None:
    """Of two that start at the same moment under one name, one lives, and the other is refused."""
    docker.populate()
    both = [new_world(docker, members, prefix), new_world(docker, members, prefix)]
    with ExitStack() as stack:
        for world in both:
            stack.callback(world.bridge.remove)
            world.bridge.start()
        start = both[0].seen()
        processes = [world.bridge.process for world in both]
        wait_for(lambda: not all(it.running for it in processes), HEALED_WITHIN, processes[0].tail)
        [living] = [world for world in both if world.bridge.process.running]
        assert [it.wait(1) for it in processes if not it.running] == [1]
        docker.churn(living.chance)
        living.converge("two bridges at once")
        living.replay(start, living.tick(), ())


def test_a_bridge_killed_and_started_again(world: World) -> None:
    """The next bridge waits for the lease of the last one; what runs on keeps its routes all the while."""
    with world.ordeal("bridge killed"):
        world.bridge.process.kill()
        world.docker.churn(world.chance)
        world.start_bridge()


def test_a_lease_revoked(world: World) -> None:
    """A bridge whose lease somebody revokes begins anew."""
    with world.ordeal("lease revoked"):
        world.revoke_lease()
        world.docker.churn(world.chance)
