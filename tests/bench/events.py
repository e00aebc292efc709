"""From a container's event to its transaction in etcd, compared with one inspect and one transaction by raw calls.

Of two equal engines, one has the bridge and the other the floor; each changes a container, in turns. Time is
measured from the engine's own time of the event until a watch sees the transaction, so that it begins and ends
alike for both. Fake engines with few and with many other containers run side by side; real ones show that the
result is the same there.
"""

import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import cycle
from typing import Any

from docker import APIClient

from tests.bench.arrivals import Arrivals, watching
from tests.bench.containers import labels
from tests.bench.floor import HOST, answering
from tests.bench.measure import Figures, alternate
from tests.bench.profile import ended, profiling
from tests.bench.report import Result, Row
from tests.bench.scene import WITHIN, container, is_synced
from tests.lab.bridge import Bridge
from tests.lab.engine import Engine
from tests.lab.etcd import Etcd
from tests.lab.process import Process
from tests.lab.served_engine import ServedEngine
from tests.lab.workdir import WorkDirectory

EACH, REAL = 1_000, 75
"""How often each of two actions is measured, on fake engines and on real ones."""

FEW, MANY = 10, 10_000
PAUSE = 0.01
"""Seconds in which the side that was measured last finishes its work."""

PROFILED = 100
FLOOR = "one inspect and one transaction of the same size, raw"
LEAVES, APPEARS = 0, 1

Change = Callable[[], int]
"""Makes a container leave, or appear if it has left; returns the engine's time of the event in nanoseconds."""


@dataclass(frozen=True, slots=True)
class Side:
    """What changes a container, and the root under which the bridge or the floor of its engine writes."""

    change: Change
    root: str
    arrivals: Arrivals

    def changed(self) -> float:
        """Change the container; return the milliseconds from its event to its transaction."""
        time.sleep(PAUSE)
        self.arrivals.drain()
        happened = self.change()
        return (self.arrivals.next(self.root).time - happened) / 1e6


def measured() -> Result:
    """Measure with few and with many containers beside the one that changes."""
    rows, profile = _on_fake_engines()
    return Result([*rows, *_on_real_engines()], {"engine": "20.10", "etcd": "3.4"}, profile=profile)


def _on_fake_engines() -> tuple[Sequence[Row], str]:
    with ExitStack() as stack:
        etcd = stack.enter_context(Etcd("3.4"))
        arrivals = stack.enter_context(watching(etcd, [f"{who}{size}" for size in (FEW, MANY) for who in WHO]))
        sides = {}
        for size in (FEW, MANY):
            for who in WHO:
                engine = stack.enter_context(ServedEngine())
                first, *_ = engine.run(map(container, range(size + 1)))
                root, change = f"{who}{size}", _fake_changes(engine, first)
                if who == "ours":
                    stack.enter_context(_bridge(engine, etcd, root))
                else:
                    [inspection] = [it for it in engine.inspected() if it["Id"] == first]
                    stack.enter_context(answering(engine.url, etcd, inspection, root, ("die", "start")))
                sides[root] = Side(change, root, arrivals)
        found = alternate(2 * EACH, {root: it.changed for root, it in sides.items()}, unmeasured=100)
    return [*_rows(found, "die", LEAVES), *_rows(found, "start", APPEARS)], _profile()


WHO = ("ours", "floor")


def _fake_changes(engine: ServedEngine, container_id: str) -> Change:
    actions = cycle(("die", "start"))
    return lambda: engine.have([(next(actions), container_id)])[0]


def _rows(found: Mapping[str, Figures], action: str, first: int) -> Iterator[Row]:
    figures = {root: Figures(it.values[first::2]) for root, it in found.items()}
    for size in (FEW, MANY):
        event = f"`{action}` to committed transaction, {size:,} others"
        for remark, share in (("", 0.5), ("99th percentile", 0.99)):
            ours, floor = figures[f"ours{size}"], figures[f"floor{size}"]
            yield Row(event, "ms", ours, floor, FLOOR, "<= 1.5", remark, share)
    for remark, share in (("", 0.5), ("99th percentile", 0.99)):
        grows = Row("", "", figures[f"floor{MANY}"], figures[f"floor{FEW}"], share=share).ratio or 0
        told = ", ".join(filter(None, [remark, f"the floor's: {grows:.2f}"]))
        event = f"`{action}` to committed transaction, {MANY:,} others"
        few = f"{FEW} others"
        yield Row(event, "ms", figures[f"ours{MANY}"], figures[f"ours{FEW}"], few, "<= 1.2", told, share)


def _profile() -> str:
    """Return what the processor time of events is spent on."""
    directory = WorkDirectory("profile")
    file = directory.path / "profile.txt"
    with ExitStack() as stack:
        stack.callback(directory.remove)
        etcd, engine = stack.enter_context(Etcd("3.4")), stack.enter_context(ServedEngine())
        first, *_ = engine.run(map(container, range(FEW + 1)))
        arrivals = stack.enter_context(watching(etcd, ["ours"]))
        with _bridge(engine, etcd, "ours", profiling(file)) as bridge:
            side = Side(_fake_changes(engine, first), "ours", arrivals)
            bridge.process.send(signal.SIGUSR1)
            for _ in range(PROFILED):
                side.changed()
            return f"{PROFILED} events, {FEW} others: {ended(bridge.process, file)}"


@contextmanager
def _bridge(engine: Engine | ServedEngine, etcd: Etcd, root: str, program: Sequence[Any] = ()) -> Iterator[Bridge]:
    bridge = Bridge(engine, etcd, root, host_name=HOST, log_level="warning")
    bridge.program = program or bridge.program
    bridge.start()
    try:
        bridge.process.wait_until(lambda: is_synced(bridge), WITHIN)
        yield bridge
    finally:
        bridge.remove()


def _on_real_engines() -> Iterator[Row]:
    with ExitStack() as stack:
        etcd = stack.enter_context(Etcd("3.4"))
        arrivals = stack.enter_context(watching(etcd, WHO))
        sides = {}
        for who in WHO:
            engine = stack.enter_context(Engine("20.10"))
            client = APIClient(engine.url, version="auto")
            stack.callback(client.close)
            first = stack.enter_context(_containers(engine))
            if who == "ours":
                stack.enter_context(_bridge(engine, etcd, who))
            else:
                inspection = client.inspect_container(first)
                floor = stack.enter_context(answering(engine.url, etcd, inspection, who, ("pause", "unpause")))
            sides[who] = Side(_real_changes(client, first), who, arrivals)
        found = alternate(2 * REAL, {who: side.changed for who, side in sides.items()}, unmeasured=10)
        alone = _alone(floor)
    event = f"`pause`, `unpause` to committed transaction, {FEW} others, real engine"
    yield Row(event, "ms", found["ours"], found["floor"], FLOOR, "<= 1.5")
    yield Row(event, "ms", found["ours"], alone, "only the two calls, without the event and the watch")


@contextmanager
def _containers(engine: Engine) -> Iterator[str]:
    """Run the containers; yield the id of the one that changes."""
    with ExitStack() as stack:
        names = [f"c{number}" for number in range(FEW + 1)]
        ids = [
            stack.enter_context(engine.container(name, *(f"--label={k}={v}" for k, v in labels(name).items())))
            for name in names
        ]
        yield ids[0]


def _real_changes(client: APIClient, container_id: str) -> Change:
    actions = cycle((client.pause, client.unpause))

    def change() -> int:
        asked = time.time()
        next(actions)(container_id)
        window: dict[str, Any] = {"since": f"{asked:.9f}", "until": f"{time.time():.9f}"}
        found = client.events(**window, filters={"container": container_id}, decode=True)
        return int([*found][-1]["timeNano"])

    return change


def _alone(floor: Process) -> Figures:
    lines = [line.split() for line in floor.log.read_text().splitlines()[-2 * REAL :]]
    return Figures(tuple(1000 * (float(inspected) + float(committed)) for inspected, committed in lines))
