"""How many transactions of the bridge and re-reads by Traefik one container event costs.

On a real engine, with containers for which each kind of event changes what is published. etcd counts the calls;
nothing else makes such calls: the lease is refreshed by another kind, and the next resync is far away.
"""

import queue
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress

from tests.bench.arrivals import watching
from tests.bench.measure import Figures
from tests.bench.processor import wait_for_rest
from tests.bench.report import Result, Row
from tests.daemon.host import routed_by
from tests.lab.bridge import Bridge
from tests.lab.engine import Engine
from tests.lab.etcd import Etcd
from tests.lab.traefik import Traefik, etcd_provider

ROUNDS = 5
ROOT = "traefik"
WITHIN = 5.0
"""Seconds to wait for a transaction, including a health check."""

CALL = r'grpc_server_handled_total\{{.*grpc_method="{}".*\}}'
CHECKED = (
    *("--health-cmd=sh /tmp/state", "--health-interval=1s", "--health-retries=1"),
    "--label=traefik.http.services.checked.loadbalancer.server.port=80",
)

Actions = Mapping[str, Callable[[], object]]


def measured() -> Result:
    """Count for every kind of event and its opposite."""
    counted: dict[str, list[tuple[float, float, float]]] = {}
    with (
        Engine("20.10") as engine,
        Etcd("3.4") as etcd,
        _actions(engine) as actions,
        Bridge(engine, etcd, ROOT, log_level="info", resync_interval="1h") as bridge,
        Traefik("3.7", etcd_provider(etcd), {"providers.providersThrottleDuration": "50ms"}) as traefik,
    ):
        for _ in range(ROUNDS):
            for name, act in actions.items():
                with watching(etcd, [ROOT]) as arrivals:
                    wait_for_rest(bridge.process.pid, traefik.process.pid, engine.process.pid)
                    revisions: set[int] = set()
                    before = etcd.metric(CALL.format("Txn")), etcd.metric(CALL.format("Range"))
                    act()
                    with suppress(queue.Empty):
                        revisions = {arrivals.next(ROOT, WITHIN).revision}
                    wait_for_rest(bridge.process.pid, traefik.process.pid, engine.process.pid)
                    revisions |= {it.revision for it in arrivals.drain()}
                    spent = (
                        etcd.metric(CALL.format("Txn")) - before[0],
                        etcd.metric(CALL.format("Range")) - before[1],
                    )
                counted.setdefault(name, []).append((spent[0], float(len(revisions)), spent[1]))
    return Result([*_rows(counted)], {"engine": "20.10", "etcd": "3.4", "traefik": "3.7"})


def _rows(counted: Mapping[str, list[tuple[float, float, float]]]) -> Iterator[Row]:
    for name, found in counted.items():
        transactions, revisions, reads = (Figures(values) for values in zip(*found, strict=True))
        told = f"{revisions.median:g} revisions under the root" if revisions.values != transactions.values else ""
        yield Row(f"transactions for one event: {name}", "", transactions, target="1", remark=told)
        yield Row(f"Traefik's re-reads for one event: {name}", "", reads, target="1")


@contextmanager
def _actions(engine: Engine) -> Iterator[Actions]:
    """Run the containers; yield the actions that cause an event for one of them, by the event's name."""
    with ExitStack() as stack:

        def container(
            name: str, *options: str, image: str = "traefik/whoami", arguments: tuple[str, ...] = ()
        ) -> None:
            stack.enter_context(engine.container(name, *options, image=image, arguments=arguments))

        container("probe", routed_by("probe"))
        sleeps = ("sleep", "3600")
        container("checked", routed_by("checked"), *CHECKED, image="busybox", arguments=sleeps)
        container("named", "--label=traefik.enable=true")
        engine.cli("network", "create", "second")
        stack.callback(engine.cli, "network", "rm", "second")
        container("moved", routed_by("moved"), "--label=traefik.docker.network=second")
        cli, says = engine.cli, ("exec", "checked", "sh", "-c")
        yield {
            "die": lambda: cli("kill", "probe"),
            "start": lambda: cli("start", "probe"),
            "pause": lambda: cli("pause", "probe"),
            "unpause": lambda: cli("unpause", "probe"),
            "stop": lambda: cli("stop", "probe"),
            "start after a stop": lambda: cli("start", "probe"),
            "health_status: healthy": lambda: cli(*says, "echo true > /tmp/state"),
            "health_status: unhealthy": lambda: cli(*says, "echo false > /tmp/state"),
            "rename": lambda: cli("rename", "named", "renamed"),
            "rename back": lambda: cli("rename", "renamed", "named"),
            "network connect": lambda: cli("network", "connect", "second", "moved"),
            "network disconnect": lambda: cli("network", "disconnect", "second", "moved"),
        }
