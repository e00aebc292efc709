"""A site under load: a host with its bridge, a Traefik in front of it, and clients that never pause."""

import re
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.daemon.host import Host, routed_by
from tests.lab.engine import Engine
from tests.lab.load import Load
from tests.lab.ports import LOOPBACK
from tests.lab.traefik import API, Traefik

LINGER = "3s"
"""How long the application keeps serving after its stop signal: longer than Traefik may take to notice."""

WEB = "web"
SERVICE = f"{WEB}-site"
"""Traefik's name for the replicas' service, which in Compose is `web` of the project `site`."""

COMPOSE = ("--label=com.docker.compose.project=site", f"--label=com.docker.compose.service={WEB}")
SICK = "/tmp/sick"
CHECK = f"wget -q -O /dev/null http://127.0.0.1/ && test ! -e {SICK}"
HEALTH = (f"--health-cmd={CHECK}", "--health-interval=1s", "--health-retries=1")
METRICS = {"metrics.prometheus": "true"}


@dataclass(frozen=True, slots=True)
class Site:
    """The parts of a site."""

    host: Host
    replicas: list[str]
    traefik: Traefik
    load: Load

    def wait_until_served_by(self, names: list[str]) -> None:
        """Wait until Traefik sends requests to exactly these replicas."""
        addresses = sorted(f"http://{self.host.engine.address(name)}:80" for name in names)
        self.traefik.wait_for(lambda traefik: servers(traefik, "etcd") == addresses)


def reloads(traefik: Traefik) -> int:
    """Return how often Traefik has applied a new configuration, of all its providers together."""
    url = f"http://{LOOPBACK}:{traefik.port(API)}/metrics"
    with urllib.request.urlopen(url, timeout=2) as answer:
        [count] = re.findall(r"^traefik_config_reloads_total (\d+)$", answer.read().decode(), re.MULTILINE)
    return int(count)


def servers(traefik: Traefik, provider: str) -> list[str]:
    """Return the addresses of the service's servers, as Traefik has them from one of its providers."""
    services = traefik.rawdata().get("services") or {}
    found = services.get(f"{SERVICE}@{provider}", {}).get("loadBalancer", {}).get("servers") or []
    return sorted(server["url"] for server in found)


@contextmanager
def replicas(engine: Engine, number: int = 2) -> Iterator[list[str]]:
    """Run replicas until the block ends; yield their names once they are healthy."""
    names = [f"{WEB}-{position}" for position in range(number)]
    try:
        for name in names:
            start(engine, name)
        for name in names:
            engine.wait_for_health(name)
        yield names
    finally:
        engine.cli("rm", "--force", *names)


def update(engine: Engine, names: list[str]) -> None:
    """Replace one replica after the other, each by a new one that is healthy before the next is stopped."""
    for name in names:
        engine.cli("stop", name)
        engine.cli("rm", name)
        start(engine, name)
        engine.wait_for_health(name)


def start(engine: Engine, name: str) -> None:
    """Start a replica, which has a health check and keeps serving for a while after its stop signal."""
    options = ("--detach", "--name", name, routed_by(WEB), *COMPOSE, *HEALTH)
    engine.cli("run", *options, "traefik/whoami", "-linger", LINGER)
