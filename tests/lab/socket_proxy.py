"""Starts the socket proxy of the quick start, with its own configuration, before an engine of the lab."""

import socket
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.lab import parts
from tests.lab.engine import Engine
from tests.lab.ports import LOOPBACK, free_port
from tests.lab.process import Process
from tests.lab.workdir import WorkDirectory

CONFIGURATION = Path(__file__).parents[2] / "compose/socket-proxy/haproxy.cfg"
STARTED_WITHIN = 10.0


class SocketProxy:
    """A haproxy on the loopback address; a context manager that starts and removes it.

    `changes` are texts of the configuration and what stands in their places.
    """

    def __init__(self, engine: Engine, changes: Mapping[str, str] | None = None) -> None:
        self._executable = parts.haproxy()
        self._port = free_port()
        self._work = WorkDirectory("socket-proxy")
        text = CONFIGURATION.read_text()
        places = {"bind :2375": f"bind {LOOPBACK}:{self._port}", "/var/run/docker.sock": str(engine.socket)}
        for old, new in (places | dict(changes or {})).items():
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        self._config = self._work.path / "haproxy.cfg"
        self._config.write_text(text)
        self._process: Process | None = None

    @property
    def url(self) -> str:
        """The endpoint, as in DOCKER_HOST."""
        return f"tcp://{LOOPBACK}:{self._port}"

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()

    def start(self) -> None:
        """Start the process, and wait until it listens."""
        self._process = Process([self._executable, "-db", "-f", self._config], self._work.path / "log")
        self._process.wait_until(self._listens, STARTED_WITHIN)

    def remove(self) -> None:
        """Stop the process and remove its files."""
        if self._process and self._process.running:
            self._process.end()
        self._work.remove()

    def _listens(self) -> bool:
        with suppress(OSError), socket.create_connection((LOOPBACK, self._port), 1):
            return True
        return False
