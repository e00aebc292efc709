"""The table of all settings for the README: `python -m bridge.cli.reference` prints it."""

import sys
from collections.abc import Iterator

from bridge.settings.load import flag
from bridge.settings.model import SECTIONS
from bridge.settings.sources import variable


def table() -> str:
    """Return the table in Markdown, one row per setting, ending with a newline."""
    return "".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |\n" for row in _rows())


def _rows() -> Iterator[tuple[str, ...]]:
    yield "flag", "variable", "default", "meaning"
    yield ("---",) * 4
    for section in SECTIONS:
        for name, field in section.model_fields.items():
            yield f"`{flag(name)}`", f"`{variable(name)}`", _code(field.default), field.description or ""


def _code(text: str) -> str:
    fence = "``" if "`" in text else "`"
    return f"{fence}{text}{fence}" if text else ""


if __name__ == "__main__":
    sys.stdout.write(table())
