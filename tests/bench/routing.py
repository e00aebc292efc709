"""How soon a container is routed after its start, and no longer after its stop, compared with the Docker provider.

With a real engine, real containers, one Traefik for each provider, and two that read what raw calls write instead
of the bridge. Processes that are not being measured are frozen, so that they disturb nothing. A thawed one is left
alone until it has caught up; the bridge's lease outlasts all of this.
"""

import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import docker

from tests.bench.floor import answering
from tests.bench.measure import Figures, alternate
from tests.bench.processor import wait_for_rest
from tests.bench.report import Result, Row
from tests.daemon.host import routed_by
from tests.lab.bridge import Bridge
from tests.lab.engine import Engine
from tests.lab.etcd import Etcd
from tests.lab.load import Load
from tests.lab.process import Process
from tests.lab.shell import run
from tests.lab.traefik import StaticOptions, Traefik, docker_provider, etcd_provider
from tests.lab.wait import wait_for

ROUNDS = {1: 30, 10: 30, 100: 11}
"""Numbers of running containers, each with the number of rounds."""

PROBE = "probe"
HOST = f"{PROBE}.localhost"
RATE, CLIENTS = 1_000, 50
TIMEOUT = CLIENTS / RATE
"""Seconds that an answer may take: no longer than a client pauses, so that requests are sent without gaps."""

ROUTED = 0.2
"""Seconds for which a container stays routed, so that Traefik is at rest when it stops."""

CALLS_END_WITHIN = 5.0
LEASE = {"host_lease": "1h", "host_grace": "2h"}
OPTIONS = {
    "providers.providersThrottleDuration": "50ms",  # so that a sample finds it at rest
    "serversTransport.forwardingTimeouts.dialTimeout": "100ms",  # so that it soon gives up on a stopped container
    "log.level": "ERROR",
}
LINGER = "300ms"
NETWORK, SUBNET, ADDRESS = "bench", "10.254.9.0/24", "10.254.9.2"
"""A fixed address, since the raw calls write it without asking the engine."""

RAW = {"raw calls instead of the bridge": True, "one transaction without inspection instead of the bridge": False}
"""What the bridge is compared with besides, and whether it inspects the container."""

PROVIDER = "Traefik's Docker provider"
TARGETS = {1: "<= 1.2", 10: "<= 1.2", 100: "<= 0.3"}


@dataclass(frozen=True, slots=True)
class Side:
    """A Traefik, all processes that it needs, and the milliseconds that its stops took."""

    traefik: Traefik
    drains: bool
    running: tuple[Process, ...]
    stops: list[float] = field(default_factory=list)


def measured() -> Result:
    """Measure with and without a default certificate in Traefik, with more and more containers running."""
    with Engine("20.10") as engine, Etcd("3.4") as etcd, ExitStack() as others:
        client = docker.APIClient(base_url=engine.url, version="auto")
        others.callback(client.close)
        engine.cli("network", "create", "--subnet", SUBNET, NETWORK)
        network = ("--network", NETWORK, "--ip", ADDRESS)
        engine.cli("create", "--name", PROBE, *network, routed_by(PROBE), "traefik/whoami", "-linger", LINGER)
        client.start(PROBE)
        probe = client.inspect_container(PROBE)
        client.stop(PROBE)
        sides = others.enter_context(_sides(engine, etcd, probe))
        rows: list[Row] = []
        for number in ROUNDS:
            for other in range(len(engine.cli("ps", "--quiet").split()) + 1, number):
                others.enter_context(engine.container(f"other{other}", routed_by(f"other{other}")))
            rows += _rows(number, partial(_sample, client), sides)
    return Result(rows, {"engine": "20.10", "etcd": "3.4", "traefik": "3.7"})


def _rows(number: int, sample: Callable[[Side, dict[str, Side]], float], sides: dict[str, Side]) -> Iterator[Row]:
    for side in sides.values():
        side.stops.clear()
    rounds = ROUNDS[number]
    starts = alternate(rounds, {name: partial(sample, it, sides) for name, it in sides.items()})
    stops = {name: Figures(tuple(it.stops[-rounds:])) for name, it in sides.items()}
    for what, found in (
        ("`docker start` returned to the first 200", starts),
        ("stop (from the signal; for the Docker provider, from the end of the process) to the first 404", stops),
    ):
        for certificate in ("with", "without"):
            measure = f"{what}, {number} running, {certificate} certificate"
            theirs = found[f"docker {certificate}"]
            yield Row(measure, "ms", found[f"bridge {certificate}"], theirs, PROVIDER, TARGETS[number])
            for raw in RAW:
                yield Row(f"{measure}, {raw}", "ms", found[f"{raw} {certificate}"], theirs, PROVIDER)


@contextmanager
def _sides(engine: Engine, etcd: Etcd, probe: Mapping[str, Any]) -> Iterator[dict[str, Side]]:
    with ExitStack() as stack:
        bridge = stack.enter_context(Bridge(engine, etcd, log_level="info", resync_interval="1h", **LEASE))
        raws = {
            raw: stack.enter_context(
                answering(engine.url, etcd, probe, _root(raw), ("kill", "start"), inspects=inspects)
            )
            for raw, inspects in RAW.items()
        }

        def side(provider: StaticOptions, certificate: str, *processes: Process) -> Side:
            started = Traefik("3.7", provider, OPTIONS, certificate=certificate == "with")
            traefik = stack.enter_context(started)
            return Side(traefik, bool(processes), (*processes, traefik.process))

        sides = {
            f"{name} {certificate}": made
            for certificate in ("with", "without")
            for name, made in (
                ("bridge", side(etcd_provider(etcd), certificate, bridge.process)),
                *(
                    (raw, side(etcd_provider(etcd, _root(raw)), certificate, process))
                    for raw, process in raws.items()
                ),
                ("docker", side(docker_provider(engine), certificate)),
            )
        }
        yield sides
        _only(sides, *(process for it in sides.values() for process in it.running))


def _root(raw: str) -> str:
    return raw.replace(" ", "-")


def _only(sides: dict[str, Side], *running: Process) -> None:
    """Freeze all processes except those that are to run."""
    for process in dict.fromkeys(process for side in sides.values() for process in side.running):
        process.send(signal.SIGCONT if process in running else signal.SIGSTOP)


def _sample(client: docker.APIClient, side: Side, sides: dict[str, Side]) -> float:
    """Start and stop the container; return the milliseconds until it was routed, record those until it was not.

    For the bridge a stop begins when the signal is sent, for the Docker provider when the process has ended.
    """
    _only(sides, *side.running)
    wait_for_rest(*(process.pid for process in side.running))
    run(["ip", "neigh", "flush", "to", SUBNET, "nud", "all"])
    with Load(side.traefik.port(), HOST, rate=RATE, clients=CLIENTS, timeout=TIMEOUT) as load:
        load.wait_for_outcome("404")
        client.start(PROBE)
        begun = time.time()
        routed = load.wait_for_outcome("200", since=begun)
        time.sleep(ROUTED)
        sent = time.time()
        client.stop(PROBE)
        gone = load.wait_for_outcome("404", since=sent)
    # Connection attempts to the stopped container make the kernel ask for its address once a second, and a frozen
    # Traefik does not give them up.
    wait_for(
        lambda: not run(["ss", "-Htn", "state", "syn-sent", "dst", SUBNET]), CALLS_END_WITHIN, "it still calls"
    )
    ended = datetime.fromisoformat(client.inspect_container(PROBE)["State"]["FinishedAt"]).timestamp()
    side.stops.append((gone.answered - (sent if side.drains else ended)) * 1e3)
    return (routed.answered - begun) * 1e3
