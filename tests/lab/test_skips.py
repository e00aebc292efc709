"""Tests that need an unavailable part."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

UNAVAILABLE = """
import pytest
from tests.lab.shell import PartUnavailableError

@pytest.fixture
def part():
    raise PartUnavailableError("no such part here")

def test_with_a_fixture(part):
    pass

def test_without_a_fixture():
    raise PartUnavailableError("no such part here")

@pytest.mark.xfail
def test_known_to_fail():
    assert False
"""


@pytest.mark.parametrize(
    ("ci", "expected"),
    [
        pytest.param("", "2 skipped, 1 xfailed", id="skipped elsewhere"),
        pytest.param("true", "1 failed, 1 xfailed, 1 error", id="a failure in CI"),
    ],
)
def test_unavailable_part_skips_or_fails_the_test(ci: str, expected: str, tmp_path: Path) -> None:
    """A test whose part is unavailable is skipped with the reason, and fails with CI=true."""
    (tmp_path / "test_unavailable.py").write_text(UNAVAILABLE)
    options = ["-p", "tests.conftest", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-ra", *options, str(tmp_path)],
        env=os.environ | {"CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )
    assert expected in done.stdout
    assert "no such part here" in done.stdout
