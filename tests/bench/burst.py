"""Many containers start and stop at once: none is lost, and Traefik re-reads at most once for each."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.bench.arrivals import Arrivals, watching
from tests.bench.measure import Figures
from tests.bench.processor import megabytes
from tests.bench.report import Result, Row
from tests.bench.scene import ROOT, Scene, container, running
from tests.lab.wait import wait_for

CONTAINERS, ROUNDS, OTHERS = 500, 3, 10
WITHIN = 120.0


@dataclass(slots=True)
class Burst:
    """One kind of burst: the seconds until it was handled, and the transactions, each of them a re-read."""

    scene: Scene
    arrivals: Arrivals
    seconds: list[float] = field(default_factory=list)
    reads: list[float] = field(default_factory=list)

    def happens(self, changes: Sequence[tuple[str, str]], routed: set[str]) -> None:
        """Make the changes, and wait until exactly these routers exist."""
        each = (self.scene.keys - 1) // OTHERS
        self.arrivals.drain()
        begun = time.perf_counter()
        self.scene.engine.have(changes)
        keys = each * len(routed) + 1
        wait_for(
            lambda: self.scene.count(f"{ROOT}/") == keys and self.scene.routers() == routed,
            WITHIN,
            "others are routed than those that run",
        )
        self.seconds.append(time.perf_counter() - begun)
        self.reads.append(float(len({it.revision for it in self.arrivals.drain()})))


def measured() -> Result:
    """Measure on a fake engine, which can start any number at once, and a real etcd."""
    with running(OTHERS) as scene, scene.bridge() as bridge:
        bridge.wait_until(WITHIN)
        assert scene.keys == scene.count(f"{ROOT}/")
        half = CONTAINERS // 2
        made = [container(OTHERS + number) for number in range(CONTAINERS + half)]
        ids, names = scene.engine.create(made), [it.name for it in made]
        others = scene.routers()
        with watching(scene.etcd, [ROOT]) as arrivals:
            start, mixed, stop = (Burst(scene, arrivals) for _ in range(3))
            grown = []
            for _ in range(ROUNDS):
                before = megabytes(bridge.pid, "VmHWM")
                start.happens(_all("start", ids[:CONTAINERS]), others | {*names[:CONTAINERS]})
                both = zip(_all("stop", ids[:half]), _all("start", ids[CONTAINERS:]), strict=True)
                mixed.happens([it for pair in both for it in pair], others | {*names[half:]})
                stop.happens(_all("stop", ids[half:]), others)
                grown.append(megabytes(bridge.pid, "VmHWM") - before)
    rows = [
        *_rows(start, f"{CONTAINERS} containers start at once, until all are routed"),
        *_rows(mixed, f"{half} containers stop while {half} others start, until only the running ones are routed"),
        *_rows(stop, f"{CONTAINERS} containers stop at once, until none is routed"),
        Row(
            "growth of the process's peak memory, round by round",
            "MB",
            Figures(tuple(grown)),
            target="bounded",
            remark=", ".join(f"{it:.1f}" for it in grown),
        ),
    ]
    return Result(rows, {"engine": "fake", "etcd": "3.4"})


def _all(action: str, ids: Sequence[str]) -> list[tuple[str, str]]:
    return [(action, one) for one in ids]


def _rows(burst: Burst, what: str) -> Sequence[Row]:
    return (
        Row(what, "s", Figures(tuple(burst.seconds)), remark="nothing was lost"),
        Row("Traefik's re-reads meanwhile", "", Figures(tuple(burst.reads)), target=f"<= {CONTAINERS}"),
    )
