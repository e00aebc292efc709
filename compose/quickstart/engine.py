"""Finds the machine's Docker engine; where there is none, installs, starts and later stops one.

An engine of ours listens where every client looks for one, keeps its data in the cache, and leaves iptables
alone: rules would outlive it, and containers here need no way out.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.lab import bridge_device, cache, parts
from tests.lab.engine import UNMOUNT
from tests.lab.shell import Command, PartUnavailableError, progress, run, say
from tests.lab.wait import DeadlineError, wait_for

SOCKET = "unix:///var/run/docker.sock"
RUNTIME = Path("/run/docker-event-bridge")
PID_FILE = RUNTIME / "docker.pid"
BRIDGE_FILE = RUNTIME / "bridge"
STARTED_WITHIN = 60.0
STOPPED_WITHIN = 60.0


def ensure() -> None:
    """Leave an engine that answers; PartUnavailableError says why there cannot be one."""
    if (complaint := _complaint()) is None:
        return
    if "permission denied" in complaint:
        raise PartUnavailableError(
            "No rights on the Docker engine's socket: run this as root or as a member of the group docker"
        )
    if host := os.environ.get("DOCKER_HOST"):
        raise PartUnavailableError(f"No Docker engine answers at DOCKER_HOST {host}")
    say("No Docker engine answers on this machine.")
    _start(_executable())


def answers() -> bool:
    """Tell whether an engine answers."""
    return _complaint() is None


def is_ours() -> bool:
    """Tell whether an engine runs that `make up` started."""
    return _pid() is not None


def data() -> Path:
    """Return the directory of an engine of ours."""
    return cache.root() / "engine"


def stop() -> None:
    """Stop the engine that `make up` started, if there is one."""
    if pid := _pid():
        with progress("Stopping the Docker engine that `make up` started"):
            os.kill(pid, signal.SIGTERM)
            wait_for(lambda: _pid() is None, STOPPED_WITHIN, f"dockerd {pid} does not end")
            _clear()


def _complaint() -> str | None:
    """Return what the client says when no engine answers; None when one does."""
    try:
        asked = subprocess.run(["docker", "version"], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "docker: not installed"
    return asked.stderr if asked.returncode else None


def _executable() -> Path:
    if os.geteuid() != 0:
        raise PartUnavailableError(
            "Only root can install and start a Docker engine: start yours, or run this as root"
        )
    parts.docker_cli()
    found = shutil.which("dockerd")
    return Path(found) if found else parts.distribution_dockerd().path


def _clear() -> None:
    """Remove what an engine that has ended left."""
    if BRIDGE_FILE.exists():
        run(["sh", "-c", UNMOUNT, "sh", f"{RUNTIME}/"])
        run(["ip", "link", "delete", BRIDGE_FILE.read_text()])
        shutil.rmtree(RUNTIME)


def _start(dockerd: Path) -> None:
    _clear()
    RUNTIME.mkdir(exist_ok=True)
    data().mkdir(parents=True, exist_ok=True)
    log = data() / "log"
    with progress(f"Starting a Docker engine at {SOCKET}, whose containers have no way out (its log: {log})"):
        started = _run(dockerd, log)
        try:
            wait_for(lambda: started.poll() is not None or answers(), STARTED_WITHIN, "no answer")
        except DeadlineError:
            started.terminate()
            started.wait()
        if started.poll() is not None:
            _clear()
            raise PartUnavailableError(f"The Docker engine does not start; its log is {log}")


def _run(dockerd: Path, log: Path) -> subprocess.Popen[bytes]:
    """Start an engine that outlives this process; `docker0` is what other engines may remove."""
    device = bridge_device.make()
    BRIDGE_FILE.write_text(device.name)
    options: Mapping[str, str | Path] = {
        "bridge": device.name,
        "default-address-pool": f"base={device.pool},size=24",
        "host": SOCKET,
        "data-root": data() / "data",
        "exec-root": RUNTIME,
        "pidfile": PID_FILE,
        "iptables": "false",
        "ip-forward": "false",
    }
    command: Command = [dockerd, *(f"--{name}={value}" for name, value in options.items())]
    with log.open("wb") as output:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )


def _pid() -> int | None:
    """Return the process id of the engine that `make up` started, if it runs."""
    try:
        pid = int(PID_FILE.read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    return pid if f"--pidfile={PID_FILE}\0".encode() in command else None
