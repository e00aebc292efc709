"""Starts Docker engines that share nothing with each other or with the machine's own engine.

Each has its own containerd, data, socket, bridge and address range. Ports are published by the engine's
userland proxies alone, without iptables.
"""

import json
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.lab import bridge_device, guard, images, parts
from tests.lab.bridge_device import BridgeDevice
from tests.lab.process import Process
from tests.lab.shell import Command, run, say
from tests.lab.wait import wait_for
from tests.lab.workdir import WorkDirectory

STARTED_WITHIN = 60.0
ENDS_WITHIN = 45
"""Seconds for a docker command, less than a test may take; an engine that takes longer hangs."""

HANGS = 124
"""The exit code of `timeout` for a command that it ended."""

CHECKED_WITHIN = 30.0
ADDRESS = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
CLEAR = '"$@" ps --all --quiet | xargs --no-run-if-empty "$@" rm --force --volumes; "$@" network prune --force'
UNMOUNT = 'grep --only-matching "$1[^ ]*" /proc/mounts | sort --reverse | xargs --no-run-if-empty umount --lazy'
CONTAINERD = """\
version = 2
root = "{0}/containerd/data"
state = "{0}/containerd/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = "{0}/containerd.sock"
"""


@dataclass(frozen=True, slots=True)
class Access:
    """How an engine reaches registries: its settings and environment variables for that."""

    settings: Mapping[str, object] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)


class Engine:
    """One Docker engine; a context manager that starts it, imports the small images, and removes all of it."""

    def __init__(self, release: parts.EngineRelease, access: Access | None = None) -> None:
        self.release = release
        self._access = access or Access()
        self._dockerd = parts.dockerd(release)
        self._work = WorkDirectory("engine")
        self._cleanup = ExitStack()
        self._process: Process | None = None

    @property
    def socket(self) -> Path:
        """The engine's unix socket."""
        return self._work.path / "docker.sock"

    @property
    def url(self) -> str:
        """The endpoint, as in DOCKER_HOST."""
        return f"unix://{self.socket}"

    @property
    def process(self) -> Process:
        """The running dockerd."""
        assert self._process, "the engine was not started"
        return self._process

    @property
    def docker(self) -> list[str | Path]:
        """The docker command for this engine."""
        return [parts.docker_cli(), "--host", self.url]

    def cli(self, *arguments: str) -> str:
        """Run a docker command on this engine and return its output without trailing newlines."""
        done = self._run([*self.docker, *arguments], again=arguments[0] == "rm")
        assert done.returncode == 0, f"docker {' '.join(arguments)}: {done.stderr}"
        return done.stdout.rstrip("\n")

    def __enter__(self) -> Self:
        with self._cleanup as cleanup:
            cleanup.callback(self._work.remove)
            device = bridge_device.make()
            self._undo(["ip", "link", "delete", device.name])
            self._undo(["sh", "-c", UNMOUNT, "sh", f"{self._work.path}/"])
            self._start_containerd()
            self._configure(device)
            cleanup.callback(self.stop)
            self._start_dockerd()
            self._on_death(["timeout", str(ENDS_WITHIN), *self._clear])
            cleanup.callback(self.clear)
            cleanup.callback(self._revive)
            images.import_busybox(self.docker)
            images.import_whoami(self.docker)
            self._cleanup = cleanup.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._cleanup.close()

    @contextmanager
    def container(
        self, name: str, *options: str, image: str = "traefik/whoami", arguments: Sequence[str] = ()
    ) -> Iterator[str]:
        """Run a container with options of `docker run` until the block ends; yields its id."""
        try:
            yield self.cli("run", "--detach", "--name", name, *options, image, *arguments)
        finally:
            self.cli("rm", "--force", "--volumes", name)

    def address(self, container: str) -> str:
        """Return the IPv4 address of a container on a single network."""
        return self.cli("inspect", "--format", ADDRESS, container)

    def wait_for_health(self, container: str, health: str = "healthy") -> None:
        """Wait until a container's health check says this."""

        def said() -> str:
            return self.cli("inspect", "--format", "{{.State.Health.Status}}", container)

        wait_for(lambda: said() == health, CHECKED_WITHIN, said)

    def stop(self) -> None:
        """Stop the engine; its containers stop with it."""
        if self._process:
            self._process.end(deadline=30)

    def restart(self) -> None:
        """Start again with the same data and socket, after `stop` or a kill of its process."""
        self._start_dockerd()

    def freeze(self) -> None:
        """Freeze the engine with SIGSTOP: connections stay open, without answers."""
        self.process.send(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen engine continue."""
        self.process.send(signal.SIGCONT)

    def clear(self) -> None:
        """Remove all containers, and all networks that were created."""
        done = self._run(self._clear, again=True)
        assert done.returncode == 0, done.stderr

    @property
    def _clear(self) -> list[str]:
        return ["sh", "-c", CLEAR, "sh", *map(str, self.docker)]

    def _run(self, command: Command, *, again: bool) -> subprocess.CompletedProcess[str]:
        """Run a command; if the engine hangs, restart it, and run the command `again`.

        20.10 was seen to hang for good while it removed several containers at once.
        """
        limited = ["timeout", str(ENDS_WITHIN), *command]
        done = subprocess.run(limited, capture_output=True, text=True, check=False)
        if done.returncode != HANGS:
            return done
        say(f"Docker {self.release} hangs, and is restarted")
        self.process.kill()
        self.restart()
        assert again, f"Docker {self.release} hung in {' '.join(map(str, command))}"
        return self._run(command, again=False)

    def _revive(self) -> None:
        """Thaw or restart the engine after a test, since only an engine can remove its containers."""
        if self.process.running:
            self.thaw()
        else:
            self.restart()

    def _undo(self, command: list[str]) -> None:
        """Run a command when the engine is removed, or if this process dies before that."""
        self._on_death(command)
        self._cleanup.callback(run, command)

    def _on_death(self, command: list[str]) -> None:
        """Run a command if this process dies before the engine is removed."""
        self._cleanup.callback(guard.revoke, guard.on_death(command))

    def _start_containerd(self) -> None:
        config = self._work.path / "containerd.toml"
        config.write_text(CONTAINERD.format(self._work.path))
        log = self._work.path / "containerd.log"
        containerd = Process([self._dockerd.containerd, f"--config={config}"], log)
        self._cleanup.callback(containerd.end)
        containerd.wait_until((self._work.path / "containerd.sock").exists, STARTED_WITHIN)

    def _configure(self, device: BridgeDevice) -> None:
        settings = {
            "bridge": device.name,
            "containerd": str(self._work.path / "containerd.sock"),
            "data-root": str(self._work.path / "data"),
            "default-address-pools": [{"base": str(device.pool), "size": 24}],
            "exec-root": str(self._work.path / "exec"),
            "hosts": [self.url],
            "ip-forward": False,
            "iptables": False,
            "pidfile": str(self._work.path / "docker.pid"),
            **self._access.settings,
        }
        if runc := self._dockerd.runc:
            settings |= {"runtimes": {"current": {"path": str(runc)}}, "default-runtime": "current"}
        if proxy := self._dockerd.proxy:
            settings |= {"userland-proxy-path": str(proxy)}
        self._config.write_text(json.dumps(settings))

    @property
    def _config(self) -> Path:
        return self._work.path / "docker.json"

    def _start_dockerd(self) -> None:
        command: Command = [self._dockerd.path, f"--config-file={self._config}"]
        self._process = Process(command, self._work.path / "docker.log", self._access.env)
        self._process.wait_until(self._answers, STARTED_WITHIN)

    def _answers(self) -> bool:
        asked = subprocess.run(["timeout", "5", *self.docker, "version"], capture_output=True, check=False)
        return asked.returncode == 0
