"""What a running bridge uses: memory by its number of containers, and processor time while nothing happens."""

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

from bridge.store.stubs import etcdrpc
from tests.bench.measure import Figures, alternate
from tests.bench.processor import megabytes, used, wait_for_rest
from tests.bench.report import Result, Row
from tests.bench.scene import Scene, Started, running
from tests.lab.wait import wait_for

SIZES = (10, 1_000, 10_000)
ROUNDS, EVENTS = 3, 200
IDLE = 1_000
INTERVAL = 300.0
QUIET = 60.0
"""Seconds in which nothing happens; fewer than from one resync to the next."""

OFTEN = 4.0
"""Seconds from one resync to the next when the cost of one is measured."""

WITHIN = 600.0
BARE = "import docker, grpc, pydantic; input()"
FLOOR, TTL = (sys.executable, "-m", "tests.bench.floor_idle"), "5"
RAW = "raw calls that refresh a lease as often and hold a watch"
LIBRARIES = "a process that has imported docker, grpc and pydantic"


def measured() -> Result:
    """Measure with fake engines, whose containers cost nothing, and real etcds."""
    with ExitStack() as stack:
        scenes = {size: stack.enter_context(running(size)) for size in SIZES}
        started: dict[int, list[float]] = {size: [] for size in SIZES}
        sizes = {str(size): _Later(scene, started[size]) for size, scene in scenes.items()}
        later = alternate(ROUNDS, {"bare": _bare, **sizes}, unmeasured=0)
        idle = alternate(
            ROUNDS, {"bridge": partial(_idle, scenes[IDLE]), "raw calls": partial(_idle_floor, scenes[IDLE])}, 0
        )
        quiet = _resync(scenes[IDLE], idle["bridge"].quantile(0.5), time.sleep)
        disturbed = _resync(scenes[IDLE], idle["bridge"].quantile(0.5), partial(_others_write, scenes[IDLE]))
    rows = []
    for size in SIZES:
        name, target = f"resident memory, {size:,} containers", "<= 90 MB" if size == IDLE else ""
        first = Figures(tuple(started[size]))
        rows.append(Row(f"{name}, after the start", "MB", first, later["bare"], LIBRARIES, target))
        more = f"{name}, after {EVENTS} events and a resync as well"
        rows.append(Row(more, "MB", later[str(size)], later["bare"], LIBRARIES, target))
    few, most = SIZES[0], SIZES[-1]
    for when, at in (
        ("after the start", {size: Figures(tuple(started[size])) for size in SIZES}),
        ("after events and a resync as well", {size: later[str(size)] for size in SIZES}),
    ):
        pairs = zip(at[few].values, at[most].values, strict=True)
        grown = Figures(tuple(1000 * (many - less) / (most - few) for less, many in pairs))
        rows.append(Row(f"resident memory per container, {few} to {most:,}, {when}", "KB", grown, target="<= 5"))
    least = Figures(tuple(100 * one for one in idle["raw calls"].values))
    text = f"CPU while idle, {IDLE:,} containers, a resync every {INTERVAL:g} s"
    for what, target, (resync, counted) in (
        (text, "< 0.2", quiet),
        (f"{text}, while others write to the same etcd", "", disturbed),
    ):
        share = Figures(tuple(100 * (one + resync / INTERVAL) for one in idle["bridge"].values))
        remark = (
            f"{100 * idle['bridge'].quantile(0.5):.2g}% without resyncs; "
            f"a resync, of {counted} counted, takes {resync:.2g} s of CPU time"
        )
        rows.append(Row(what, "% of a core", share, least, RAW, target, remark))
    return Result(rows, {"engine": "fake", "etcd": "3.4"})


def _bare() -> float:
    with subprocess.Popen([sys.executable, "-c", BARE], stdin=subprocess.PIPE) as process:
        wait_for_rest(process.pid)
        held = megabytes(process.pid)
        process.kill()
    return held


class _Later:
    """Measure the memory of a bridge after some events and a resync; also record it after the start."""

    def __init__(self, scene: Scene, started: list[float]) -> None:
        self.scene = scene
        self.started = started

    def __call__(self) -> float:
        self.scene.empty()
        with self.scene.bridge(resync_interval=f"{OFTEN:g}s") as bridge:
            bridge.wait_until(WITHIN)
            self.started.append(megabytes(bridge.pid))
            for number in range(EVENTS // 2):
                one = self.scene.ids[number % len(self.scene.ids)]
                self.scene.engine.have([("die", one), ("start", one)])
                time.sleep(0.02)
            _wait_for_resyncs(self.scene, 2)
            wait_for_rest(bridge.pid)
            return megabytes(bridge.pid)


def _wait_for_resyncs(scene: Scene, number: int) -> None:
    lists = scene.engine.lists() + number
    wait_for(lambda: scene.engine.lists() >= lists, WITHIN, "there is no resync")


def _idle(scene: Scene) -> float:
    """Return the share of a core that the bridge uses when nothing happens."""
    with scene.bridge(resync_interval=f"{INTERVAL:g}s") as bridge:
        took, resyncs = _spent(scene, bridge, QUIET, time.sleep)
    assert not resyncs
    return took / QUIET


def _idle_floor(scene: Scene) -> float:
    """Return the same for raw calls."""
    with subprocess.Popen([*FLOOR, scene.etcd.endpoint, TTL]) as process:
        wait_for_rest(process.pid)
        before = used(process.pid)
        time.sleep(QUIET)
        took = used(process.pid) - before
        process.kill()
    return took / QUIET


def _resync(scene: Scene, idle: float, meanwhile: Callable[[float], None]) -> tuple[float, int]:
    """Return the seconds of processor time that one resync takes, and of how many resyncs that is the mean.

    A resync reads everything from etcd only if somebody else has written to it `meanwhile`.
    """
    with scene.bridge(resync_interval=f"{OFTEN:g}s") as bridge:
        took, counted = _spent(scene, bridge, QUIET, meanwhile)
    assert counted, "there was no resync"
    return (took - idle * QUIET) / counted, counted


def _others_write(scene: Scene, duration: float) -> None:
    end = time.monotonic() + duration
    while time.monotonic() < end:
        scene.kv.Put(etcdrpc.PutRequest(key=b"somebody", value=b"else"))
        time.sleep(OFTEN / 4)


def _spent(
    scene: Scene, bridge: Started, duration: float, meanwhile: Callable[[float], None]
) -> tuple[float, int]:
    """Return the seconds of processor time that a bridge uses during `meanwhile`, and its number of resyncs."""
    bridge.wait_until(WITHIN)
    wait_for_rest(bridge.pid)
    before, lists = used(bridge.pid), scene.engine.lists()
    meanwhile(duration)
    return used(bridge.pid) - before, scene.engine.lists() - lists
