"""Starts Docker engines that share nothing with each other or with the machine's own engine.

Each has its own containerd, data, socket, bridge and range of addresses. Ports are published by the
engine's proxy processes, on the addresses that they are published on.
"""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.lab import bridge_device, images, parts
from tests.lab.bridge_device import BridgeDevice
from tests.lab.process import Process
from tests.lab.shell import Command, run

STARTED_WITHIN = 60.0
ADDRESS = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
CONTAINERD = """\
version = 2
root = "{0}/containerd/data"
state = "{0}/containerd/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = "{0}/containerd.sock"
"""


class Engine:
    """One Docker engine; a context manager that starts it, loads the small images, and removes all of it."""

    def __init__(self, release: parts.EngineRelease) -> None:
        self.release = release
        self._dockerd = parts.dockerd(release)
        self._directory = Path(tempfile.mkdtemp(prefix="lab-engine-"))
        self._cleanup = ExitStack()
        self._process: Process | None = None

    @property
    def socket(self) -> Path:
        """The engine's unix socket."""
        return self._directory / "docker.sock"

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
        """Run a docker command against this engine and return what it prints, without the last newline."""
        done = subprocess.run([*self.docker, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"docker {' '.join(arguments)}: {done.stderr}"
        return done.stdout.rstrip("\n")

    def __enter__(self) -> Self:
        with self._cleanup as cleanup:
            cleanup.callback(shutil.rmtree, self._directory)
            device = bridge_device.make()
            cleanup.callback(device.remove)
            cleanup.callback(_unmount_below, self._directory)
            self._start_containerd()
            self._configure(device)
            self._start_dockerd()
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
        """Run a container with options of `docker run` until the end of the block; gives its id."""
        try:
            yield self.cli("run", "--detach", "--name", name, *options, image, *arguments)
        finally:
            self.cli("rm", "--force", "--volumes", name)

    def address(self, container: str) -> str:
        """Return the IPv4 address of a container that is in one network."""
        return self.cli("inspect", "--format", ADDRESS, container)

    def stop(self) -> None:
        """Stop the engine; its containers stop with it."""
        self.process.end(deadline=30)

    def restart(self) -> None:
        """Start again with the same data and socket, after `stop`."""
        self._run_dockerd()

    def clear(self) -> None:
        """Remove all containers and all networks that were created."""
        if containers := self.cli("ps", "--all", "--quiet").split():
            self.cli("rm", "--force", "--volumes", *containers)
        if networks := self.cli("network", "ls", "--quiet", "--filter=type=custom").split():
            self.cli("network", "rm", *networks)

    def _start_containerd(self) -> None:
        config = self._directory / "containerd.toml"
        config.write_text(CONTAINERD.format(self._directory))
        log = self._directory / "containerd.log"
        containerd = Process([self._dockerd.containerd, f"--config={config}"], log)
        self._cleanup.callback(containerd.end)
        containerd.wait_until((self._directory / "containerd.sock").exists, STARTED_WITHIN)

    def _configure(self, device: BridgeDevice) -> None:
        settings = {
            "bridge": device.name,
            "containerd": str(self._directory / "containerd.sock"),
            "data-root": str(self._directory / "data"),
            "default-address-pools": [{"base": str(device.pool), "size": 24}],
            "exec-root": str(self._directory / "exec"),
            "hosts": [self.url],
            "ip-forward": False,
            "iptables": False,
            "pidfile": str(self._directory / "docker.pid"),
        }
        if runc := self._dockerd.runc:
            settings |= {"runtimes": {"current": {"path": str(runc)}}, "default-runtime": "current"}
        self._config.write_text(json.dumps(settings))

    @property
    def _config(self) -> Path:
        return self._directory / "docker.json"

    def _start_dockerd(self) -> None:
        self._run_dockerd()
        self._cleanup.callback(self.stop)
        self._cleanup.callback(self.clear)

    def _run_dockerd(self) -> None:
        command: Command = [self._dockerd.path, f"--config-file={self._config}"]
        self._process = Process(command, self._directory / "docker.log")
        self._process.wait_until(self._answers, STARTED_WITHIN)

    def _answers(self) -> bool:
        asked = subprocess.run([*self.docker, "version"], capture_output=True, check=False)
        return asked.returncode == 0


def _unmount_below(directory: Path) -> None:
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for mount in sorted(mounts, reverse=True):
        if Path(mount).is_relative_to(directory):
            run(["umount", "--lazy", mount])
