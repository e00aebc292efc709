"""Starts the socket proxy of the quick start, or a similar one, in front of an engine of the lab."""

import socket
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tests.lab import parts
from tests.lab.engine import Engine
from tests.lab.part import Part
from tests.lab.ports import LOOPBACK, free_port
from tests.lab.process import Process
from tests.lab.shell import Command

CONFIGURATION = Path(__file__).parents[2] / "compose/socket-proxy/haproxy.cfg"


class SocketProxy(Part):
    """A haproxy on the loopback address.

    `changes` are replacements of texts in its configuration; `variables` are environment variables.
    """

    def __init__(
        self,
        engine: Engine,
        changes: Mapping[str, str] | None = None,
        configuration: Path = CONFIGURATION,
        **variables: str,
    ) -> None:
        super().__init__("socket-proxy")
        self._executable = parts.haproxy()
        self._port = free_port()
        self._variables = variables
        text = configuration.read_text()
        places = {"bind :2375": f"bind {LOOPBACK}:{self._port}", "/var/run/docker.sock": str(engine.socket)}
        for old, new in (places | dict(changes or {})).items():
            assert old in text, old
            text = text.replace(old, new)
        self._config = self._work.path / "haproxy.cfg"
        self._config.write_text(text)

    @property
    def url(self) -> str:
        """The endpoint, as in DOCKER_HOST."""
        return f"tcp://{LOOPBACK}:{self._port}"

    def start(self) -> None:
        """Start the process, without waiting."""
        command: Command = [self._executable, "-db", "-f", self._config]
        self._process = Process(command, self._work.path / "log", self._variables)

    def healthy(self) -> bool:
        """Return whether the proxy listens."""
        with suppress(OSError), socket.create_connection((LOOPBACK, self._port), 1):
            return True
        return False
