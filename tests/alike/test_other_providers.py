"""What changes for Traefik's options and other providers when containers' objects come from etcd."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.lab.bridge import Bridge
from tests.lab.engine import Engine
from tests.lab.etcd import Etcd
from tests.lab.fake_engine import FakeContainer, FakeEngine
from tests.lab.traefik import StaticOptions, Traefik, docker_provider, etcd_provider


@pytest.mark.usefixtures("traefiks")
def test_names_in_static_options(etcd: Etcd, root_key: str) -> None:
    """`x@docker` in Traefik's own options must become `x@etcd`; a bare name is found in the router's provider."""
    labels = {"traefik.http.middlewares.auth.addprefix.prefix": "/x"}
    with FakeEngine() as engine, Bridge(engine, etcd, root_key, traefik_version="3.7"):
        engine.run(FakeContainer("web", labels))
        docker, kv = docker_provider(engine), etcd_provider(etcd, root_key)
        assert _router("web@docker", docker, "auth@docker")["status"] == "enabled"
        assert _router("web@etcd", kv, "auth@docker")["error"] == ['middleware "auth@docker" does not exist']
        assert _router("web@etcd", kv, "auth@etcd")["status"] == "enabled"
        assert _router("web@etcd", kv, "auth")["status"] == "enabled"


def test_both_providers_at_once(
    engine: Engine, etcd: Etcd, root_key: str, start_traefik: Callable[..., Traefik]
) -> None:
    """Both providers may run at once during a migration: each router exists twice, and requests are answered."""
    rule = "--label=traefik.http.routers.both.rule=Host(`both.localhost`)"
    with engine.container("both", rule), Bridge(engine, etcd, root_key, traefik_version="3.7"):
        traefik = start_traefik(docker_provider(engine), etcd_provider(etcd, root_key))
        names = "both@docker", "both@etcd"
        for name in names:
            traefik.wait_for(partial(Traefik.has, path=f"http/routers/{name}"))
        routers = [traefik.api(f"http/routers/{name}") for name in names]
        assert [(it["status"], it["rule"]) for it in routers] == [("enabled", "Host(`both.localhost`)")] * 2
        traefik.wait_for_status(200, "both.localhost")


def _router(name: str, provider: StaticOptions, middleware: str) -> dict[str, Any]:
    """Return a router as Traefik's API shows it, given a middleware of its entry point."""
    with Traefik("3.7", provider, {"entrypoints.web.http.middlewares": middleware}) as traefik:
        traefik.wait_for(partial(Traefik.has, path=f"http/routers/{name}"))
        return dict(traefik.api(f"http/routers/{name}"))
