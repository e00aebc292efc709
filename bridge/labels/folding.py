"""Letter case as Traefik sees it: Go's EqualFold, that is Unicode's simple case folding.

The table comes with this package, so that bridges on different Python releases agree.
"""

from functools import cache
from importlib.resources import files


def fold(text: str) -> str:
    """Return the same text for all texts that Go's `strings.EqualFold` considers equal."""
    return text.lower() if text.isascii() else text.translate(_table())


@cache
def _table() -> dict[int, int]:
    rows = files(__package__).joinpath("folding.tsv").read_text("ascii").splitlines()
    return dict(pair for row in rows if not row.startswith("#") for pair in _pairs(*row.split("\t")))


def _pairs(first: str, last: str, step: str, distance: str) -> list[tuple[int, int]]:
    letters = range(int(first, 16), int(last, 16) + 1, int(step))
    return [(letter, letter + int(distance)) for letter in letters]
