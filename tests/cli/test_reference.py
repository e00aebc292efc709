"""The tables in the README are the generated ones."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.cli.reference import labels, settings

README = Path(__file__).parents[2] / "README.md"


@pytest.mark.parametrize("table", [settings, labels], ids=lambda table: table.__name__)
def test_readme_has_the_table(table: Callable[[], str]) -> None:
    """The README has the output of `python -m bridge.cli.reference` between its markers."""
    _, _, rest = README.read_text("utf-8").partition(f"<!-- {table.__name__} -->\n")
    held, marker, _ = rest.partition(f"<!-- /{table.__name__} -->")
    assert marker
    assert held.strip("\n") == table().strip("\n")
