"""What a plan says of each container, beside the keys and problems of the golden files."""

from typing import Any

import pytest

from bridge.claims.problems import WAITS
from bridge.container import Container
from bridge.planning import Plan, plan
from bridge.settings import PlanSettings, load
from bridge.settings.options import options
from tests.routing.containers import container

RULE = "traefik.http.routers.shop.rule"


def planned(*containers: Container) -> Plan:
    """Return the plan for these containers."""
    return plan(containers, options(load(PlanSettings, {}), "host"), "traefik")


def test_waiting_container_is_reported_with_reason() -> None:
    """Whoever waits for another application's object is told of with the reason, and publishes nothing."""
    first = container(id="a" * 64, name="first", labels={RULE: "Host(`a`)"})
    second = container(id="b" * 64, name="second", labels={RULE: "Host(`b`)"})
    made = planned(first, second).containers
    assert [(it.container, it.publication is None, it.reason) for it in made] == [
        ("first", False, ""),
        ("second", True, WAITS),
    ]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        pytest.param({"status": None}, "it has no state", id="no state"),
        pytest.param({"status": "exited"}, "it is not running (exited)", id="stopped"),
        pytest.param({"health": "unhealthy"}, "it is not healthy (unhealthy)", id="unhealthy"),
        pytest.param(
            {"labels": {"traefik.enable": "false"}}, "its label traefik.enable disables it", id="switched off"
        ),
        pytest.param({"labels": {"traefik.enable": "x"}}, "its labels have errors", id="wrong option"),
        pytest.param({"labels": {f"{RULE}x": "x"}}, "its labels have errors", id="wrong label"),
        pytest.param({"labels": {"bridge.x.address": "a"}}, "its labels have errors", id="no such service"),
        pytest.param({"ports": ()}, "a service has no server", id="no port"),
    ],
)
def test_unrouted_container_has_reason_and_no_keys(fields: dict[str, Any], reason: str) -> None:
    """Of a container that is not routed there is no key, and the reason is told."""
    made = planned(container(**fields))
    assert made.keys == {}
    assert [(it.publication, it.reason) for it in made.containers] == [(None, reason)]


def test_container_with_missing_network_target() -> None:
    """Of containers that use one another's network all have to be there, up to the one that has it."""
    outer = container(id="a" * 64, name="outer", network_mode="container:inner", networks=())
    inner = container(id="b" * 64, name="inner", network_mode="container:gone", networks=())
    told = [problem.message for problem in planned(outer, inner).problems]
    assert [message.partition("uses the network of the container ")[2].partition(",")[0] for message in told] == [
        "inner",
        "gone",
    ]
