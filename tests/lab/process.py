"""Starts a part in the background, writes its output to a file, and ends it by its process id."""

import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.lab import guard
from tests.lab.shell import Command
from tests.lab.wait import DeadlineError, wait_for

LINES_SHOWN = 40


class Process:
    """A running part and its log."""

    def __init__(self, command: Command, log: Path, env: Mapping[str, str] | None = None) -> None:
        self.name = Path(command[0]).name
        self.log = log
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=os.environ | (env or {}),
                start_new_session=True,
            )
        self._token = guard.on_death(["kill", "-KILL", str(self.pid)])

    @property
    def pid(self) -> int:
        """The process id."""
        return self._popen.pid

    @property
    def running(self) -> bool:
        """Whether the process is still running."""
        return self._popen.poll() is None

    def wait_until(self, ready: Callable[[], object], deadline: float) -> None:
        """Wait until `ready()` is true; fail with the log at the deadline, or at once if the process ends."""
        wait_for(lambda: not self.running or ready(), deadline, self.tail)
        if not self.running:
            raise DeadlineError(self.tail())

    def tail(self) -> str:
        """Return the state of the process and the end of its log."""
        state = "runs" if self.running else f"ended with {self._popen.returncode}"
        lines = self.log.read_text(errors="replace").splitlines()[-LINES_SHOWN:]
        return "\n".join([f"{self.name} {state}; its log ends:", *lines])

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._popen.send_signal(number)

    def wait(self, deadline: float) -> int:
        """Wait until the process ends by itself within the deadline; return its exit code."""
        wait_for(lambda: not self.running, deadline, self.tail)
        guard.revoke(self._token)
        return self._popen.wait()

    def end(self, deadline: float = 10) -> None:
        """Terminate the process, and kill it if it does not end within the deadline."""
        self.send(signal.SIGTERM)
        try:
            self._popen.wait(deadline)
            guard.revoke(self._token)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Kill the process and wait until it has ended."""
        self._popen.kill()
        self._popen.wait()
        guard.revoke(self._token)
