"""The rules of claims hold in every order of events, and every compare in the transactions is needed for that."""

import re
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

import bridge.claims
from tests.claims.exploration import at_rest, explore
from tests.claims.model import RENEWAL, begin, inside, outside, take
from tests.claims.scenes import LARGE, SMALL, random_scene

STEPS_TO_REST = 200
"""More steps than any walk takes from the last step of users or strangers until nothing changes any more."""

NEEDED = {
    "this bridge is the living one": "a host that is taken for dead and comes back",
    "define: the object is absent": "strangers who delete from the view",
    "define: the view has nothing below the name": "strangers who write into the view",
    "define: the view has no bare leaf": "strangers who write into the view",
    "adopt: the object is absent": "a view whose state was lost, and strangers who delete from it",
    "adopt: the view is unchanged": "a view whose state was lost",
    "join: the object is unchanged": "three replicas",
    "redefine: the object is unchanged": "strangers who write into the view",
    "redefine: no claim is newer": "a rollout, and another application that agrees with the old",
    "redefine: an added leaf is absent": "strangers who write into the view",
    "leave: the object is unchanged": "three replicas",
    "succession: the object is unchanged": "a definer that leaves while another application does",
    "succession: no claim is newer": "a rollout, and another application that agrees with the new",
    "succession: the successor's claim is unchanged": "three replicas",
    "last: the object is unchanged": "a redefinition whose former leaf a stranger takes",
    "remove: the host is as alive as it was": "a host that dies twice while it is removed",
    "remove: the host was not back": "a host that dies twice while it is removed",
    RENEWAL: "a request that arrives late",
    "last: there is no other claim": "three replicas",
    "wait: the object is unchanged": "three applications that want three things",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_rules_hold_in_every_event_order(name: str) -> None:
    """In a small world all rules hold in every order of events, and the bridges come to rest."""
    assert explore(SMALL[name]).rests


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", LARGE)
def test_rules_hold_in_every_event_order_of_larger_worlds(name: str) -> None:
    """In a larger world all rules hold in every order of events, and the bridges come to rest."""
    assert explore(LARGE[name]).rests


@pytest.mark.parametrize("seeds", [pytest.param(range(100), id="few")])
def test_rules_hold_in_random_walks(seeds: range) -> None:
    """With five containers that come, change and go at random, all rules hold and the bridges come to rest."""
    for seed in seeds:
        walk(seed)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("start", range(100, 4100, 500))
def test_rules_hold_in_thousands_of_random_walks(start: int) -> None:
    """With five containers that come, change and go at random, all rules hold and the bridges come to rest."""
    for seed in range(start, start + 500):
        walk(seed)


@pytest.mark.parametrize(("why", "name"), NEEDED.items())
def test_each_compare_is_needed(why: str, name: str) -> None:
    """Without this compare, some order of events breaks a rule."""
    with pytest.raises(AssertionError, match=" after "):
        explore(replace(SMALL[name], dropped=why))


def test_list_of_compares_is_complete() -> None:
    """Every kind of compare that the code makes when settling and removing is in the list above.

    Repairs, and the compares for a live host whose keys may all be gone, have tests of their own.
    """
    sources = "".join(path.read_text() for path in Path(bridge.claims.__file__).parent.glob("*.py"))
    reasons = set(re.findall(r'"((?!mend|own|whole)[a-z]+: [^"{]*? (?:is|has|was) [^"{]+)"', sources))
    assert reasons | {"this bridge is the living one", RENEWAL} == NEEDED.keys()


def walk(seed: int) -> None:
    """Take steps at random until none is left: bridges may be slow, and users stop at some point."""
    random, world, since = Random(seed), begin(random_scene(seed)), 0
    while steps := [*inside(world), *outside(world)]:
        since = 0 if list(outside(world)) else since + 1
        assert since < STEPS_TO_REST, f"seed {seed} moves for ever"
        world = take(world, random.choice(steps))
    at_rest(world)
