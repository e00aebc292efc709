"""What is logged about containers, and how often."""

import time

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from bridge.claims.decide import Settled
from bridge.claims.problems import WAITS
from bridge.daemon.reports import DRAINS, GONE, Report, Reports, kept, promised
from bridge.engine.model import Unreadable
from bridge.labels.model import Ref
from bridge.problem import Problem
from bridge.view.model import Item, Mapped, Publication

PROBLEM, OTHER = Problem("web", "traefik.x", "wrong", "mend it"), Problem("web", "", "taken")
ID, ROUTED = "0123456789ab", ("http/routers/web",)
MAPPED = Mapped("web", ID, Publication("web", ID, "shop", "1", (Item(Ref("http", "routers", "web"), ()),)))


@pytest.mark.parametrize(
    ("mapped", "settled", "report"),
    [
        pytest.param(MAPPED, Settled(ID, published=True), Report("web", ROUTED), id="routed"),
        pytest.param(
            replace(MAPPED, problems=(PROBLEM,)),
            Settled(ID, published=True, problems=(OTHER,)),
            Report("web", ROUTED, problems=(PROBLEM, OTHER)),
            id="differs",
        ),
        pytest.param(
            MAPPED,
            Settled(ID, published=False, problems=(OTHER,)),
            Report("web", (), WAITS, (OTHER,)),
            id="waits",
        ),
        pytest.param(
            Mapped("web", ID, None, (PROBLEM,), "its labels have errors"),
            Settled(ID, published=False),
            Report("web", (), "its labels have errors", (PROBLEM,)),
            id="withdrawn",
        ),
        pytest.param(
            Mapped("web", ID, None, (), "its labels exclude it"),
            None,
            Report("web", (), "its labels exclude it"),
            id="nothing-to-settle",
        ),
    ],
)
def test_container_is_routed_or_has_a_reason(mapped: Mapped, settled: Settled | None, report: Report) -> None:
    """It is routed once it is settled, with all that is wrong; else there is a reason why not."""
    assert kept(promised(mapped), settled) == report


def test_unsettled_containers_are_checked_again() -> None:
    """Of those that are not routed as they want to be something may get better that no list tells."""
    reports = Reports()
    for container_id, report in {
        "routed": Report("a", ROUTED),
        "waits": Report("b", reason=WAITS),
        "drains": Report("c", reason=DRAINS),
        "wrong": Report("d", ROUTED, problems=(PROBLEM,)),
        "excluded": Report("e", reason="its labels exclude it"),
        "gone": Report("f", reason=GONE),
    }.items():
        reports.tell(container_id, report)
    assert reports.restless() == {"waits", "drains", "wrong"}
    assert reports.others({"routed", "waits"}) == ["drains", "wrong", "excluded"]


def test_log_lines_of_changes() -> None:
    """Each change by the container's name: the objects that it has now, or why it has none."""
    reports = Reports()
    with capture_logs() as told:
        for report in (
            Report("web", ROUTED),
            Report("web", ROUTED, problems=(PROBLEM,)),
            Report("web", reason=WAITS),
            Report("web", reason=DRAINS),
        ):
            reports.tell("1", report)
    assert told == [
        {"log_level": "info", "event": "routed", "container": "web", "objects": [*ROUTED]},
        {
            "log_level": "warning",
            "event": "wrong",
            "container": "web",
            "label": "traefik.x",
            "hint": "mend it",
        },
        {"log_level": "info", "event": "no longer routed", "container": "web", "reason": WAITS},
        {"log_level": "debug", "event": "not routed", "container": "web", "reason": DRAINS},
    ]


def test_problem_is_logged_once() -> None:
    """A problem is logged when it appears, and not again while it lasts."""
    reports = Reports()
    with capture_logs() as told:
        for _ in range(3):
            reports.tell("1", Report("web", reason="its labels have errors", problems=(PROBLEM,)))
    assert [it["event"] for it in told if it["log_level"] == "warning"] == ["wrong"]


def test_many_unchanged_problems_take_little_time() -> None:
    """Many problems that do not change cost little time."""
    reports = Reports()
    problems = tuple(replace(PROBLEM, label=f"traefik.{number}") for number in range(16_000))
    began = time.process_time()
    with capture_logs() as told:
        for _ in range(2):
            reports.tell("1", Report("web", problems=tuple(replace(problem) for problem in problems)))
    assert len(told) == len(problems)
    assert time.process_time() - began < 5


def test_gone_container_is_logged_by_its_name() -> None:
    """A routed container that is gone is logged once, by the name that it had."""
    reports = Reports()
    reports.tell("1", Report("web", routed=("http/routers/web",)))
    with capture_logs() as told:
        reports.tell("1", Report("", reason=GONE))
        reports.tell("1", Report("", reason=GONE))
    assert [(it["event"], it["container"]) for it in told if it["log_level"] == "info"] == [
        ("no longer routed", "web")
    ]


def test_unreadable_container_is_logged_once_per_reason() -> None:
    """An unreadable container is logged again only for a new reason, or after it was readable."""
    reports = Reports()
    with capture_logs() as told:
        for reason in ("slow", "slow", "broken"):
            reports.unreadable(Unreadable("1", reason))
        reports.tell("1", Report("web"))
        reports.unreadable(Unreadable("1", "broken"))
    warned = [(it["id"], it["reason"]) for it in told if it["log_level"] == "warning"]
    assert warned == [("1", "slow"), ("1", "broken"), ("1", "broken")]
