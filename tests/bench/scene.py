"""A host with many containers, for starts: a fake engine, a real etcd, the bridge, and the floor beside it."""

import base64
import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bridge.claims.layout import Layout, under
from bridge.claims.memory import Memory
from bridge.claims.resync import resync
from bridge.claims.transaction import Committed, Compare, Found, Range, Revision, Transaction
from bridge.container import from_inspect
from bridge.settings import PlanSettings
from bridge.settings.options import options
from bridge.store.connection import Connection
from bridge.store.messages import range_bounds, transaction_request
from bridge.store.stubs import etcdrpc
from bridge.view.model import Publication
from bridge.view.publish import mapped
from tests.bench.containers import labels
from tests.bench.floor import loose
from tests.lab.bridge import Bridge
from tests.lab.etcd import Etcd
from tests.lab.fake_engine import FakeContainer, FakeEngine
from tests.lab.workdir import WorkDirectory

HOST = "lab"
SYNCED_WITHIN = 300.0


@dataclass(slots=True)
class Scene:
    """An engine with containers and an etcd; each start is of a process of its own."""

    engine: FakeEngine
    etcd: Etcd
    directory: Path
    kv: Any
    keys: int
    requests: Sequence[str]
    written: list[int] = field(default_factory=list)

    def cold(self) -> float:
        """Start the bridge with nothing in etcd; return the seconds until the last key is committed."""
        self.empty()
        return self._started(lambda _: self.count("traefik/") >= self.keys)

    def again(self) -> float:
        """Start the bridge with everything in etcd; return the seconds until it is in sync."""
        before = self.newest("traefik/")
        took = self._started(is_synced)
        self.written.append(self.newest("traefik/") - before)
        return took

    def cold_floor(self) -> float:
        """The same by raw calls."""
        self.empty()
        return self._raw(transactions=self.requests)

    def again_floor(self) -> float:
        """The same by raw calls."""
        return self._raw(state=[f"docker-event-bridge/traefik/containers/{HOST}/"])

    def empty(self) -> None:
        """Remove everything from etcd, its history too."""
        self.etcd.ctl("del", "--prefix", "")

    def count(self, prefix: str) -> int:
        """How many keys there are below a prefix."""
        return int(self._range(prefix, count_only=True).count)

    def newest(self, prefix: str) -> int:
        """The revision of the newest key below a prefix."""
        kinds = etcdrpc.RangeRequest
        order = {"sort_target": kinds.MOD, "sort_order": kinds.DESCEND}
        return int(self._range(prefix, **order, limit=1, keys_only=True).kvs[0].mod_revision)

    def _range(self, prefix: str, **options: int) -> Any:  # noqa: ANN401 - see `stubs.etcdrpc`
        return self.kv.Range(etcdrpc.RangeRequest(**range_bounds(under(prefix)), **options))

    def _started(self, done: Callable[[Bridge], bool]) -> float:
        bridge = Bridge(self.engine, self.etcd, log_level="warning")
        begun = time.perf_counter()
        try:
            bridge.start()
            bridge.process.wait_until(lambda: done(bridge), SYNCED_WITHIN)
            return time.perf_counter() - begun
        finally:
            bridge.remove()

    def _raw(self, **asked: Sequence[str]) -> float:
        file = self.directory / "asked.json"
        file.write_text(json.dumps(asked))
        begun = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "tests.bench.floor_start", self.engine.url, self.etcd.endpoint, file],
            check=True,
        )
        return time.perf_counter() - begun


@contextmanager
def running(size: int) -> Iterator[Scene]:
    """Run so many containers, each with its own labels."""
    directory = WorkDirectory("scene")
    with ExitStack() as stack:
        stack.callback(directory.remove)
        engine, etcd = stack.enter_context(FakeEngine()), stack.enter_context(Etcd("3.4"))
        for number in range(size):
            engine.run(container(number))
        kv = stack.enter_context(_kv(etcd))
        published = publications(engine)
        keys = sum(len(item.definition + item.server) for it in published for item in it.items) + 1
        yield Scene(engine, etcd, directory.path, kv, keys, requests(published))


@contextmanager
def _kv(etcd: Etcd) -> Iterator[Any]:
    channel = Connection((etcd.endpoint,)).open(etcd.endpoint).channel
    try:
        yield etcdrpc.KVStub(channel)
    finally:
        channel.close()


def is_synced(bridge: Bridge) -> bool:
    """Whether the last sync is committed; asks by itself, since a process for each question would disturb."""
    with suppress(FileNotFoundError, ConnectionRefusedError), socket.socket(socket.AF_UNIX) as client:
        client.connect(bridge.settings["health_socket"])
        return bool(json.loads(client.makefile().readline())["healthy"])
    return False


def container(number: int) -> FakeContainer:
    """A container with 500 bytes of labels and an address of its own."""
    address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
    return FakeContainer(f"c{number}", labels(f"c{number}"), networks={"bridge": (address,)})


def publications(engine: FakeEngine) -> list[Publication]:
    """What the containers publish."""
    chosen = options(PlanSettings(), HOST)
    made = [mapped(from_inspect(engine.inspected(it)), chosen).publication for it in engine.ids()]
    return [it for it in made if it]


def requests(published: Sequence[Publication]) -> list[str]:
    """The transactions of a first start, with compares that hold, serialized."""
    layout = Layout("traefik", "docker-event-bridge", HOST)
    steps = resync(published, Memory(layout), (Compare(Range(layout.alive()), Revision.CREATED, 0),))
    made, request = [], next(steps)
    while True:
        if isinstance(request, Transaction):
            made.append(base64.b64encode(transaction_request(loose(request)).SerializeToString()).decode())
        answer = Committed(1) if isinstance(request, Transaction) else Found(1, tuple(() for _ in request.ranges))
        try:
            request = steps.send(answer)
        except StopIteration:
            return made
