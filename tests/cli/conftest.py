"""Fixtures: the command line as users run it, as a process in a directory without `.env`."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

UNUSUAL = {"PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"}

Bridge = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def bridge(tmp_path: Path) -> Bridge:
    """Return a function that runs the command with arguments, standard input and environment variables."""

    def run(*arguments: str, stdin: str = "", **variables: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "bridge", *arguments],
            input=stdin,
            env=clean_environment() | variables,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    return run


def ended(command: list[str], directory: Path, **how: Any) -> "subprocess.CompletedProcess[bytes]":  # noqa: ANN401
    """Run a command to its end in a directory, with a user's environment and whatever `subprocess.run` takes."""
    return subprocess.run(command, cwd=directory, env=clean_environment(), timeout=30, check=False, **how)


def clean_environment() -> dict[str, str]:
    """Return the environment of a user: without the bridge's variables, and with Python's defaults."""
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith("BRIDGE_")}
    return {name: value for name, value in kept.items() if name not in UNUSUAL}
