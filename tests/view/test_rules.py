"""Rules that would take Traefik very long to parse."""

import time

import pytest

from bridge.problem import Problem
from bridge.rules.limits import has_many_dots
from bridge.settings import PlanSettings
from bridge.settings.options import options
from bridge.view.publish import mapped
from tests.routing.containers import container

RULE = "traefik.http.routers.web.rule"
LARGEST = 240_000


def test_rule_that_stalls_traefik_is_refused() -> None:
    """A rule with too many dots costs its own container; which label, and what to write, is told."""
    slow = container(name="web", labels={RULE: "a" + ".b" * 101})
    message = "http router web: its rule has more than 100 dots outside of quotes, which stall Traefik"
    found = mapped(slow, options(PlanSettings(), "lab"))
    assert (found.publication, found.problems) == (
        None,
        (Problem("web", RULE, message, "write names in `backticks`"),),
    )


def test_dots_outside_of_rules_are_not_limited() -> None:
    """What Traefik does not read as a rule may have any number of them."""
    labels = {f"traefik.http.middlewares.m.redirectregex.{name}": "." * 101 for name in ("regex", "replacement")}
    assert mapped(container(labels=labels), options(PlanSettings(), "lab")).problems == ()


@pytest.mark.parametrize(
    ("rule", "many"),
    [
        ("a" + ".b" * 100, False),
        ("a" + ".b" * 101, True),
        ("Host(`" + "a." * 101 + "b`)", False),
        ('Host("' + "a." * 101 + 'b")', False),
        ('Host("\\"' + "a." * 101 + 'b")', False),
        ("Host(`a`)" + ".b" * 101 + "||Host(`c`)", True),
        ('Host("a\\\\")' + ".b" * 101 + '||Host("c")', True),
        ("`" + "a." * 101, False),
    ],
)
def test_dots_within_quotes_are_not_counted(rule: str, many: bool) -> None:  # noqa: FBT001 - a parameter of the case
    """Dots within quotes, as in hosts and regular expressions, are not counted."""
    assert has_many_dots(rule) is many


@pytest.mark.parametrize("part", ['."', ".`", '.\\"', '."`', ".a"])
def test_counting_dots_takes_linear_time(part: str) -> None:
    """To count dots takes time in proportion to the length, whatever a container says."""
    begun = time.process_time()
    has_many_dots(part * (LARGEST // len(part)))
    assert time.process_time() - begun < 1
