"""Runs the tools that fetch and build the parts, and shows the progress."""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

Command = Sequence[str | Path]


class PartUnavailableError(Exception):
    """A part that is not available on this machine; the message is the reason in one line."""


def say(line: str) -> None:
    """Print a line on standard error."""
    print(line, file=sys.stderr, flush=True)


@contextmanager
def progress(what: str) -> Iterator[None]:
    """Say what begins, and in the end how long it took."""
    say(f"{what} ...")
    begun = time.monotonic()
    yield
    say(f"    done in {time.monotonic() - begun:.0f} s")


def run(command: Command, *, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    """Run a command to its end and return its output.

    Raises PartUnavailableError with the last line of its standard error if it fails.
    """
    try:
        done = subprocess.run(
            command, cwd=cwd, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
        )
    except OSError as error:
        raise PartUnavailableError(f"{command[0]}: {error.strerror}") from error
    if done.returncode:
        raise PartUnavailableError(f"{_shown(command)}: {_last_line(done)}")
    return done.stdout


def _shown(command: Command) -> str:
    words = " ".join(str(word) for word in command)
    return words if len(words) <= 80 else words[:77] + "..."


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return lines[-1] if lines else f"exit code {done.returncode}"
