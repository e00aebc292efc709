"""What a running bridge takes: memory by the number of its containers, and the processor while nothing happens."""

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.bench.measure import Figures
from tests.bench.report import Result, Row
from tests.bench.scene import HOST, is_synced, running
from tests.lab.bridge import Bridge
from tests.lab.wait import wait_for

SIZES = (10, 1_000, 10_000)
IDLE, RESYNCS = 1_000, 5
INTERVAL = 300.0
QUIET = 20.0
"""Seconds in which nothing happens."""

WITHIN = 600.0
BARE = "import docker, grpc, pydantic; print(open('/proc/self/status').read())"
TICK = os.sysconf("SC_CLK_TCK")


def measured() -> Result:
    """Measure with a fake engine, whose containers cost nothing, and a real etcd."""
    bare = _megabytes(
        subprocess.run([sys.executable, "-c", BARE], capture_output=True, text=True, check=True).stdout
    )
    rows, found = [], {}
    for size in SIZES:
        found[size] = _memory(size)
        target = "<= 90 MB" if size == 1_000 else ""
        rows.append(_row(f"resident memory, {size:,} containers", "MB", found[size], bare, target))
    per_container = 1000 * (found[SIZES[-1]] - found[SIZES[0]]) / (SIZES[-1] - SIZES[0])
    rows.append(Row("resident memory per container", "KB", Figures((per_container,)), target="<= 5"))
    idle, resync = _idle()
    share = Figures((100 * (idle + resync / INTERVAL),))
    parts = f"{100 * idle:.2g}% by itself; a resync takes {resync:.2g} s of processor"
    text = f"processor while idle, {IDLE:,} containers, a resync every {INTERVAL:.0f} s"
    rows.append(Row(text, "% of a core", share, target="< 0.2", remark=parts))
    return Result(rows, {"engine": "fake", "etcd": "3.4"})


def _row(measure: str, unit: str, ours: float, bare: float, target: str) -> Row:
    return Row(measure, unit, Figures((ours,)), Figures((bare,)), "a process that imported the libraries", target)


def _memory(size: int) -> float:
    with running(size) as scene, Bridge(scene.engine, scene.etcd, host_name=HOST, log_level="warning") as bridge:
        wait_for(lambda: is_synced(bridge), WITHIN, bridge.process.tail)
        return _megabytes(Path(f"/proc/{bridge.process.pid}/status").read_text())


def _megabytes(status: str) -> float:
    [line] = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1000


def _idle() -> tuple[float, float]:
    """The share of a core when nothing happens, and the seconds of processor that one resync takes."""
    with running(IDLE) as scene:
        with Bridge(scene.engine, scene.etcd, host_name=HOST, log_level="warning") as bridge:
            idle = _spent(bridge, QUIET)
        with Bridge(scene.engine, scene.etcd, host_name=HOST, log_level="warning", resync_interval="4s") as bridge:
            _spent(bridge, 8.0)
            often = _spent(bridge, 4.0 * RESYNCS)
    return idle / QUIET, (often - idle * 4.0 * RESYNCS / QUIET) / RESYNCS


def _spent(bridge: Bridge, duration: float) -> float:
    """Seconds of processor that a process takes in some seconds."""
    wait_for(lambda: is_synced(bridge), WITHIN, bridge.process.tail)
    before = _processor(bridge.process.pid)
    time.sleep(duration)
    return _processor(bridge.process.pid) - before


def _processor(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK
