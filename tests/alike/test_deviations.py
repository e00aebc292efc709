"""docs/deviations.md matches the cases: what it names exists, and it names every deviation."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.alike.case import CASES, read

TESTS = Path(__file__).parent.parent
DOCUMENT = TESTS.parent / "docs/deviations.md"
NAMED = re.compile(r"(?P<kind>alike|golden)/(?P<case>[\w.*-]+)|(?P<test>test_\w+)(?:: (?P<ids>[^|]+))?")


def references() -> Iterator[str]:
    """Yield what the last column of each table names, a test together with its ids."""
    rows = (line for line in DOCUMENT.read_text().splitlines() if line.startswith("| "))
    for row in rows:
        last = row.rstrip("| ").rpartition(" | ")[2]
        if last not in ("Case", "---"):
            yield from (named[0] for named in NAMED.finditer(last))


@pytest.mark.parametrize("reference", sorted(set(references())))
def test_named_cases_and_tests_exist(reference: str) -> None:
    """Every case that the document names is a file or folder, every test a function or module with those ids."""
    named = NAMED.fullmatch(reference)
    assert named
    match named["kind"]:
        case "alike":
            assert (CASES / f"{named['case']}.yaml").exists()
        case "golden":
            assert list((TESTS / "golden").glob(f"{named['case']}/expected.json"))
        case _:
            assert _tests(named["test"], named["ids"])


def test_each_row_names_a_case_or_test() -> None:
    """Every row names a case or test as its proof."""
    rows = [line for line in DOCUMENT.read_text().splitlines() if re.match(r"\| (?!---|Traefik's Docker)", line)]
    assert len(rows) > 40
    assert not [row for row in rows if not NAMED.search(row.rstrip("| ").rpartition(" | ")[2])]


def test_each_deviation_is_named() -> None:
    """Every case in which the bridge differs on purpose is named in the document."""
    deviating = {path.stem for path in CASES.glob("*.yaml") if read(path).deviation}
    assert deviating
    assert deviating - {reference.removeprefix("alike/") for reference in references()} == set()


def _tests(name: str, ids: str | None) -> bool:
    """Return whether there is a test or module of that name that has all the ids, if any are given."""
    found = [text for path, text in _sources().items() if path.stem == name or f"def {name}(" in text]
    wanted = ids.split(", ") if ids else []
    return any(all(f'id="{one}"' in text or f"def {one}(" in text for one in wanted) for text in found)


@cache
def _sources() -> dict[Path, str]:
    return {path: path.read_text() for path in TESTS.rglob("test_*.py")}
