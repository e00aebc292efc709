"""Record when transactions are committed to etcd, by a raw gRPC watch on a thread."""

import queue
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from bridge.claims.layout import under
from bridge.store.connection import OPTIONS
from bridge.store.messages import range_bounds
from bridge.store.stubs import etcdrpc, grpc
from tests.lab.etcd import Etcd

WITHIN = 300.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """One transaction's keys below one root, and when they were seen (nanoseconds since 1970)."""

    time: int
    root: str
    revision: int
    keys: tuple[str, ...]


@dataclass(slots=True)
class Arrivals:
    """The transactions that arrive, in order."""

    queue: "queue.Queue[Arrival]" = field(default_factory=queue.Queue)

    def next(self, root: str, within: float = WITHIN) -> Arrival:
        """Wait for the next transaction below a root; raise `queue.Empty` if none comes."""
        while True:
            arrival = self.queue.get(timeout=within)
            if arrival.root == root:
                return arrival

    def drain(self) -> list[Arrival]:
        """Return what has arrived so far and was not taken."""
        return [self.queue.get() for _ in range(self.queue.qsize())]

    def wait_for(self, number: int) -> Arrival:
        """Wait until `number` different keys have arrived; return the last of these transactions."""
        keys: set[str] = set()
        while True:
            arrival = self.queue.get(timeout=WITHIN)
            keys.update(arrival.keys)
            if len(keys) >= number:
                return arrival

    def until(self, key: str) -> list[Arrival]:
        """Wait until a key is written; return the transactions before it."""
        before: list[Arrival] = []
        while key not in (arrival := self.queue.get(timeout=WITHIN)).keys:
            before.append(arrival)
        return before


@contextmanager
def watching(etcd: Etcd, roots: Sequence[str]) -> Iterator[Arrivals]:
    """Watch what is committed below these roots until the block ends."""
    channel = grpc.insecure_channel(etcd.endpoint, OPTIONS)
    creates = [etcdrpc.WatchCreateRequest(**range_bounds(under(f"{root}/"))) for root in roots]
    open_ended: queue.Queue[Any] = queue.Queue()
    for create in creates:
        open_ended.put(etcdrpc.WatchRequest(create_request=create))
    call = etcdrpc.WatchStub(channel).Watch(iter(open_ended.get, None))
    arrivals, stand = Arrivals(), threading.Event()
    listening = threading.Thread(target=_listen, args=(call, list(roots), arrivals, stand))
    listening.start()
    try:
        assert stand.wait(WITHIN), "etcd did not set the watches up"
        yield arrivals
    finally:
        call.cancel()
        listening.join()
        open_ended.put(None)
        channel.close()


def _listen(call: Any, roots: list[str], arrivals: Arrivals, stand: threading.Event) -> None:  # noqa: ANN401 - gRPC's
    names: dict[int, str] = {}
    try:
        for response in call:
            now = time.time_ns()
            if response.created:
                names[response.watch_id] = roots[len(names)]
            if len(names) == len(roots):
                stand.set()
            for revision in dict.fromkeys(event.kv.mod_revision for event in response.events):
                keys = tuple(it.kv.key.decode() for it in response.events if it.kv.mod_revision == revision)
                arrivals.queue.put(Arrival(now, names[response.watch_id], revision, keys))
    except grpc.RpcError as error:
        if error.code() is not grpc.StatusCode.CANCELLED:
            raise
