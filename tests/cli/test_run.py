"""`run` as a process: how it waits, stops and fails. What it does with containers is tested on real engines."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import Bridge, clean_environment
from tests.cli.test_command_line import imported
from tests.lab.wait import wait_for

STOP_WITHIN = 2.0
"""Seconds within which the daemon stops."""


@contextmanager
def running(directory: Path, log: Path | None = None) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the daemon without Docker and etcd, and wait until its health socket answers."""
    told = log or directory / "log"
    argv = [sys.executable, "-m", "bridge", "run", "--health-socket", "health", "--log-format", "json"]
    nowhere = ["--docker-endpoint", "unix:///nowhere/docker.sock", "--etcd-endpoints", "127.0.0.1:1"]
    with told.open("wb") as errors:
        daemon = subprocess.Popen([*argv, *nowhere], cwd=directory, env=clean_environment(), stderr=errors)
    try:
        wait_for(lambda: answers(directory / "health"), 20, "" if log else told.read_text)
        yield daemon
    finally:
        daemon.kill()
        daemon.wait()


def answers(path: Path) -> bool:
    """Return whether anything listens on a socket."""
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(path)) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_signal_stops_cleanly(number: signal.Signals, tmp_path: Path) -> None:
    """SIGTERM and SIGINT end the daemon with exit code 0, even while it waits for Docker, and leave no socket."""
    with running(tmp_path) as daemon:
        daemon.send_signal(number)
        assert daemon.wait(STOP_WITHIN) == 0
    assert not (tmp_path / "health").exists()
    assert all(json.loads(line)["event"] for line in (tmp_path / "log").read_text().splitlines())


def test_log_that_cannot_be_written(tmp_path: Path) -> None:
    """If the log cannot be written, as on a full disk, the daemon still runs and ends with exit code 0."""
    with running(tmp_path, Path("/dev/full")) as daemon:
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(STOP_WITHIN) == 0


def test_waiting_is_unhealthy(tmp_path: Path, bridge: Bridge) -> None:
    """While the daemon waits for Docker or etcd, `health` says what is down, with exit code 1."""
    with running(tmp_path):
        done = bridge("health", "--health-socket", "health")
    assert done.returncode == 1
    assert done.stdout.startswith("unhealthy: docker: ")


def test_fatal_error_is_one_line(tmp_path: Path, bridge: Bridge) -> None:
    """An error that waiting cannot fix ends the daemon with one line and exit code 1."""
    with running(tmp_path):
        done = bridge("run", "--health-socket", "health", "--docker-endpoint", "unix:///nowhere/docker.sock")
    line = "docker-event-bridge: another daemon answers on the health socket health: use another path"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"{line} (BRIDGE_HEALTH_SOCKET)\n")


def test_imports(tmp_path: Path) -> None:
    """The daemon imports neither the docker package's ssh client nor rich, which structlog would use."""
    with running(tmp_path):
        modules = imported(["run", "--health-socket", str(tmp_path / "health")])
    assert "docker" in modules
    assert modules.isdisjoint({"paramiko", "rich"})
