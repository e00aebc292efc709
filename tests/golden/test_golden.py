"""Golden files: each folder holds what `docker inspect` printed, and what `plan` makes of it.

    docker-event-bridge plan --from tests/golden/replicas/inspect.json

`expected.json` holds the rule that the case proves, the flags of the command, and the keys and problems in order.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from bridge.cli.plan import main

FOLDERS = sorted(path.parent for path in Path(__file__).parent.glob("*/inspect.json"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_plan(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The plan for the containers has exactly these keys and problems."""
    monkeypatch.chdir(tmp_path)
    expected = json.loads((folder / "expected.json").read_text())
    assert expected.pop("rule")
    flags: list[str] = expected.pop("flags")
    made = _printed(capsys, ["--from", str(folder / "inspect.json"), "--output", "json", *flags])
    assert made == expected


def _printed(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> dict[str, Any]:
    assert main(arguments) == 0
    printed: dict[str, Any] = json.loads(capsys.readouterr().out)
    return printed
