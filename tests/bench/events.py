"""From a container's event to its transaction in etcd, against one inspect and one transaction issued raw.

Two equal engines, one with the bridge, one with the floor, change a container alternately. The time runs from the
engine's own time of the event until a watch sees the transaction, so it has the same beginning and end in both.
"""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from docker import APIClient

from bridge.claims.layout import Layout
from bridge.container import from_inspect
from bridge.settings import PlanSettings
from bridge.settings.options import options
from bridge.view.publish import mapped
from tests.bench.arrivals import Arrivals, watching
from tests.bench.containers import labels
from tests.bench.floor import transactions
from tests.bench.measure import Figures, alternate
from tests.bench.report import Result, Row
from tests.lab.bridge import Bridge
from tests.lab.engine import Engine
from tests.lab.etcd import Etcd
from tests.lab.process import Process
from tests.lab.workdir import WorkDirectory

ROUNDS, OTHERS = 150, 10
HOST = "lab"
TARGET = "<= 1.5"
FLOOR = "one inspect and one transaction of the same size, raw"


@dataclass(frozen=True, slots=True)
class Side:
    """One engine with a container that changes, and the root that whoever follows it writes under."""

    client: APIClient
    container: str
    root: str
    arrivals: Arrivals

    def changed(self) -> float:
        """Pause or unpause the container; return the milliseconds from its event until its transaction."""
        asked = time.time()
        paused = self.client.inspect_container(self.container)["State"]["Paused"]
        (self.client.unpause if paused else self.client.pause)(self.container)
        arrival = self.arrivals.next(self.root)
        return (arrival.time - self._event(asked)) / 1e6

    def _event(self, since: float) -> int:
        """The engine's clock at the container's last event."""
        window: dict[str, Any] = {"since": f"{since:.9f}", "until": f"{time.time():.9f}"}
        found = self.client.events(**window, filters={"container": self.container}, decode=True)
        return int([*found][-1]["timeNano"])


def measured() -> Result:
    """Measure with ten other containers beside the one that changes."""
    with ExitStack() as stack:
        etcd = stack.enter_context(Etcd("3.4"))
        engines = [stack.enter_context(Engine("20.10")) for _ in range(2)]
        ids = [stack.enter_context(_containers(engine)) for engine in engines]
        clients = [APIClient(engine.url, version="auto") for engine in engines]
        stack.enter_context(Bridge(engines[0], etcd, "ours", log_level="info"))
        raw = stack.enter_context(_floor(engines[1].url, etcd, clients[1], ids[1]))
        arrivals = stack.enter_context(watching(etcd, ("ours", "floor")))
        ours, floor = (
            Side(client, it, root, arrivals)
            for client, it, root in zip(clients, ids, ("ours", "floor"), strict=True)
        )
        found = alternate(ROUNDS, {"ours": ours.changed, "floor": floor.changed}, unmeasured=5)
        alone = _alone(raw)
    event = f"container event to committed transaction, {OTHERS} others"
    rows = [
        Row(event, "ms", found["ours"], found["floor"], FLOOR, TARGET),
        Row(event, "ms", found["ours"], found["floor"], FLOOR, TARGET, "99th percentile", 0.99),
        Row(event, "ms", found["ours"], alone, "the two calls alone, without the event's and the watch's way"),
    ]
    return Result(rows, {"engine": "20.10", "etcd": "3.4"})


@contextmanager
def _containers(engine: Engine) -> Iterator[str]:
    """Run the containers; gives the id of the one that changes."""
    with ExitStack() as stack:
        names = [f"c{number}" for number in range(OTHERS + 1)]
        ids = [
            stack.enter_context(engine.container(name, *(f"--label={k}={v}" for k, v in labels(name).items())))
            for name in names
        ]
        yield ids[0]


@contextmanager
def _floor(url: str, etcd: Etcd, client: APIClient, container: str) -> Iterator[Process]:
    """Run the floor: its process prints what each event cost it."""
    made = mapped(from_inspect(client.inspect_container(container)), options(PlanSettings(), HOST)).publication
    assert made
    requests = transactions(made, Layout("floor", "floor-state", HOST))
    directory = WorkDirectory("floor")
    file = directory.path / "requests.json"
    file.write_text(json.dumps({"pause": requests["leaves"], "unpause": requests["appears"]}))
    command = [sys.executable, "-m", "tests.bench.floor", url, etcd.endpoint, str(file)]
    process = Process(command, directory.path / "log")
    try:
        process.wait_until(lambda: "ready" in process.log.read_text(), 20)
        yield process
    finally:
        process.kill()
        directory.remove()


def _alone(floor: Process) -> Figures:
    lines = [line.split() for line in floor.log.read_text().splitlines()[-ROUNDS:]]
    return Figures(tuple(1000 * (float(inspected) + float(committed)) for inspected, committed in lines))
