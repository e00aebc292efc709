"""Letter case is folded as by Go's strings.EqualFold."""

import hashlib
import sys

import pytest

from bridge.labels.folding import fold

# SHA-256 of each rune's fold: the lower case of the least rune of its unicode.SimpleFold class (Go 1.26), in hex.
ALL_RUNES = "a765b88d3e25c6cff94ddc252bedde8565fee92ff83d3c460d89e321ee94d990"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Web", "wEB"),
        ("\u017f", "S"),
        ("\u212a", "k"),
        ("\u00c9", "\u00e9"),
        ("\u03c2", "\u03a3"),
        ("\u1e9e", "\u00df"),
    ],
)
def test_letters_differing_only_in_case_fold_to_the_same(one: str, other: str) -> None:
    """Letters that differ only in case fold to the same, including the long s and the Kelvin sign."""
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("\u00df", "ss"), ("\u0130", "i"), ("\u0131", "i"), ("a", "\u00e4")])
def test_folding_keeps_length_and_ignores_languages(one: str, other: str) -> None:
    """Folding keeps the number of letters and follows the rules of no language."""
    assert fold(one) != fold(other)


def test_all_code_points() -> None:
    """Every code point folds as in Go, whatever version of Unicode this Python has."""
    folded = (ord(fold(chr(point))) for point in range(sys.maxunicode + 1))
    assert hashlib.sha256("".join(f"{point:x} " for point in folded).encode()).hexdigest() == ALL_RUNES


def test_folding_is_idempotent() -> None:
    """Folding twice is folding once."""
    folded = fold("".join(map(chr, range(sys.maxunicode + 1))))
    assert fold(folded) == folded
