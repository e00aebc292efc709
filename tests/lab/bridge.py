"""Starts the product itself as its users do: the command, with settings from the environment."""

import os
import subprocess
import sys
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from tests.lab.engine import Engine
from tests.lab.etcd import Etcd
from tests.lab.process import Process
from tests.lab.workdir import WorkDirectory

READY_WITHIN = 20.0
COMMAND_WITHIN = 20.0


class Bridge:
    """One running bridge; a context manager that starts it, waits until it is healthy, and stops it.

    `settings` are further settings by their names, with values as text.
    """

    def __init__(self, engine: Engine, etcd: Etcd, root_key: str = "traefik", **settings: str) -> None:
        self._work = WorkDirectory("bridge")
        values = {
            "docker_endpoint": engine.url,
            "etcd_endpoints": etcd.endpoint,
            "root_key": root_key,
            "host_name": "lab",
            "health_socket": str(self._work.path / "health.sock"),
            "log_level": "debug",
        }
        self._env: Mapping[str, str] = {
            f"BRIDGE_{name.upper()}": text for name, text in (values | settings).items()
        }
        self._process: Process | None = None

    @property
    def process(self) -> Process:
        """The running process."""
        assert self._process, "the bridge was not started"
        return self._process

    def __enter__(self) -> Self:
        try:
            self.start()
            self.wait_until_healthy()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()

    def start(self) -> None:
        """Start the process, without waiting."""
        self._process = Process([sys.executable, "-m", "bridge", "run"], self._work.path / "log", self._env)

    def wait_until_healthy(self) -> None:
        """Wait until both connections stand and the first sync is committed, as `health` tells."""
        self.process.wait_until(self._healthy, READY_WITHIN)

    def log(self) -> str:
        """Return all that it has logged."""
        return self.process.log.read_text(errors="replace")

    def remove(self) -> None:
        """Stop the process and remove its files."""
        if self._process and self._process.running:
            self._process.end()
        self._work.remove()

    def _healthy(self) -> bool:
        return self.command("health").returncode == 0

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
