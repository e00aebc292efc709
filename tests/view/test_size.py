"""Results for a container stay in proportion to its labels, whatever these say."""

import time

import pytest

from bridge.problem import Problem
from bridge.settings import PlanSettings, load
from bridge.settings.options import options
from bridge.view.model import Mapped
from bridge.view.publish import mapped
from tests.routing.containers import container

HTTP = "traefik.http."
SERVICES = {f"{HTTP}services.{number:03}{'x' * 515}.loadbalancer.server.port": "80" for number in range(400)}
ROUTERS = {f"{HTTP}routers.r{number}.priority": "1" for number in range(590)}
RULES = {f"{HTTP}routers.r{number}.rule": "Host(`a`)" for number in range(590)}
ADDRESSES = {f"bridge.r{number}.address": "node" for number in range(590)}
COMPOSE = {"com.docker.compose.project": "x" * 100_000, "com.docker.compose.service": "x"}
OTHER = {"other": "x" * 100_000}
NAMES = {"allowed_names": "web"}
FAILS = {"default_rule": """{{ fail (index .Labels "other") }}"""}


def decided(settings: dict[str, str], labels: dict[str, str]) -> Mapped:
    """Return the decision for a container with these labels."""
    return mapped(container(labels=labels), options(load(PlanSettings, settings), "host"))


def characters(problems: tuple[Problem, ...]) -> int:
    """Return how many characters of problems a bridge keeps as long as the container exists."""
    return sum(len(problem.message) + len(problem.hint) for problem in problems)


@pytest.mark.parametrize(
    ("settings", "labels"),
    [
        pytest.param({}, SERVICES | ROUTERS, id="routers without a service"),
        pytest.param({}, SERVICES | ADDRESSES, id="addresses of no service"),
        pytest.param({}, COMPOSE | ADDRESSES, id="addresses of no service beside one with a long name"),
        pytest.param(NAMES, COMPOSE | RULES, id="routers to a service with a long name that is not allowed"),
        pytest.param(FAILS, OTHER | ROUTERS, id="routers whose default rule fails"),
    ],
)
def test_problems_do_not_repeat_texts_of_others(settings: dict[str, str], labels: dict[str, str]) -> None:
    """Problems of many labels do not each repeat the text of all the others."""
    problems = decided(settings, labels).problems
    assert len(problems) >= 590
    assert characters(problems) < 1_500_000


def test_default_rule_is_made_once_per_container() -> None:
    """The default rule is made only once for all routers of a container."""
    publication = decided({"default_rule": """Host(`{{ index .Labels "other" }}`)"""}, OTHER | ROUTERS).publication
    assert publication
    rules = [leaf.value for item in publication.items for leaf in item.definition if leaf.path == "rule"]
    assert len(rules) == 590
    assert len(set(map(id, rules))) == 1


@pytest.mark.parametrize("name", ["traefik.docker.networ", "bridge.applicatio"])
def test_labels_of_network_target_cause_no_delay(name: str) -> None:
    """A container is routed without delay, however many labels the one whose network it uses has."""
    target = container(name="vpn", labels={f"{name}{number}": "x" for number in range(50_000)})
    guest = container(network_mode="container:vpn", networks=())
    began = time.process_time()
    assert mapped(guest, options(load(PlanSettings, {}), "host"), [target]).publication
    assert time.process_time() - began < 3
