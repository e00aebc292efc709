"""Starts with many containers: the seconds until the last key is written, or until nothing is left to write."""

from tests.bench.measure import Figures, alternate
from tests.bench.report import Result, Row
from tests.bench.scene import running

SIZES = {1_000: 5, 10_000: 3}
"""Numbers of containers, each with the number of rounds."""

PROFILED = 300


def measured() -> Result:
    """Measure on a fake engine, whose inspections cost little, and a real etcd."""
    rows = [row for size, rounds in SIZES.items() for row in _of(size, rounds)]
    with running(PROFILED) as scene:
        profile = f"A cold start with {PROFILED:,} containers: {scene.profile()}"
    return Result(rows, {"engine": "fake", "etcd": "3.4"}, profile=profile)


def _of(size: int, rounds: int) -> list[Row]:
    with running(size) as scene:
        cold = alternate(rounds, {"ours": scene.cold, "floor": scene.cold_floor}, unmeasured=0)
        ways = {"ours": scene.again, "floor": scene.again_floor, "all": scene.again_reading_all}
        again = alternate(rounds, ways)
        written = Figures(tuple(map(float, scene.written[-rounds:])))
    name = f"{size:,} containers"
    least = "the list, the inspects and one read of the host's own containers, raw"
    same = "the list, the inspects and one read of all that is compared, raw"
    return [
        Row(f"cold start, {name}, to the last key", "s", cold["ours"], cold["floor"], "raw", "<= 1.5"),
        Row(f"restart, {name}, nothing changed", "s", again["ours"], again["floor"], least, "<= 1.5"),
        Row(f"restart, {name}, nothing changed", "s", again["ours"], again["all"], same),
        Row(f"writes under the root, restart, {name}", "", written, target="0"),
    ]
