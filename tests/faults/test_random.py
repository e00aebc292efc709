"""Random faults, also several at the same time: `FAULTS_SEED=...` repeats a schedule."""

import os
import random
import uuid
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.faults.docker import Docker
from tests.faults.schedule import Scene, draw, make_scene
from tests.faults.world import wait
from tests.lab.etcd import Etcd

SEED = int(os.environ.get("FAULTS_SEED") or random.SystemRandom().randrange(1_000_000))
LONG = [pytest.mark.faults, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def shared_scene(docker: Docker, etcd: Etcd) -> Iterator[Scene]:  # noqa: ARG001 - only to have it built
    """Return a scene of two hosts."""
    with make_scene(docker, f"faults-{uuid.uuid4().hex[:8]}") as made:
        yield made


@pytest.fixture
def scene(shared_scene: Scene) -> Scene:
    """Return the shared scene with all parts running."""
    shared_scene.heal()
    return shared_scene


@pytest.mark.parametrize(
    ("seed", "number", "longest"),
    [
        pytest.param(SEED, 2, 2.0, id=f"short-{SEED}"),
        *(pytest.param(it, 5, 7.0, id=f"{it}", marks=LONG) for it in range(SEED, SEED + 12)),
    ],
)
def test_view_recovers_from_random_faults(scene: Scene, seed: int, number: int, longest: float) -> None:
    """Whatever faults coincide while containers change, the view recovers; the test's id contains the seed."""
    chance = scene.lab.chance = random.Random(seed)
    for _ in range(number):
        faults = draw(chance)
        print(f"FAULTS_SEED={seed}:", ", ".join(faults))
        with scene.lab.ordeal("random faults"), ExitStack() as stack:
            for fault in faults.values():
                stack.enter_context(fault(scene))
            scene.lab.docker.churn(chance)
            wait(chance.uniform(0, longest))
