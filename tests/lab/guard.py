"""Cleans up after a run that dies without a chance to do so itself.

A run that is killed, even by a time limit, leaves no engine, bridge or file behind: a small separate process
is given the commands for the clean-up in advance, and runs them when its standard input ends.
"""

import atexit
import functools
import itertools
import json
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress

Undo = list[str]

_tokens = itertools.count()


def on_death(command: Undo) -> int:
    """Run a command once this process has died, the last one first; return a token to revoke it."""
    token = next(_tokens)
    _tell(token, command)
    return token


def revoke(token: int) -> None:
    """Take back a command that has been run or is not needed."""
    _tell(token, [])


def _tell(token: int, command: Undo) -> None:
    pipe = _guard().stdin
    assert pipe
    pipe.write(json.dumps([token, command]) + "\n")
    pipe.flush()


@functools.cache
def _guard() -> subprocess.Popen[str]:
    command = [sys.executable, __file__]
    started = subprocess.Popen(command, stdin=subprocess.PIPE, text=True, start_new_session=True)
    atexit.register(started.communicate)
    return started


def _watch(lines: Iterable[str]) -> None:
    pending: dict[int, Undo] = {}
    for line in lines:
        token, command = json.loads(line)
        pending.pop(token, None)
        if command:
            pending[token] = command
    for command in reversed(pending.values()):
        with suppress(OSError):
            subprocess.run(command, capture_output=True, check=False)


if __name__ == "__main__":
    _watch(sys.stdin)
