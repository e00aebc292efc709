"""What grows with hosts and with containers: the load of idle bridges, and Traefik's re-read for each event.

The hosts run the product's own code, without an engine, each with a connection of its own to one real etcd. The
containers exist only as keys, except for one that is a process, so that requests show when Traefik has read it.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import time

import anyio
import structlog

from bridge.claims.layout import Layout, under
from bridge.container import from_inspect
from bridge.daemon.connection import Connection as Side
from bridge.daemon.etcd_side import EtcdSide
from bridge.daemon.session import Identity, Terms
from bridge.daemon.work import Work
from bridge.settings import PlanSettings
from bridge.settings.options import options
from bridge.store.client import Store
from bridge.store.connection import Connection
from bridge.view.model import Publication
from bridge.view.publish import mapped
from tests.bench.containers import inspection
from tests.bench.measure import Figures
from tests.bench.processor import used
from tests.bench.report import Result, Row
from tests.lab import parts
from tests.lab.etcd import Etcd
from tests.lab.load import Load
from tests.lab.ports import LOOPBACK, free_port
from tests.lab.process import Process
from tests.lab.traefik import Traefik, etcd_provider
from tests.store.bridges import Bridge, MeddledStore, item, publication

HOSTS = (10, 100)
CONTAINERS = (100, 1_000, 3_000)
WATCHED = 10
"""Seconds for which idle hosts are observed."""

SAMPLES = 5
TERMS = Terms(5, 60)
WATCHES = "etcd_debugging_mvcc_watcher_total"
CALLS = r"grpc_server_handled_total\{.*\}"
AT_ONCE = {"providers.providersThrottleDuration": "50ms", "log.level": "ERROR"}


def measured() -> Result:
    """Measure idle hosts, then events beside more and more containers."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    few, many = (anyio.run(_at_rest, number) for number in HOSTS)
    names = {"CPU of etcd for an idle host": "ms/s", "calls of an idle host": "1/s", "watches of a host": ""}
    rows = [
        Row(f"{name}, {HOSTS[1]} hosts", unit, Figures((many[at],)), Figures((few[at],)), f"{HOSTS[0]} hosts")
        for at, (name, unit) in enumerate(names.items())
    ]
    with Etcd("3.4") as etcd, _served() as url:
        grown = [anyio.run(_event, etcd, url, number) for number in CONTAINERS]
    for number, found in zip(CONTAINERS, grown, strict=True):
        for (name, unit), ours, first in zip(MEASURES, found, grown[0], strict=True):
            base = (first, f"{CONTAINERS[0]} containers") if number > CONTAINERS[0] else (None, "")
            rows.append(Row(f"{name}, {number:,} containers", unit, ours, *base))
    return Result(rows, {"etcd": "3.4", "traefik": "3.7"})


MEASURES = (
    ("start of the transaction to the first 200", "ms"),
    ("Traefik's CPU for one event", "ms"),
    ("etcd's CPU for one event", "ms"),
    ("keys that Traefik reads", ""),
    ("bytes that Traefik reads", "B"),
    ("keys of the state", ""),
    ("bytes of the state", "B"),
)


async def _at_rest(number: int) -> Sequence[float]:
    """Return what one host costs etcd when there are this many."""
    with Etcd("3.4") as etcd:
        stores = [Store(Connection((etcd.endpoint,))) for _ in range(number)]
        sides = [
            EtcdSide(store, Identity(_layout(f"h{at}"), "", "", TERMS), Work(), Side("etcd"))
            for at, store in enumerate(stores)
        ]
        async with anyio.create_task_group() as tasks:
            for side in sides:
                tasks.start_soon(side.live)
            for side in sides:
                await side.alive()
            await anyio.sleep(WATCHED / 2)
            cpu, calls = used(etcd.process.pid), etcd.metric(CALLS)
            await anyio.sleep(WATCHED)
            spent, made = used(etcd.process.pid) - cpu, etcd.metric(CALLS) - calls
            watches = etcd.metric(WATCHES)
            tasks.cancel_scope.cancel()
        for store in stores:
            await store.aclose()
    return spent * 1e3 / WATCHED / number, made / WATCHED / number, watches / number


async def _event(etcd: Etcd, url: str, number: int) -> Sequence[Figures]:
    """Return the values of MEASURES with this many containers."""
    store = MeddledStore(Connection((etcd.endpoint,)))
    bridge = Bridge(store, _layout(f"with-{number}"))
    await bridge.begin()
    await bridge.settle(*_publications(number))
    with Traefik("3.7", etcd_provider(etcd), AT_ONCE) as traefik, Load(traefik.port(), "probe") as load:
        found = [await _sample(bridge, _probe(url, bridge), traefik, etcd, load) for _ in range(SAMPLES)]
    sizes: list[Figures] = []
    for prefix in (f"{bridge.layout.root_key}/", bridge.layout.state):
        (keys,) = (await store.read(under(prefix))).found
        length = sum(len(it.key.encode()) + len(it.value.encode()) for it in keys)
        sizes += [Figures((float(len(keys)),)), Figures((float(length),))]
    await bridge.settle(*bridge.wanted)
    await bridge.lose()
    await store.aclose()
    return [*(Figures(values) for values in zip(*found, strict=True)), *sizes]


async def _sample(
    bridge: Bridge, probe: Publication, traefik: Traefik, etcd: Etcd, load: Load
) -> tuple[float, float, float]:
    """Publish and withdraw the container that is a process, which are two events."""
    cpu = used(traefik.process.pid), used(etcd.process.pid)
    begun = time()
    await bridge.settle(probe)
    routed = await anyio.to_thread.run_sync(load.wait_for_outcome, "200", begun)
    withdrawn = time()
    await bridge.settle(probe.id)
    await anyio.to_thread.run_sync(load.wait_for_outcome, "404", withdrawn)
    spent = used(traefik.process.pid) - cpu[0], used(etcd.process.pid) - cpu[1]
    return (routed.answered - begun) * 1e3, spent[0] * 1e3 / 2, spent[1] * 1e3 / 2


def _publications(number: int) -> Iterator[Publication]:
    chosen = options(PlanSettings(), "host")
    for at in range(number):
        made = mapped(from_inspect(inspection(at)), chosen).publication
        assert made
        yield made


def _probe(url: str, bridge: Bridge) -> Publication:
    router = item("rprobe", rule="Host(`probe`)", service="sprobe")
    made = publication("probe", router, item("sprobe"), application="probe", host=bridge.layout.host)
    served = [it._replace(server=tuple(leaf._replace(value=url) for leaf in it.server)) for it in made.items]
    return made._replace(items=tuple(served))


@contextmanager
def _served() -> Iterator[str]:
    """Run the process that requests are sent to; yield its address."""
    port = free_port()
    with TemporaryDirectory() as directory:
        process = Process([parts.whoami(), "-port", str(port)], Path(directory, "log"))
        try:
            yield f"http://{LOOPBACK}:{port}"
        finally:
            process.kill()


def _layout(host: str) -> Layout:
    return Layout("traefik", "docker-event-bridge", host)
