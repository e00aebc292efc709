"""Finds the machine's Docker engine; if there is none, installs, starts and later stops one.

An engine that we start listens on the default socket, keeps its data in the cache, and does not touch iptables:
its rules would outlive it, and the containers need no outbound access.
"""

import os
import platform
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.lab import bridge_device, cache, parts
from tests.lab.bridge_device import BridgeDevice
from tests.lab.engine import UNMOUNT
from tests.lab.shell import Command, PartUnavailableError, progress, run, say
from tests.lab.wait import DeadlineError, wait_for

UNIX = "unix://"
SOCKET = f"{UNIX}/var/run/docker.sock"
RUNTIME = Path("/run/docker-event-bridge")
PID_FILE = RUNTIME / "docker.pid"
BRIDGE_FILE = RUNTIME / "bridge"
STARTED_WITHIN = 60.0
STOPPED_WITHIN = 60.0


def refuse_impossible() -> None:
    """Refuse a machine whose engine cannot be used and on which we cannot start one."""
    refuse_without_rights()
    if answers():
        return
    if host := os.environ.get("DOCKER_HOST"):
        raise PartUnavailableError(f"No Docker engine answers at DOCKER_HOST {host}")
    if os.geteuid() != 0:
        raise PartUnavailableError("No Docker engine answers, and only root can install and start one")


def refuse_without_rights() -> None:
    """Refuse a user who has no permission to use the engine."""
    if "permission denied while trying to connect" in (_complaint() or ""):
        raise PartUnavailableError(
            "No permission to use the Docker engine's socket: run this as root or as a member of the group docker"
        )


def ensure() -> None:
    """Make sure that an engine answers; PartUnavailableError says why none can."""
    if not answers():
        say("No Docker engine answers on this machine.")
        _start(_executable())


def answers() -> bool:
    """Tell whether an engine answers."""
    return _complaint() is None


def socket() -> str:
    """Return the path of the socket on the engine's own machine; outside of Linux that is not this machine."""
    named = os.environ.get("DOCKER_HOST", "") if platform.system() == "Linux" else ""
    default = named if named.startswith(UNIX) else SOCKET
    return os.environ.get("DOCKER_SOCKET") or default.removeprefix(UNIX)


def is_ours() -> bool:
    """Tell whether the selected engine is one that `make up` started."""
    return _is_the_usual_meant() and _pid() is not None


def _is_the_usual_meant() -> bool:
    return (os.environ.get("DOCKER_HOST") or SOCKET) == SOCKET


def data() -> Path:
    """Return the data directory of an engine that we start."""
    return cache.root() / "engine"


def stop() -> None:
    """Stop the engine that `make up` started, if there is one and DOCKER_HOST selects no other."""
    if not _is_the_usual_meant():
        return
    if pid := _pid():
        with progress("Stopping the Docker engine that `make up` started"):
            _terminate(pid)
            wait_for(lambda: _pid() is None, STOPPED_WITHIN, f"dockerd {pid} does not end")
    _clear()


def _terminate(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGTERM)
    except PermissionError as error:
        raise PartUnavailableError("Only root can stop the Docker engine that root started") from error


def _complaint() -> str | None:
    """Return the client's error if no engine answers, None if one does."""
    try:
        asked = subprocess.run(["docker", "version"], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "docker: not installed"
    return asked.stderr if asked.returncode else None


def _executable() -> Path:
    parts.docker_cli()
    found = shutil.which("dockerd")
    return Path(found) if found else parts.distribution_dockerd().path


def _clear() -> None:
    """Remove what a stopped engine left behind."""
    if device := _device():
        run(["ip", "link", "delete", device.name])
    if RUNTIME.exists():
        run(["sh", "-c", UNMOUNT, "sh", f"{RUNTIME}/"])
        shutil.rmtree(RUNTIME)


def _device() -> BridgeDevice | None:
    """Return the network bridge of an engine that we started, if it exists."""
    try:
        device = BridgeDevice(int(BRIDGE_FILE.read_text()))
    except FileNotFoundError:
        return None
    return device if Path("/sys/class/net", device.name).exists() else None


def _make_device() -> BridgeDevice:
    device = bridge_device.make()
    BRIDGE_FILE.write_text(str(device.number))
    return device


def _start(dockerd: Path) -> None:
    RUNTIME.mkdir(exist_ok=True)
    data().mkdir(parents=True, exist_ok=True)
    log = data() / "log"
    with progress(f"Starting a Docker engine at {SOCKET}, without outbound access for containers (log: {log})"):
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
    """Start an engine that outlives this process; if one was killed, its data and network bridge are reused.

    Its bridge is not the default `docker0`, because any engine without a bridge removes that when it starts.
    """
    device = _device() or _make_device()
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
    """Return the process ID of the engine that `make up` started, if it is running."""
    try:
        pid = int(PID_FILE.read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    return pid if f"--pidfile={PID_FILE}\0".encode() in command else None
