"""Which of the bridge's labels for addresses counts for a service."""

import pytest

from bridge.routing.build import route
from bridge.settings import PlanSettings, load
from bridge.settings.options import options
from tests.routing.containers import container

LABELS = {
    "traefik.http.routers.a.rule": "Host(`a`)",
    "traefik.http.routers.a.service": "Shop",
    "traefik.http.services.Shop.loadbalancer.server.port": "80",
    "traefik.tcp.services.db.loadbalancer.server.port": "90",
    "bridge.address": "10.0.0.8:82",
}


@pytest.mark.parametrize("name", ["Shop", "sHop"])
def test_address_label_of_one_service_counts_first(name: str) -> None:
    """That of a service counts before that of all; letter case does not count."""
    one = container(labels=LABELS | {f"bridge.{name}.address": "10.0.0.7:81"})
    routing = route(one, options(load(PlanSettings, {}), "host"))
    assert routing.problems == ()
    assert {made.ref.name: made.server[0].value for made in routing.objects if made.server} == {
        "Shop": "http://10.0.0.7:81",
        "db": "10.0.0.8:82",
    }
