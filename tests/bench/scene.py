"""A host with many containers, to measure starts: a fake engine, a real etcd, the bridge, and the floor.

The fake engine is a process of its own, and a watch shows what is committed, for the bridge and the floor alike,
so that nothing takes processor time from only one of them.
"""

import base64
import json
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from bridge.claims.layout import Layout, under
from bridge.claims.memory import Memory
from bridge.claims.resync import resync
from bridge.claims.transaction import Committed, Compare, Found, Range, Revision, Transaction
from bridge.container import from_inspect
from bridge.settings import PlanSettings
from bridge.settings.options import options
from bridge.store.connection import OPTIONS
from bridge.store.messages import range_bounds, transaction_request
from bridge.store.stubs import etcdrpc, grpc
from bridge.view.model import Publication
from bridge.view.publish import mapped
from tests.bench.arrivals import watching
from tests.bench.containers import labels
from tests.bench.floor import HOST, loose
from tests.bench.profile import ended, profiling
from tests.lab.bridge import Bridge
from tests.lab.etcd import Etcd
from tests.lab.fake_engine import FakeContainer
from tests.lab.process import Process
from tests.lab.served_engine import ServedEngine
from tests.lab.shell import Command
from tests.lab.workdir import WorkDirectory

ROOT = "traefik"
TICK = f"{ROOT}/tick"
WITHIN = 300.0


@dataclass(eq=False)
class Scene:
    """An engine with containers and an etcd; each start is a new process."""

    engine: ServedEngine
    etcd: Etcd
    directory: Path
    kv: Any
    ids: Sequence[str]
    written: list[int] = field(default_factory=list)

    @cached_property
    def published(self) -> list[Publication]:
        """What the containers publish."""
        chosen = options(PlanSettings(), HOST)
        made = [mapped(from_inspect(it), chosen).publication for it in self.engine.inspected()]
        return [it for it in made if it]

    @cached_property
    def keys(self) -> int:
        """The number of their keys under the root, including the permanent one."""
        return sum(len(item.definition + item.server) for it in self.published for item in it.items) + 1

    @cached_property
    def requests(self) -> list[str]:
        """The transactions of a first start, serialized."""
        return requests(self.published, Layout(ROOT, "docker-event-bridge", HOST))

    def cold(self) -> float:
        """Start the bridge with nothing in etcd; return the seconds until the last key is committed."""
        return self._until_all_are_there(self.bridge())

    def cold_floor(self) -> float:
        """Do the same by raw calls."""
        return self._until_all_are_there(self._raw(transactions=self.requests))

    def again(self) -> float:
        """Start the bridge with everything in etcd; return the seconds until it is in sync."""
        with watching(self.etcd, [ROOT]) as arrivals:
            begun = time.perf_counter()
            with self.bridge() as bridge:
                bridge.wait_until(WITHIN)
                took = time.perf_counter() - begun
            self.kv.Put(etcdrpc.PutRequest(key=TICK.encode()))
            self.written.append(sum(len(it.keys) for it in arrivals.until(TICK)))
        self.kv.DeleteRange(etcdrpc.DeleteRangeRequest(key=TICK.encode()))
        return took

    def again_floor(self) -> float:
        """Do the same by raw calls, reading the records of the host's own containers."""
        return self._until_it_ends([f"docker-event-bridge/{ROOT}/containers/{HOST}/"])

    def again_reading_all(self) -> float:
        """Do the same by raw calls, reading as much as the bridge compares."""
        kinds = f"objects/ containers/{HOST}/ claims/".split()
        return self._until_it_ends([f"{ROOT}/", *(f"docker-event-bridge/{ROOT}/{kind}" for kind in kinds)])

    def profile(self) -> str:
        """Return what the processor time of a cold start is spent on."""
        self.empty()
        file = self.directory / "profile.txt"
        with self.bridge(program=profiling(file)) as bridge:
            bridge.wait_until(WITHIN)
            return ended(bridge.bridge.process, file)

    def empty(self) -> None:
        """Remove everything from etcd, including its history."""
        self.etcd.ctl("del", "--prefix", "")
        revision = self.kv.Range(etcdrpc.RangeRequest(key=b"-")).header.revision
        self.etcd.ctl("compact", "--physical", str(revision))

    def count(self, prefix: str) -> int:
        """Return the number of keys below a prefix."""
        request = etcdrpc.RangeRequest(**range_bounds(under(prefix)), count_only=True)
        return int(self.kv.Range(request).count)

    def routers(self) -> set[str]:
        """Return the names of all routers under the root."""
        request = etcdrpc.RangeRequest(**range_bounds(under(f"{ROOT}/http/routers/")), keys_only=True)
        return {it.key.decode().split("/")[3] for it in self.kv.Range(request).kvs}

    def bridge(self, *, program: Command = (), **settings: str) -> "Started":
        """Return the bridge of this host, not started yet."""
        made = Bridge(self.engine, self.etcd, ROOT, host_name=HOST, log_level="warning", **settings)
        made.program = program or made.program
        return Started(made)

    def _until_all_are_there(self, starts: "Started | _Raw") -> float:
        self.empty()
        with watching(self.etcd, [ROOT]) as arrivals:
            begun = time.time_ns()
            with starts:
                return (arrivals.wait_for(self.keys).time - begun) / 1e9

    def _until_it_ends(self, state: Sequence[str]) -> float:
        begun = time.perf_counter()
        with self._raw(state=state):
            pass
        return time.perf_counter() - begun

    def _raw(self, **asked: Sequence[str]) -> "_Raw":
        file = self.directory / "asked.json"
        file.write_text(json.dumps(asked))
        command = ["-m", "tests.bench.floor_start", self.engine.url, self.etcd.endpoint, str(file)]
        return _Raw([sys.executable, *command], self.directory / "floor.log")


class Started:
    """A bridge that is started without waiting for it, and removed at the end."""

    def __init__(self, bridge: Bridge) -> None:
        self.bridge = bridge

    def __enter__(self) -> Self:
        self.bridge.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bridge.remove()

    @property
    def pid(self) -> int:
        """The process id."""
        return self.bridge.process.pid

    def wait_until(self, deadline: float) -> None:
        """Wait until it is in sync."""
        self.bridge.process.wait_until(lambda: is_synced(self.bridge), deadline)


class _Raw:
    """The floor's process, which ends by itself."""

    def __init__(self, command: Command, log: Path) -> None:
        self._start: Callable[[], Process] = lambda: Process(command, log)

    def __enter__(self) -> None:
        self._process = self._start()

    def __exit__(self, *_: object) -> None:
        assert self._process.wait(WITHIN) == 0, self._process.tail()


@contextmanager
def running(size: int) -> Iterator[Scene]:
    """Run `size` containers, each with its own labels."""
    directory = WorkDirectory("scene")
    with ExitStack() as stack:
        stack.callback(directory.remove)
        engine, etcd = stack.enter_context(ServedEngine()), stack.enter_context(Etcd("3.4"))
        kv = stack.enter_context(key_values(etcd))
        yield Scene(engine, etcd, directory.path, kv, engine.run(map(container, range(size))))


@contextmanager
def key_values(etcd: Etcd) -> Iterator[Any]:
    """Yield the raw gRPC stub for etcd's keys."""
    channel = grpc.insecure_channel(etcd.endpoint, OPTIONS)
    try:
        yield etcdrpc.KVStub(channel)
    finally:
        channel.close()


def is_synced(bridge: Bridge) -> bool:
    """Return whether the last sync is committed; asks the socket, since a process for each query would disturb."""
    with suppress(FileNotFoundError, ConnectionRefusedError), socket.socket(socket.AF_UNIX) as client:
        client.connect(bridge.settings["health_socket"])
        return bool(json.loads(client.makefile().readline())["healthy"])
    return False


def container(number: int) -> FakeContainer:
    """Return a container with 500 bytes of labels and an address of its own."""
    address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
    return FakeContainer(f"c{number}", labels(f"c{number}"), networks={"bridge": (address,)})


def requests(published: Sequence[Publication], layout: Layout) -> list[str]:
    """Return the transactions of a first start, with compares that always hold, serialized."""
    return [base64.b64encode(it.SerializeToString()).decode() for it in transactions(published, layout)]


def transactions(published: Sequence[Publication], layout: Layout) -> Iterator[Any]:
    """Yield the transactions of a first start, with compares that always hold."""
    wanted = {publication.id: publication for publication in published}
    steps = resync(wanted, Memory(layout), (Compare(Range(layout.alive()), Revision.CREATED, 0),))
    request = next(steps)
    while True:
        if isinstance(request, Transaction):
            yield transaction_request(loose(request))
        answer = Committed(1) if isinstance(request, Transaction) else Found(1, tuple(() for _ in request.ranges))
        try:
            request = steps.send(answer)
        except StopIteration:
            return
