"""An effect of default rules in Traefik that its API does not show.

It marks the requests of such routers, to break loops through itself. Source: pkg/middlewares/denyrouterrecursion
in Traefik.
"""

import pytest

from tests.lab.bridge import Bridge
from tests.lab.engine import Engine
from tests.lab.etcd import Etcd
from tests.lab.parts import TraefikRelease
from tests.lab.traefik import Traefik, docker_provider, etcd_provider

MARK = "X-Traefik-Router"


@pytest.mark.usefixtures("traefiks")
@pytest.mark.parametrize("release", ["3.7", "2.11"])
def test_default_rule_marks_requests(engine: Engine, etcd: Etcd, root_key: str, release: TraefikRelease) -> None:
    """Requests routed by the default rule are marked, those routed by a container's own are not, on both sides."""
    with (
        Bridge(engine, etcd, root_key, traefik_version=release),
        Traefik(release, docker_provider(engine)) as docker,
        Traefik(release, etcd_provider(etcd, root_key)) as kv,
        engine.container("default"),
        engine.container("other", "--label=traefik.http.routers.own.rule=Host(`own`)"),
    ):
        for traefik in (docker, kv):
            assert MARK in traefik.wait_for_status(200, "default").body
            assert MARK not in traefik.wait_for_status(200, "own").body
