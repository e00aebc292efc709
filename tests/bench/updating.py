"""Requests that fail while replicas are replaced, with the bridge and with Traefik's own Docker provider.

Both Traefiks route to the same replicas and are under the same load at the same time. They apply changes as slowly
as by default; the application keeps serving for longer than that after its stop signal.
"""

from collections.abc import Sequence

from tests.bench.measure import Figures
from tests.bench.report import Result, Row
from tests.lab.bridge import Bridge
from tests.lab.engine import Engine
from tests.lab.etcd import Etcd
from tests.lab.load import Load, Request
from tests.lab.traefik import Traefik, docker_provider, etcd_provider
from tests.traffic.site import LINGER, WEB, replicas, update

REQUESTS, RATE, LIMIT = 20_000, 200, 600
HOST = f"{WEB}.localhost"
QUIET = {"log.level": "ERROR"}


def measured() -> Result:
    """Replace all replicas again and again until both Traefiks have had enough requests."""
    updates = 0
    with (
        Engine("20.10") as engine,
        Etcd("3.4") as etcd,
        Bridge(engine, etcd),
        replicas(engine) as names,
        Traefik("3.7", etcd_provider(etcd), QUIET) as ours,
        Traefik("3.7", docker_provider(engine), QUIET) as theirs,
    ):
        for traefik in (ours, theirs):
            traefik.wait_for_status(200, HOST)
        with (
            Load(ours.port(), HOST, rate=RATE, limit=LIMIT) as mine,
            Load(theirs.port(), HOST, rate=RATE, limit=LIMIT) as other,
        ):
            while min(len(mine.requests()), len(other.requests())) < REQUESTS:
                update(engine, names)
                updates += 1
            failed, lost = (_failures(load) for load in (mine, other))
            of = f"of {len(mine.requests()):,} and {len(other.requests()):,}"
    measure = f"requests failed while {len(names)} replicas were replaced {updates} times, serving on for {LINGER}"
    remark = f"{of}; the Docker provider's: {_outcomes(lost) or 'none'}"
    rows = [Row(measure, "", _count(failed), _count(lost), "Traefik's Docker provider", "0", remark)]
    return Result(rows, {"engine": "20.10", "etcd": "3.4", "traefik": "3.7"})


def _failures(load: Load) -> Sequence[Request]:
    load.wait_for(int(RATE * 3))
    return load.failed()


def _outcomes(failed: Sequence[Request]) -> str:
    kinds = [it.outcome if it.outcome.isdigit() else "no answer" for it in failed]
    return ", ".join(f"{kinds.count(kind)} x {kind}" for kind in sorted(set(kinds)))


def _count(failed: Sequence[Request]) -> Figures:
    return Figures((float(len(failed)),))
