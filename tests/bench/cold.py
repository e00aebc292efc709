"""Starts with many containers: the seconds until the last key is there, or until nothing is found changed."""

from tests.bench.measure import Figures, alternate
from tests.bench.report import Result, Row
from tests.bench.scene import running

SIZES = {1_000: 5, 10_000: 3}
"""How many containers, and in how many rounds they are measured."""


def measured() -> Result:
    """Measure on a fake engine, which inspects as fast as it can, and a real etcd."""
    rows = [row for size, rounds in SIZES.items() for row in _of(size, rounds)]
    return Result(rows, {"engine": "fake", "etcd": "3.4"})


def _of(size: int, rounds: int) -> list[Row]:
    with running(size) as scene:
        cold = alternate(rounds, {"ours": scene.cold, "floor": scene.cold_floor}, unmeasured=0)
        again = alternate(rounds, {"ours": scene.again, "floor": scene.again_floor}, unmeasured=0)
    name = f"{size:,} containers"
    return [
        Row(f"cold start, {name}, to the last key", "s", cold["ours"], cold["floor"], "raw", "<= 1.5"),
        Row(f"restart, {name}, nothing changed", "s", again["ours"], again["floor"], "raw", "<= 1.5"),
        Row(f"writes under the root, restart, {name}", "", Figures(tuple(map(float, scene.written))), target="0"),
    ]
