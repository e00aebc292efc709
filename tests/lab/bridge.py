"""Starts the product as its users do: the command, with settings from the environment."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress

from tests.lab.engine import Engine
from tests.lab.etcd import Etcd
from tests.lab.fake_engine import FakeEngine
from tests.lab.part import Part
from tests.lab.process import Process
from tests.lab.served_engine import ServedEngine
from tests.lab.shell import Command

ANSWERED_WITHIN = 5.0
COMMAND_WITHIN = 20.0


class Bridge(Part):
    """One running bridge.

    `settings` are further settings by name, with values as text; `program` is the command that is started.
    """

    program: Command = (sys.executable, "-m", "bridge")

    def __init__(
        self,
        engine: Engine | FakeEngine | ServedEngine,
        etcd: Etcd,
        root_key: str = "traefik",
        **settings: str,
    ) -> None:
        super().__init__("bridge")
        self.settings: Mapping[str, str] = {
            "docker_endpoint": engine.url,
            "etcd_endpoints": etcd.endpoint,
            "root_key": root_key,
            "host_name": "lab",
            "health_socket": str(self._work.path / "health.sock"),
            "log_level": "debug",
            **settings,
        }
        self._env = {f"BRIDGE_{name.upper()}": text for name, text in self.settings.items()}

    def start(self) -> None:
        """Start the process, without waiting."""
        self._process = Process([*self.program, "run"], self._work.path / "log", self._env)

    def log(self) -> str:
        """Return the whole log."""
        return self.process.log.read_text(errors="replace")

    def remove(self) -> None:
        """Stop the process with SIGTERM, as users do, and remove its files."""
        if self._process and self._process.running:
            self._process.end()
        super().remove()

    def healthy(self) -> bool:
        """Whether both connections stand and the first sync is committed, as `health` asks, without a process."""
        with socket.socket(socket.AF_UNIX) as asking, suppress(OSError):
            asking.settimeout(ANSWERED_WITHIN)
            asking.connect(self.settings["health_socket"])
            return bool(json.loads(asking.makefile().readline())["healthy"])
        return False

    def start_command(self, program: Command, *arguments: str) -> Process:
        """Start another command with the same settings, without waiting."""
        return Process([*program, *arguments], self._work.path / arguments[0], self._env)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another command of the product with the same settings."""
        return subprocess.run(
            [sys.executable, "-m", "bridge", *arguments],
            env=os.environ | self._env,
            capture_output=True,
            text=True,
            timeout=COMMAND_WITHIN,
            check=False,
        )
