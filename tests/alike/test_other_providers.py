"""What others notice of it in Traefik, its options and providers, that containers' objects are etcd's now."""

from functools import partial
from typing import Any

import pytest

from tests.lab.bridge import Bridge
from tests.lab.etcd import Etcd
from tests.lab.fake_engine import FakeContainer, FakeEngine
from tests.lab.traefik import StaticOptions, Traefik, docker_provider, etcd_provider


@pytest.mark.usefixtures("traefiks")
def test_names_in_static_options(etcd: Etcd, root_key: str) -> None:
    """What Traefik's own options call `x@docker` is `x@etcd` now; a name alone is found wherever the router is."""
    labels = {"traefik.http.middlewares.auth.addprefix.prefix": "/x"}
    with FakeEngine() as engine, Bridge(engine, etcd, root_key, traefik_version="3.7"):
        engine.run(FakeContainer("web", labels))
        docker, kv = docker_provider(engine), etcd_provider(etcd, root_key)
        assert _router("web@docker", docker, "auth@docker")["status"] == "enabled"
        assert _router("web@etcd", kv, "auth@docker")["error"] == ['middleware "auth@docker" does not exist']
        assert _router("web@etcd", kv, "auth@etcd")["status"] == "enabled"
        assert _router("web@etcd", kv, "auth")["status"] == "enabled"


def _router(name: str, provider: StaticOptions, middleware: str) -> dict[str, Any]:
    """Return what a Traefik says of a router whose entry point has a middleware."""
    with Traefik("3.7", provider, {"entrypoints.web.http.middlewares": middleware}) as traefik:
        traefik.wait_for(partial(Traefik.has, path=f"http/routers/{name}"))
        return dict(traefik.api(f"http/routers/{name}"))
