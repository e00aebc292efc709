"""Many containers start and stop at once: nothing is lost, and Traefik re-reads no more often than they are."""

import time
from pathlib import Path

from tests.bench.arrivals import Arrivals, watching
from tests.bench.measure import Figures
from tests.bench.report import Result, Row
from tests.bench.scene import HOST, container, is_synced, running
from tests.lab.bridge import Bridge
from tests.lab.wait import wait_for

CONTAINERS = 500
WITHIN = 120.0
ROOT = "traefik"


def measured() -> Result:
    """Measure on a fake engine, which starts as many at once as it is told, and a real etcd."""
    with running(10) as scene, Bridge(scene.engine, scene.etcd, host_name=HOST, log_level="warning") as bridge:
        wait_for(lambda: is_synced(bridge), WITHIN, bridge.process.tail)
        keys, engine = scene.count(f"{ROOT}/"), scene.engine
        each = (scene.keys - 1) // 10
        before = _peak(bridge.process.pid)
        with watching(scene.etcd, [ROOT]) as arrivals:
            begun = time.perf_counter()
            ids = [engine.run(container(10 + number)) for number in range(CONTAINERS)]
            wait_for(lambda: scene.count(f"{ROOT}/") == keys + each * CONTAINERS, WITHIN, bridge.process.tail)
            started, reads = time.perf_counter() - begun, _reads(arrivals)
            begun = time.perf_counter()
            for one in ids:
                engine.stop(one)
            wait_for(lambda: scene.count(f"{ROOT}/") == keys, WITHIN, bridge.process.tail)
            stopped, reads_after = time.perf_counter() - begun, _reads(arrivals)
        grown = _peak(bridge.process.pid) - before
    name = f"{CONTAINERS} containers"
    rows = [
        Row(f"{name} start at once, until all are routed", "s", Figures((started,)), remark="all were"),
        Row("re-reads of Traefik meanwhile", "", Figures((float(reads),)), target=f"<= {CONTAINERS}"),
        Row(f"{name} stop at once, until none is routed", "s", Figures((stopped,)), remark="none was left"),
        Row("re-reads of Traefik meanwhile", "", Figures((float(reads_after),)), target=f"<= {CONTAINERS}"),
        Row("memory that the burst took at its peak", "MB", Figures((grown,)), target="bounded"),
    ]
    return Result(rows, {"engine": "fake", "etcd": "3.4"})


def _reads(arrivals: Arrivals) -> int:
    """How many transactions a watch has seen since the last question: each has Traefik read once."""
    revisions = set()
    while not arrivals.queue.empty():
        revisions.add(arrivals.queue.get().revision)
    return len(revisions)


def _peak(pid: int) -> float:
    [line] = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1000
