"""Signals by name and by number."""

import pytest

from bridge.engine import signals


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("15", 15),
        ("SIGTERM", 15),
        ("TERM", 15),
        ("sigterm", 15),
        ("QUIT", 3),
        ("SIGHUP", 1),
        ("WINCH", 28),
        ("RTMIN", 34),
        ("RTMIN+3", 37),
        ("SIGRTMIN+3", 37),
        ("37", 37),
        ("RTMAX", 64),
        ("SIGRTMAX-4", 60),
        ("0" * 5_000 + "15", 15),
    ],
)
def test_signal(text: str, number: int) -> None:
    """A signal is recognized by its number or name, with or without SIG, in any letter case."""
    assert signals.number(text) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "SIG",
        "NOPE",
        "-15",
        "\N{ARABIC-INDIC DIGIT ONE}",
        "RT",
        "RTMIN+",
        "RTMIN3",
        "RTMIN+x",
        "RTMAX+1",
        "RTMIN-1",
        "DFL",
        "RTMINx3",
        "RTMIN12",
        "9" * 5_000,
        "RTMIN+" + "1" * 5_000,
    ],
)
def test_invalid_signal(text: str) -> None:
    """A text that is neither a signal's number nor its name is no signal."""
    assert signals.number(text) is None
