"""The rows of the table of Traefik's fields, for tests that draw labels from them."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from bridge.labels.fields import Field, Release, Row, fields, rows
from bridge.labels.folding import fold

ROWS = rows(files("bridge.labels").joinpath("fields.tsv").read_text("ascii"))


@cache
def settable(release: Release) -> list[Row]:
    """Return the fields that labels of a release may set."""
    return [row for row in ROWS if _sets(fields(release), row.path)]


def _sets(field: Field, path: Sequence[str]) -> bool:
    if not path:
        return field.label and not field.ignored
    below = field.children.get(fold(path[0]))
    return below is not None and _sets(below, path[1:])
