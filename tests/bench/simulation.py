"""A thousand hosts with a hundred containers each on one real etcd, compared with an extrapolation from one host.

The keys are written by the product's own transactions. `hosts.py` stands in for the idle hosts, in one process of
raw calls. Traefik is measured with a tenth of it: what one event costs, if that ends within a minute.
"""

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

import anyio

from bridge.claims.layout import Layout, under
from bridge.claims.transaction import Range, as_bytes
from bridge.container import from_inspect
from bridge.settings import PlanSettings
from bridge.settings.options import options
from bridge.store.client import REFRESHES, Store
from bridge.store.connection import Connection
from bridge.store.errors import StoreUnavailable
from bridge.store.messages import range_bounds
from bridge.store.stubs import etcdrpc
from bridge.view.model import Publication
from bridge.view.publish import mapped
from tests.bench import floor
from tests.bench.containers import inspection
from tests.bench.hosts import LEASE
from tests.bench.measure import Figures, seconds
from tests.bench.processor import megabytes, used, wait_for_rest
from tests.bench.report import Result, Row
from tests.bench.scene import ROOT, key_values, transactions
from tests.lab.etcd import Etcd
from tests.lab.process import Process
from tests.lab.shell import say
from tests.lab.traefik import Traefik, etcd_provider
from tests.lab.wait import DeadlineError, wait_for

HOSTS, EACH = 1_000, 100
TENTH, SMALLER = "tenth", 100
"""The root that Traefik reads, and how many of the hosts write there."""

STATE = "docker-event-bridge"
REST, BUSY = 15, 10
"""Seconds for which idle hosts, and transactions without a pause, are observed."""

CLIENTS, SAMPLES = 8, 3
PAGE = 50_000
"""Keys in one answer; many, since for each answer etcd counts all keys that are left."""

WITHIN = 120.0
CALLS = r"grpc_server_handled_total\{.*\}"
AT_ONCE = {"providers.providersThrottleDuration": "50ms", "log.level": "ERROR"}


@dataclass(frozen=True, slots=True)
class Size:
    """The number of keys, and the bytes of keys and values."""

    keys: int
    bytes: int


def measured() -> Result:
    """Load the keys, and measure what depends on their number."""
    with Etcd("3.4") as etcd, key_values(etcd) as kv, ExitStack() as stack:
        pool = stack.enter_context(ProcessPoolExecutor(2, get_context("spawn"), _end_with_parent))
        _load(pool, kv, [(ROOT, 0)])
        one = [_size(kv, prefix) for prefix in (ROOT, f"{STATE}/{ROOT}")]
        begun = time.perf_counter()
        say("    Traefik with a tenth ...")
        _load(pool, kv, [(TENTH, at) for at in range(SMALLER)])
        traefik = _traefik(etcd, kv)
        kv.DeleteRange(etcdrpc.DeleteRangeRequest(**range_bounds(under(f"{TENTH}/"))))
        say("    all of it ...")
        _load(pool, kv, [(ROOT, at) for at in range(1, HOSTS)])
        loaded = time.perf_counter() - begun
        rows = [*_sizes(kv, one), _database(etcd, loaded)]
        say("    the idle hosts ...")
        with _hosts(etcd) as hosts:
            rows += _at_rest(etcd, hosts)
            rows.append(_newcomer(kv, hosts))
            rows.append(_busy(etcd))
            rows += _reads(etcd, kv)
            failed = Counter(line for line in hosts.log.read_text().splitlines() if line.startswith("a "))
            told = "; ".join(f"{line} ({number} times)" for line, number in failed.items())
            rows.append(Row("refreshes of leases that failed meanwhile", "", _one(failed.total()), remark=told))
            rows.append(Row("etcd's memory at its peak", "MB", _one(megabytes(etcd.process.pid, "VmHWM"))))
    return Result([*rows, traefik], {"etcd": "3.4", "traefik": "3.7"})


def _end_with_parent() -> None:
    """Make a worker end when its parent is killed."""

    def wait() -> None:
        if parent := parent_process():
            parent.join()
        os._exit(1)

    Thread(target=wait, daemon=True).start()


def _load(pool: ProcessPoolExecutor, kv: Any, hosts: Sequence[tuple[str, int]]) -> None:  # noqa: ANN401 - etcd's calls
    for requests in pool.map(_requests, hosts):
        for request in requests:
            kv.Txn(etcdrpc.TxnRequest.FromString(request))


def _requests(host: tuple[str, int]) -> list[bytes]:
    """Return the transactions with which the bridge of a host publishes its containers, serialized."""
    root, at = host
    layout = Layout(root, STATE, f"h{at}")
    return [it.SerializeToString() for it in transactions([*_publications(at)], layout)]


def _publications(host: int) -> Iterator[Publication]:
    chosen = options(PlanSettings(), f"h{host}")
    for at in range(host * EACH, (host + 1) * EACH):
        made = mapped(from_inspect(inspection(at)), chosen).publication
        assert made
        yield made


def _size(kv: Any, prefix: str) -> Size:  # noqa: ANN401 - etcd's calls
    keys, length, bounds = 0, 0, range_bounds(under(f"{prefix}/"))
    while True:
        page = kv.Range(etcdrpc.RangeRequest(**bounds, limit=PAGE))
        keys += len(page.kvs)
        length += sum(len(it.key) + len(it.value) for it in page.kvs)
        if not page.more:
            return Size(keys, length)
        bounds["key"] = page.kvs[-1].key + b"\0"


def _sizes(kv: Any, one: Sequence[Size]) -> Iterator[Row]:  # noqa: ANN401 - etcd's calls
    calculated = f"calculated from {EACH} containers of one host"
    for what, prefix, first in zip(
        ("that Traefik reads", "of the state"), (ROOT, f"{STATE}/{ROOT}"), one, strict=True
    ):
        found = _size(kv, prefix)
        for name, unit, ours, their in (
            ("keys", "", found.keys, first.keys * HOSTS),
            ("bytes", "MB", found.bytes / 1e6, first.bytes * HOSTS / 1e6),
        ):
            yield Row(f"{name} {what}, {_all()}", unit, _one(ours), _one(their), calculated)


def _all() -> str:
    return f"{HOSTS:,} hosts, {HOSTS * EACH:,} containers"


def _one(value: float) -> Figures:
    return Figures((float(value),))


def _database(etcd: Etcd, loaded: float) -> Row:
    size = etcd.metric("etcd_mvcc_db_total_size_in_bytes") / 1e6
    remark = f"with all history; etcd's quota is 2,147 MB by default; written within {loaded:.0f} s"
    return Row(f"etcd's database, {_all()}", "MB", _one(size), remark=remark)


@contextmanager
def _hosts(etcd: Etcd) -> Iterator[Process]:
    with TemporaryDirectory() as directory:
        command = [sys.executable, "-m", "tests.bench.hosts", etcd.endpoint, str(HOSTS)]
        process = Process(command, Path(directory, "log"))
        try:
            process.wait_until(lambda: "ready" in process.log.read_text(), WITHIN)
            yield process
        finally:
            process.kill()


def _at_rest(etcd: Etcd, hosts: Process) -> Iterator[Row]:
    time.sleep(REST / 3)
    spent, calls, theirs = used(etcd.process.pid), etcd.metric(CALLS), used(hosts.pid)
    time.sleep(REST)
    per_second = (etcd.metric(CALLS) - calls) / REST
    spent, theirs = ((used(it) - before) / REST for it, before in ((etcd.process.pid, spent), (hosts.pid, theirs)))
    remark = f"their one process takes {theirs:.2f} of a core"
    calculated = _one(HOSTS * REFRESHES / LEASE)
    yield Row(f"calls, {HOSTS:,} idle hosts", "1/s", _one(per_second), calculated, "calculated", remark=remark)
    watches = etcd.metric("etcd_debugging_mvcc_watcher_total")
    yield Row(f"watches, {HOSTS:,} hosts", "", _one(watches), _one(2 * HOSTS), "calculated")
    yield Row(f"etcd's part of a core, {HOSTS:,} idle hosts", "", _one(spent))


def _newcomer(kv: Any, hosts: Process) -> Row:  # noqa: ANN401 - etcd's calls
    begun = time.time_ns()
    kv.Put(etcdrpc.PutRequest(key=as_bytes(Layout(ROOT, STATE, "newcomer").alive())))
    wait_for(lambda: len(_heard(hosts)) == HOSTS, WITHIN, hosts.tail)
    waited = Figures(tuple((it - begun) / 1e6 for it in _heard(hosts)))
    return Row(
        f"start of a host, until all {HOSTS:,} others know", "ms", waited, remark="with one process for all"
    )


def _heard(hosts: Process) -> list[int]:
    return [int(line) for line in hosts.log.read_text().splitlines() if line.isdigit()]


def _busy(etcd: Etcd) -> Row:
    """Commit the transactions of events for several bridges at once, each one after the other."""

    def commit(at: int) -> int:
        layout = Layout(ROOT, STATE, f"busy{at}")
        made = floor.transactions(next(_publications(HOSTS + at)), layout)
        both = [floor.request(made[name]) for name in ("appears", "leaves")]
        done, end = 0, time.monotonic() + BUSY
        with key_values(etcd) as kv:
            while time.monotonic() < end:
                for request in both:
                    assert kv.Txn(request).succeeded
                done += 2
        return done

    before = used(etcd.process.pid)
    with ThreadPoolExecutor(CLIENTS) as threads:
        done = sum(threads.map(commit, range(CLIENTS)))
    share = (used(etcd.process.pid) - before) / BUSY
    remark = f"{CLIENTS} at once, in one process; etcd takes {share:.2f} of a core"
    return Row(f"events committed, {_all()}", "1/s", _one(done / BUSY), remark=remark)


def _reads(etcd: Etcd, kv: Any) -> Iterator[Row]:  # noqa: ANN401 - etcd's calls
    whole = etcdrpc.RangeRequest(**range_bounds(under(f"{ROOT}/")))
    took = Figures(tuple(seconds(lambda: kv.Range(whole)) for _ in range(SAMPLES)))
    yield Row(
        f"reading the whole prefix as Traefik does, {_all()}", "s", took, remark="Traefik gives up after 5 s"
    )
    layout = Layout(ROOT, STATE, "h0")
    measure = f"what a resync of one host reads, {_all()}"
    try:
        read = anyio.run(_read, etcd, (layout.view(), layout.objects(), layout.containers()))
    except StoreUnavailable as error:
        yield Row(measure, "s", Figures(()), remark=f"not to be had: {error}")
        return
    remark = "decoded by the bridge, before it compares anything"
    yield Row(measure, "s", _one(read[0]), remark=remark)
    yield Row(measure, "MB", _one(read[1] / 1e6), remark=f"{read[2]:,.0f} keys")


async def _read(etcd: Etcd, ranges: Sequence[Range]) -> tuple[float, float, float]:
    store = Store(Connection((etcd.endpoint,)))
    begun = time.perf_counter()
    found = (await store.read(*ranges)).found
    took = time.perf_counter() - begun
    await store.aclose()
    return took, sum(len(it.key) + len(it.value) for keys in found for it in keys), sum(map(len, found))


def _traefik(etcd: Etcd, kv: Any) -> Row:  # noqa: ANN401 - etcd's calls
    """Measure what an event costs a Traefik that reads a tenth of the containers."""
    measure = f"Traefik's CPU for one event, {SMALLER * EACH:,} containers"
    made = floor.transactions(next(_publications(HOSTS)), Layout(TENTH, STATE, "h0"))
    try:
        with Traefik("3.7", etcd_provider(etcd, TENTH), AT_ONCE) as traefik:
            wait_for_rest(traefik.process.pid)
            values = []
            for name in ("appears", "leaves"):
                before = used(traefik.process.pid)
                kv.Txn(floor.request(made[name]))
                wait_for_rest(traefik.process.pid)
                values.append(used(traefik.process.pid) - before)
    except DeadlineError:
        return Row(measure, "s", Figures(()), remark="it had not ended after a minute")
    return Row(measure, "s", Figures(tuple(values)))
