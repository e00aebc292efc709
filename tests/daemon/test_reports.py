"""What is logged about containers, and how often."""

import time

from msgspec.structs import replace
from structlog.testing import capture_logs

from bridge.daemon.reports import GONE, Report, Reports
from bridge.engine.model import Unreadable
from bridge.problem import Problem

PROBLEM = Problem("web", "traefik.x", "wrong", "mend it")


def test_a_problem_is_told_once() -> None:
    """A problem is logged when it appears, and not again while it lasts."""
    reports = Reports()
    with capture_logs() as told:
        for _ in range(3):
            reports.tell("1", Report("web", reason="its labels have errors", problems=(PROBLEM,)))
    assert [it["event"] for it in told if it["log_level"] == "warning"] == ["wrong"]


def test_many_problems() -> None:
    """Many problems that do not change cost little time."""
    reports = Reports()
    problems = tuple(replace(PROBLEM, label=f"traefik.{number}") for number in range(16_000))
    began = time.process_time()
    with capture_logs() as told:
        for _ in range(2):
            reports.tell("1", Report("web", problems=tuple(replace(problem) for problem in problems)))
    assert len(told) == len(problems)
    assert time.process_time() - began < 5


def test_a_container_that_is_gone_is_told_by_its_name() -> None:
    """A routed container that is gone is logged once, by the name that it had."""
    reports = Reports()
    reports.tell("1", Report("web", routed=("http/routers/web",)))
    with capture_logs() as told:
        reports.tell("1", Report("", reason=GONE))
        reports.tell("1", Report("", reason=GONE))
    assert [(it["event"], it["container"]) for it in told if it["log_level"] == "info"] == [
        ("no longer routed", "web")
    ]


def test_a_container_that_cannot_be_read_is_told_once_for_each_reason() -> None:
    """An unreadable container is logged again only for a new reason, or after it was readable."""
    reports = Reports()
    with capture_logs() as told:
        for reason in ("slow", "slow", "broken"):
            reports.unreadable(Unreadable("1", reason))
        reports.tell("1", Report("web"))
        reports.unreadable(Unreadable("1", "broken"))
    assert [it["reason"] for it in told if it["log_level"] == "warning"] == ["slow", "broken", "broken"]
