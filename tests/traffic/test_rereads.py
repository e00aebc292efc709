"""Traefik reads its whole configuration once for each change of a container."""

from collections.abc import Callable

from tests.daemon.host import hosted, routed_by
from tests.lab.engine import Engine
from tests.lab.etcd import Etcd
from tests.lab.traefik import Traefik, etcd_provider

UNTHROTTLED = {"providers.providersThrottleDuration": "0s"}
AT_START = 2
"""Traefik reads once when it starts, and again when it begins to watch."""


def test_traefik_reads_once_for_each_change(
    engine: Engine, etcd: Etcd, root_key: str, start_traefik: Callable[..., Traefik]
) -> None:
    """A start with several objects, and a stop with its several events, are read once each."""
    more = ("--label=traefik.http.middlewares.more.addprefix.prefix=/more", routed_by("more"))
    with hosted(engine, etcd, root_key) as host:
        traefik = start_traefik(etcd_provider(etcd, root_key), UNTHROTTLED)
        traefik.wait_for(lambda started: _readings(started, root_key) == AT_START)
        with host.container("read", *more, arguments=("-linger", "2s")):
            traefik.wait_for_status(200, "read.localhost")
            assert _readings(traefik, root_key) == AT_START + 1
            engine.cli("stop", "read")
            traefik.wait_for_status(404, "read.localhost")
            host.wait_until_followed()
        traefik.wait_for(lambda started: _readings(started, root_key) == AT_START + 4)


def _readings(traefik: Traefik, root_key: str) -> int:
    """Return how often Traefik has listed all keys below the root."""
    return traefik.process.log.read_text(errors="replace").count(f"List: {root_key}")
