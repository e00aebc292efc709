"""Faults at random, also several at the same time: `FAULTS_SEED=...` runs a schedule again."""

import os
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager

import pytest

from tests.faults.etcd_faults import FAULTS
from tests.faults.world import World, wait


@contextmanager
def socket_gone(world: World) -> Iterator[None]:
    """Have neither a Docker socket nor a stream of events."""
    world.docker.disconnect()
    yield
    world.docker.connect()


@contextmanager
def event_torn(world: World) -> Iterator[None]:
    """Have the next event cut in the middle."""
    world.docker.relay.torn = b'"start"'
    yield


@contextmanager
def bridge_killed(world: World) -> Iterator[None]:
    """Have no bridge; the next one waits for the lease, with which the fault ends."""
    world.bridge.process.kill()
    yield
    world.start_bridge()


@contextmanager
def bridge_stopped(world: World) -> Iterator[None]:
    """Have a bridge that ends as it should, and another one."""
    world.bridge.process.end()
    yield
    world.start_bridge()


@contextmanager
def bridge_frozen(world: World) -> Iterator[None]:
    """Have a bridge that stands still, for longer than its lease or not."""
    world.freeze_bridge()
    yield
    world.thaw_bridge()


@contextmanager
def lease_revoked(world: World) -> Iterator[None]:
    """Have somebody else take the bridge's lease away."""
    world.revoke_lease()
    yield


Faults = Mapping[str, Callable[[World], AbstractContextManager[None]]]

OF_BRIDGE: Faults = {it.__name__: it for it in (bridge_killed, bridge_stopped, bridge_frozen, lease_revoked)}
OF_DOCKER: Faults = {it.__name__: it for it in (socket_gone, event_torn)}
OF_ETCD: Faults = {name: fault.on for name, fault in FAULTS.items()}
KINDS = (OF_BRIDGE, OF_DOCKER, OF_ETCD)
"""In the order in which they begin; they end in the opposite one, since a new bridge needs the others to begin."""

SEED = int(os.environ.get("FAULTS_SEED") or random.SystemRandom().randrange(1_000_000))


def random_fault(chance: random.Random) -> Faults:
    """Choose one fault, or several of different kinds."""
    chosen = {name: kind[name] for kind in KINDS if chance.random() < 0.5 for name in [chance.choice([*kind])]}
    return chosen or random_fault(chance)


@pytest.mark.parametrize(
    ("seed", "number", "longest"),
    [
        pytest.param(SEED, 3, 2.0, id=f"short-{SEED}"),
        *(pytest.param(it, 5, 7.0, id=f"{it}", marks=pytest.mark.faults) for it in range(SEED, SEED + 12)),
    ],
)
def test_random_faults(world: World, seed: int, number: int, longest: float) -> None:
    """Whatever happens, and whatever happens meanwhile, is got over; the test's name tells the seed."""
    world.chance = chance = random.Random(seed)
    for _ in range(number):
        faults = random_fault(chance)
        print(f"FAULTS_SEED={seed}:", ", ".join(faults))
        with world.ordeal("random faults"), ExitStack() as stack:
            for fault in faults.values():
                stack.enter_context(fault(world))
            world.docker.churn(chance)
            wait(chance.uniform(0, longest))
