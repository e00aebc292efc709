"""No labels raise an exception, write outside their own objects, or make a key that Traefik refuses.

A failure names its seed: `python -m tests.hostile SEED` shows it.
"""

from collections import Counter
from pathlib import Path

import pytest

from bridge.labels.fields import Release
from tests.hostile.checks import examine, known, run

WORLDS = 10_000
"""Worlds of one part of the deep run: about 14,000 containers with labels."""

PARTS = 80

REACHED = ("beside", "shared", "waiting", "allowed", "forbidden", "placed", "misplaced", "excessive", "too large")
"""Rare outcomes that a run must reach all the same."""


def far_reaching(counts: Counter[str]) -> bool:
    """Return whether enough was published, and every rare outcome reached."""
    return counts["published"] > 0.35 * counts["sets"] and all(counts[it] for it in REACHED)


def test_some_thousand_label_sets_keep_all_rules() -> None:
    """Some thousand sets of labels keep all rules; Traefik's decoders are not asked."""
    counts = examine(0, 2_000, None)
    assert counts["sets"] > 2_500
    assert far_reaching(counts), counts


@pytest.mark.parametrize(
    ("path", "first"),
    [
        ("http/routers/web", "2.11"),
        ("http/routers/web/tls/domains/0000/main", "2.11"),
        ("http/middlewares/m/plugin/p/a/[0000]/b", "2.11"),
        ("http/services/s/loadbalancer/servers/h-1/weight", "3.0"),
        ("http/services/s/loadbalancer/servers/h-1/preservepath", "3.2"),
        ("http/services/s/loadbalancer/strategy", "3.4"),
        ("http/middlewares/m/headers/nosuch", ""),
        ("http/services/s/loadbalancer/server/port", ""),
    ],
)
def test_check_finds_keys_unknown_to_a_release(path: str, first: str) -> None:
    """The check of keys, which reads the table by itself, finds those that a release does not know."""
    assert [it for it in Release if known(f"traefik/{path}", "", it)] == [
        it for it in Release if first and it >= first
    ]


def test_keys_of_random_label_sets_are_taken_by_traefik(decoders: Path) -> None:
    """Other sets of labels keep all rules, and Traefik's decoders take all of their keys."""
    counts = run(1_000_000, WORLDS, decoders)
    assert far_reaching(counts), counts


@pytest.mark.deep
@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", range(PARTS))
def test_million_label_sets_do_no_harm(decoders: Path, part: int) -> None:
    """No harm is done by a million non-empty sets of labels, all parts together, over all releases."""
    counts = run(part * WORLDS, WORLDS, decoders)
    assert counts["sets"] * PARTS > 1_000_000
    assert all(counts[release] for release in Release)
    assert far_reaching(counts), counts
