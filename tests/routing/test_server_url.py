"""A server whose URL a label names."""

import pytest

from bridge.routing.build import route
from bridge.settings import PlanSettings, load
from bridge.settings.options import options
from tests.routing.containers import container

SERVER = "traefik.http.services.web.loadbalancer.server."
SAID = {"url": "http://a", "weight": "3", "preservepath": "true"}
SETTINGS = {"traefik_version": "3.7", "allow_empty_services": "true"}


@pytest.mark.parametrize("health", ["healthy", "unhealthy"])
def test_weight_and_path_stay_with_url(health: str) -> None:
    """Weight and path stay with it, also where the container does not serve."""
    one = container(labels={SERVER + name: value for name, value in SAID.items()}, health=health)
    routing = route(one, options(load(PlanSettings, SETTINGS), "host"))
    [server] = [made.server for made in routing.objects if made.server]
    assert {leaf.path: leaf.value for leaf in server} == SAID


@pytest.mark.parametrize("other", ["scheme", "port"])
def test_scheme_or_port_beside_url_is_a_problem(other: str) -> None:
    """A scheme or a port beside it is a problem that names both labels."""
    one = container(labels={f"{SERVER}url": "http://a", SERVER + other: "80"})
    [problem] = route(one, options(load(PlanSettings, SETTINGS), "host")).problems
    assert (problem.label, problem.hint) == (SERVER + other, f"remove this label or {SERVER}url")
