"""One member of etcd fails while containers come: the bridge goes to the next one, and none waits long."""

import time
from collections.abc import Callable, Sequence
from threading import Thread

import pytest

from tests.faults import measured
from tests.faults.docker import Docker
from tests.faults.etcd_faults import first, leader
from tests.faults.observed import Change, changes, put
from tests.faults.world import World, make_world
from tests.lab.etcd import Etcd
from tests.lab.wait import wait_for

DELAY = 2.5
"""Seconds by which a fault of one member may delay an event."""

COMING, TRIES = 8, 4


def delays(world: World, watching: Etcd, fault: Callable[[], None]) -> list[float]:
    """Start containers one by one, the first one with the fault; return how long each took to be routed."""
    names, seen, since = world.docker.create(COMING), list[Change](), world.seen().revision

    def watch() -> None:
        for change in changes(watching, f"{world.prefix}/", since):
            seen.append(change)
            if change.key.endswith("/tick"):
                return

    watcher = Thread(target=watch)
    watcher.start()
    fault()
    started = {}
    for name in names:
        world.docker.engine.cli("start", name)
        started[name] = time.monotonic()
    wait_for(lambda: world.agrees(watching), 15.0, world.bridge.process.tail)
    put(watching, f"{world.prefix}/tick", "")
    watcher.join()
    routed = {name: change.seen for change in seen for name in names if f"/services/{name}/" in change.key}
    return [max(0.0, routed[name] - started[name]) for name in names]


@pytest.mark.parametrize("fault", [Etcd.kill, Etcd.freeze])
@pytest.mark.parametrize("choose", [first, leader])
def test_one_member(
    docker: Docker,
    members: list[Etcd],
    prefix: str,
    fault: Callable[[Etcd], None],
    choose: Callable[[World], Sequence[Etcd]],
) -> None:
    """Whichever member is killed or frozen, an event is delayed by 2.5 s, as a rule.

    Most of that is etcd's own election, of up to 2 s. A bridge on another member than a frozen leader notices
    within 2 s; where the leader is the next of its endpoints, another second passes there. So there are tries.
    """
    name = f"delay by one member, {fault.__name__} {choose.__name__}"
    with make_world(docker, members, prefix) as world:
        for _ in range(TRIES):
            usual, slowest = usual_and_slowest(world, choose, fault)
            measured.note(f"{name}: usual", usual, DELAY)
            measured.note(name, slowest, DELAY)
            if slowest - usual < DELAY:
                return
    pytest.fail(f"delayed by {slowest - usual:.2f} s")


def usual_and_slowest(
    world: World, choose: Callable[[World], Sequence[Etcd]], fault: Callable[[Etcd], None]
) -> tuple[float, float]:
    """Return the longest time until a container is routed, without the fault and with it."""
    try:
        [victim] = choose(world)
        watching = next(member for member in world.members[::-1] if member is not victim)
        usual = max(delays(world, watching, lambda: None))
        return usual, max(delays(world, watching, lambda: fault(victim)))
    finally:
        world.heal()
