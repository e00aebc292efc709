"""The README's table of settings is the generated one."""

from pathlib import Path

from bridge.cli.reference import table

README = Path(__file__).parents[2] / "README.md"


def test_readme_has_the_table() -> None:
    """Between its markers the README holds what `python -m bridge.cli.reference` prints."""
    _, _, rest = README.read_text("utf-8").partition("<!-- settings -->\n")
    held, marker, _ = rest.partition("<!-- /settings -->")
    assert marker
    assert held.strip("\n") == table().strip("\n")
