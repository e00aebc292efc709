"""Labels that Traefik does not read are reported, except for containers that are not meant to be routed."""

import pytest

from bridge.routing.build import route
from bridge.settings import PlanSettings, load
from bridge.settings.options import options
from tests.routing.containers import container

MISSPELT = {"treafik.enable": "true"}


@pytest.mark.parametrize(
    ("settings", "labels", "told"),
    [
        pytest.param({}, {}, True, id="routed"),
        pytest.param({}, {"traefik.enable": "false"}, False, id="switched off"),
        pytest.param({"constraints": "Label(`a`, `b`)"}, {}, False, id="constraints"),
        pytest.param({"exposed_by_default": "false"}, {}, True, id="not exposed"),
        pytest.param({"exposed_by_default": "false"}, {"traefik.enable": "true"}, True, id="exposed"),
        pytest.param({}, {"traefik.http.routers.a.rul": "x"}, True, id="other labels are wrong"),
    ],
)
def test_misspelt_label_is_reported(settings: dict[str, str], labels: dict[str, str], told: bool) -> None:  # noqa: FBT001 - of the table
    """A misspelt label is told unless the container's labels, as they are read, keep it from being routed."""
    routing = route(container(labels=MISSPELT | labels), options(load(PlanSettings, settings), "host"))
    assert ("treafik.enable" in [problem.label for problem in routing.problems]) == told
