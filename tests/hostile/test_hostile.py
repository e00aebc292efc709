"""Never fatal: no labels raise, write outside of their own objects, or make a key that Traefik does not take.

What fails names its seed: `python -m tests.hostile SEED` shows it.
"""

from pathlib import Path

import pytest

from tests.hostile.checks import examine, run

WORLDS = 10_000
"""Of a part of the deep run: about 16,000 sets of labels."""

PARTS = 64


def test_few() -> None:
    """Some thousand sets of labels, without Traefik."""
    counts = examine(0, 2_000, None)
    assert counts["sets"] > 3_000
    assert counts["published"] > 0.35 * counts["sets"]


def test_many(decoders: Path) -> None:
    """Others, against Traefik's decoders."""
    counts = run(1_000_000, WORLDS, decoders)
    assert counts["published"] > 0.35 * counts["sets"]


@pytest.mark.deep
@pytest.mark.parametrize("part", range(PARTS))
def test_a_million(decoders: Path, part: int) -> None:
    """All parts together are a million sets of labels."""
    counts = run(part * WORLDS, WORLDS, decoders)
    assert counts["sets"] * PARTS > 1_000_000
    assert counts["published"] > 0.35 * counts["sets"]
