"""Starts the socket proxy of the quick start, with its own configuration, before an engine of the lab."""

import socket
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tests.lab import parts
from tests.lab.engine import Engine
from tests.lab.part import Part
from tests.lab.ports import LOOPBACK, free_port
from tests.lab.process import Process

CONFIGURATION = Path(__file__).parents[2] / "compose/socket-proxy/haproxy.cfg"


class SocketProxy(Part):
    """A haproxy on the loopback address.

    `changes` are texts of the configuration and what stands in their places.
    """

    def __init__(self, engine: Engine, changes: Mapping[str, str] | None = None) -> None:
        super().__init__("socket-proxy")
        self._executable = parts.haproxy()
        self._port = free_port()
        text = CONFIGURATION.read_text()
        places = {"bind :2375": f"bind {LOOPBACK}:{self._port}", "/var/run/docker.sock": str(engine.socket)}
        for old, new in (places | dict(changes or {})).items():
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        self._config = self._work.path / "haproxy.cfg"
        self._config.write_text(text)

    @property
    def url(self) -> str:
        """The endpoint, as in DOCKER_HOST."""
        return f"tcp://{LOOPBACK}:{self._port}"

    def start(self) -> None:
        """Start the process, without waiting."""
        self._process = Process([self._executable, "-db", "-f", self._config], self._work.path / "log")

    def healthy(self) -> bool:
        """Whether it listens."""
        with suppress(OSError), socket.create_connection((LOOPBACK, self._port), 1):
            return True
        return False
