"""An hour's worth of faults in fast motion: the memory of a bridge does not grow with their number."""

import os
import random

import pytest

from tests.faults import measured
from tests.faults.docker import Docker
from tests.faults.schedule import SURVIVED
from tests.faults.world import World, resident, wait

FAULTS = 100
LONGEST = 1.0
GROWTH = 0.1
SEED = int(os.environ.get("FAULTS_SEED") or 1)


def recreate_large(docker: Docker, number: int) -> None:
    """Recreate two containers, one routed and one excluded, with large labels that differ each time."""
    text = f"{number:06}".ljust(30_000, "x")
    added = f"--label=traefik.http.middlewares.added{number}.headers.customresponseheaders.added={text}"
    for name, *labels in (("large", added), ("excluded", "--label=traefik.enable=false", added)):
        docker.recreate(name, f"--label=about={text}", *labels)


@pytest.mark.faults
@pytest.mark.timeout(1200)
def test_memory_does_not_grow_with_faults(world: World) -> None:
    """After a hundred faults a bridge uses at most a tenth more memory than after the first quarter of them."""
    chance = random.Random(SEED)
    pid = world.bridge.process.pid
    early = 0
    for number in range(FAULTS):
        name = chance.choice([*SURVIVED])
        print(f"FAULTS_SEED={SEED}:", name)
        with SURVIVED[name](world):
            recreate_large(world.docker, number)
            wait(chance.uniform(0, LONGEST))
        world.converge("fast faults")
        early = early or (number >= FAULTS // 4 and resident(pid)) or 0
    late = resident(pid)
    assert world.bridge.process.pid == pid
    measured.note("memory after a quarter of many faults, MB", early / 1e6, early / 1e6)
    measured.note("memory after all of them, MB", late / 1e6, early * (1 + GROWTH) / 1e6)
    assert late < early * (1 + GROWTH)
