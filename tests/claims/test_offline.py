"""A plan without etcd applies the same rules, in the order of creation."""

import sys
from types import FrameType

import pytest

from bridge.claims.offline import settle_offline
from tests.claims.world import identifier, layout, publication, router, web


def test_order_of_the_input_does_not_matter() -> None:
    """The container that was created first gets the name, whatever the order of the input."""
    first, second = web("c1", created="1"), web("c2", rule="b", application="blog", created="2")
    for publications in ([first, second], [second, first]):
        plan = settle_offline(publications, layout())
        assert plan.keys["traefik/http/routers/web/rule"] == "a"
        assert not plan.settled[identifier("c2")].published
        assert plan.settled[identifier("c2")].problems


def test_plan_has_only_view_keys_of_containers() -> None:
    """A plan shows the keys of the containers only: no state and no permanent key."""
    plan = settle_offline([web("c1")], layout())
    assert sorted(plan.keys) == [
        "traefik/http/routers/web/rule",
        "traefik/http/services/web/loadbalancer/servers",
        f"traefik/http/services/web/loadbalancer/servers/h1-{identifier('c1')}/url",
    ]


@pytest.mark.parametrize("name", ["web", "Web"])
def test_newest_container_of_application_redefines(name: str) -> None:
    """An application's newest container has its way, and the older one is told that it differs."""
    older = publication("c1", router(name, rule="old"), created="1")
    plan = settle_offline([older, publication("c2", router(name, rule="new"), created="2")], layout())
    assert plan.keys[f"traefik/http/routers/{name}/rule"] == "new"
    assert "rule is 'old' here and 'new' there" in plan.settled[identifier("c1")].problems[0].message
    assert not plan.settled[identifier("c2")].problems


def test_plan_refuses_too_large_container() -> None:
    """A container that is too large for etcd is refused in a plan too."""
    large = publication("c1", *(router(f"r{number}", rule="a") for number in range(130)))
    plan = settle_offline([large], layout())
    assert not plan.keys
    assert "does not fit" in plan.settled[identifier("c1")].problems[0].message


def test_cost_grows_with_the_containers() -> None:
    """Eight times as many containers cost about eight times as much, even if all of them are in rollouts."""
    assert calls(400) < 8.5 * calls(50)


def calls(containers: int) -> int:
    """Count the Python calls for settling containers of which every two are an application's rollout."""
    rollouts = [
        publication(f"c{number}", router(f"r{number // 2}", rule=str(number)), application=f"a{number // 2}")
        for number in range(containers)
    ]
    count = 0

    def counting(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(counting)
    try:
        settle_offline(rollouts, layout())
    finally:
        sys.setprofile(None)
    return count
