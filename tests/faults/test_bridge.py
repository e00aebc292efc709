"""Faults of the bridge itself: killed, frozen or left without an answer at any step, and two bridges at once."""

import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.faults.docker import Docker
from tests.faults.observed import Moment
from tests.faults.points import REACHED, Point, Points, every
from tests.faults.world import HEALED_WITHIN, World, new_world, wait
from tests.lab.etcd import Etcd
from tests.lab.wait import wait_for

PRODUCT = (sys.executable, "-m", "bridge")
LEASE_OVER = 7.0
CALLS = (
    *(f"Txn {number}" for number in range(1, 8)),
    "LeaseGrant 1",
    *(f"Range {number}" for number in range(1, 8)),
    "Watch 1",
    "LeaseKeepAlive 1",
    "LeaseKeepAlive 2",
)
"""The calls of a bridge to etcd when it starts (up to the fifth transaction) and handles some events."""

EARLIER = "an earlier bridge"


HARMED = [
    Point("Txn 2", "after", "KILL"),
    Point("LeaseGrant 1", "before", "STOP"),
    Point("Watch 1", "after", "KILL"),
    Point("Txn 5", "after", "STOP"),
    Point("LeaseKeepAlive 1", "before", "KILL"),
    Point("Txn 7", "before", "STOP"),
]
LOST = [
    Point("Txn 2", "after", "LOSE"),
    Point("Txn 3", "before", "LOSE"),
    Point("Txn 6", "after", "LOSE"),
    Point("LeaseKeepAlive 1", "after", "LOSE"),
]
GOODBYES = [Point("goodbye 1", "after", "KILL"), Point("goodbye 2", "before", "STOP")]


def reached(world: World) -> bool:
    """Return whether a bridge has reached its fault point."""
    return REACHED in world.bridge.log()


def wait_until_at_rest(world: World) -> None:
    """Wait until a bridge has nothing left to do, or has reached its fault point."""
    wait_for(lambda: reached(world) or world.agrees(), HEALED_WITHIN, world.bridge.process.tail)


def wait_until_reached(world: World) -> None:
    """Wait until a bridge has reached its fault point."""
    wait_for(lambda: reached(world), HEALED_WITHIN, world.bridge.process.tail)


@contextmanager
def worlds(docker: Docker, members: list[Etcd], points: Points, prefix: str) -> Iterator[list[World]]:
    """Start a bridge for each point, each with keys of its own."""
    with ExitStack() as stack:
        made = [new_world(docker, members, f"{prefix}-{number}") for number in range(len(points))]
        for world, point in zip(made, points, strict=True):
            stack.callback(world.bridge.remove)
            world.bridge.program = point.program
            world.bridge.start()
        yield made


def replayed(world: World, start: Moment, point: Point) -> None:
    """Check that each revision since a moment was consistent, and removed nothing of the steady containers."""
    happened = world.replay(start, world.tick(), ())
    gone = [it.key for it in happened if it.value is None and it.key.startswith(f"{world.prefix}/view/")]
    assert not [key for key in gone if "/steady" in key], point


@pytest.mark.parametrize("points", [pytest.param(HARMED, id="some"), *every(CALLS, "KILL", "STOP")])
def test_bridge_killed_or_frozen_at_any_step(
    docker: Docker, members: list[Etcd], points: Points, prefix: str
) -> None:
    """Wherever a bridge is killed, or frozen until it is taken for dead, the next one catches up."""
    docker.populate()
    with worlds(docker, members, points, prefix) as made:
        starts = [world.seen() for world in made]
        for world in made:
            wait_until_at_rest(world)
        docker.churn(made[0].chance)
        for world in made:
            wait_until_reached(world)
        wait(LEASE_OVER)
        docker.churn(made[0].chance)
        for world, point, start in zip(made, points, starts, strict=True):
            world.bridge.program = PRODUCT
            if not world.bridge.process.running:
                world.start_bridge()
            world.thaw_bridge()
            world.converge(f"bridge: {point.harm} {point.moment} a call")
            replayed(world, start, point)


@pytest.mark.parametrize("points", [pytest.param(LOST, id="some"), *every(CALLS, "LOSE")])
def test_lost_request_or_answer(docker: Docker, members: list[Etcd], points: Points, prefix: str) -> None:
    """Whichever request or answer is lost, the bridge catches up in seconds, and never waits for its own lease."""
    docker.populate()
    with worlds(docker, members, points, prefix) as made:
        starts = [world.seen() for world in made]
        for world, point in zip(made, points, strict=True):
            wait_until_at_rest(world)
            world.converge(f"bridge: {point.harm} {point.moment} a call")
        docker.churn(made[0].chance)
        for world, point, start in zip(made, points, starts, strict=True):
            wait_until_reached(world)
            world.converge(f"bridge: {point.harm} {point.moment} a call")
            replayed(world, start, point)
            assert EARLIER not in world.bridge.log(), point


@pytest.mark.parametrize(
    "points", [pytest.param(GOODBYES, id="some"), *every(("goodbye 1", "goodbye 2"), "KILL", "STOP", "LOSE")]
)
def test_bridge_harmed_at_goodbye(docker: Docker, members: list[Etcd], points: Points, prefix: str) -> None:
    """Whatever happens to a bridge while it stops, no route changes, and the next one takes over."""
    docker.populate()
    with worlds(docker, members, points, prefix) as made:
        for world in made:
            world.bridge.process.wait_until(world.agrees, HEALED_WITHIN)
        starts = [world.seen() for world in made]
        for world in made:
            world.bridge.process.send(signal.SIGTERM)
        for world in made:
            wait_until_reached(world)
        wait(LEASE_OVER)
        for world, start in zip(made, starts, strict=True):
            world.bridge.program = PRODUCT
            world.thaw_bridge()
            world.bridge.process.wait(HEALED_WITHIN)
            world.start_bridge()
            world.converge("bridge: stopped for good")
            happened = world.replay(start, world.tick(), ())
            assert not [it for it in happened if it.key.startswith(f"{world.prefix}/view/")]


def test_simultaneous_starts_under_one_name(docker: Docker, members: list[Etcd], prefix: str) -> None:
    """Of two bridges that start at the same moment under one name, one keeps running and the other is refused."""
    docker.populate()
    both = [new_world(docker, members, prefix, host_lease="3s") for _ in range(2)]
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


def test_bridge_killed_and_started_again(world: World) -> None:
    """The next bridge waits for the lease of the last one; containers that keep running keep their routes."""
    with world.ordeal("bridge killed"):
        world.bridge.process.kill()
        world.docker.churn(world.chance)
        world.start_bridge()


def test_revoked_lease_is_replaced(world: World) -> None:
    """A bridge whose lease is revoked takes a new one and misses nothing."""
    with world.ordeal("lease revoked"):
        world.revoke_lease()
        world.docker.churn(world.chance)
