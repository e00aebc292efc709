"""Prints the README's tables of settings and of the bridge's labels: `python -m bridge.cli.reference`."""

import sys
from collections.abc import Iterable, Iterator

from bridge.labels.own import LABELS
from bridge.settings.load import flag
from bridge.settings.model import SECTIONS
from bridge.settings.sources import variable


def settings() -> str:
    """Return the table of settings in Markdown, one row for each, ending with a newline."""
    return _table(("flag", "variable", "default", "meaning"), _settings())


def labels() -> str:
    """Return the table of the bridge's own labels in Markdown, one row for each, ending with a newline."""
    rows = ((f"`{label.name}`", f"`{label.example}`", label.meaning) for label in LABELS)
    return _table(("label", "for example", "meaning"), rows)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = (head, ("---",) * len(head), *rows)
    return "".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |\n" for line in lines)


def _settings() -> Iterator[tuple[str, ...]]:
    for section in SECTIONS:
        for name, field in section.model_fields.items():
            yield f"`{flag(name)}`", f"`{variable(name)}`", _code(field.default), field.description or ""


def _code(text: str) -> str:
    fence = "``" if "`" in text else "`"
    return f"{fence}{text}{fence}" if text else ""


if __name__ == "__main__":
    sys.stdout.write(f"{labels()}\n{settings()}")
