"""Starts etcd on the loopback address, alone or as a cluster; tests can kill, freeze and restart it."""

import json
import os
import re
import shutil
import signal
import subprocess
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.lab import parts
from tests.lab.part import Part
from tests.lab.ports import LOOPBACK, free_port
from tests.lab.process import Process
from tests.lab.shell import Command, run


@dataclass(frozen=True, slots=True)
class Member:
    """The name, addresses and ports of a cluster's member; `namespace` is the command to run it in a namespace."""

    name: str
    port: int = field(default_factory=free_port)
    peer_port: int = field(default_factory=free_port)
    address: str = LOOPBACK
    peer_address: str = LOOPBACK
    namespace: Command = ()

    @property
    def peer(self) -> str:
        """The member's entry in `--initial-cluster`."""
        return f"{self.name}={self.peer_url}"

    @property
    def peer_url(self) -> str:
        """The URL at which other members reach this one."""
        return f"http://{self.peer_address}:{self.peer_port}"


class Etcd(Part):
    """One etcd with its own data."""

    def __init__(
        self,
        release: parts.EtcdRelease,
        member: Member | None = None,
        cluster: str | None = None,
        arguments: Sequence[str] = (),
    ) -> None:
        super().__init__("etcd")
        self.release = release
        self.member = member or Member("default")
        self._executable = parts.etcd(release)
        self._cluster = cluster or self.member.peer
        self._arguments = arguments

    @property
    def endpoint(self) -> str:
        """Host and port for clients."""
        return f"{self.member.address}:{self.member.port}"

    def start(self) -> None:
        """Start the process with its existing data, without waiting."""
        url = f"http://{self.endpoint}"
        command = [
            *self.member.namespace,
            str(self._executable),
            f"--name={self.member.name}",
            f"--data-dir={self._work.path / 'data'}",
            f"--listen-client-urls={url}",
            f"--advertise-client-urls={url}",
            f"--listen-peer-urls={self.member.peer_url}",
            f"--initial-advertise-peer-urls={self.member.peer_url}",
            f"--initial-cluster={self._cluster}",
            *self._arguments,
        ]
        self._process = Process(command, self._work.path / "log")

    def kill(self) -> None:
        """Kill the process with SIGKILL: only acknowledged writes are sure to be on disk."""
        self.process.kill()

    def freeze(self) -> None:
        """Freeze the process with SIGSTOP: connections stay open, without answers."""
        self.process.send(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)

    def thaw(self) -> None:
        """Let a frozen process continue."""
        self.process.send(signal.SIGCONT)

    def restart(self) -> None:
        """Start again with the same data and ports, after `kill`."""
        self.start()
        self.wait_until_healthy()

    def wipe(self) -> None:
        """Delete all data, after `kill`."""
        shutil.rmtree(self._work.path / "data")

    def restore(self, snapshot: Path) -> None:
        """Replace all data by that of a snapshot, after `kill`."""
        self.wipe()
        settings = {
            "name": self.member.name,
            "initial-cluster": self._cluster,
            "initial-advertise-peer-urls": self.member.peer_url,
            "data-dir": self._work.path / "data",
        }
        flags = [f"--{name}={value}" for name, value in settings.items()]
        run(
            [parts.etcd_restorer(), "snapshot", "restore", snapshot, *flags], env=os.environ | {"ETCDCTL_API": "3"}
        )

    def ctl(self, *arguments: str, stdin: str | None = None) -> str:
        """Run etcdctl on this member and return its output."""
        done = subprocess.run(
            [parts.etcdctl(), f"--endpoints={self.endpoint}", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def metric(self, name: str) -> float:
        """Return the sum of the metrics whose name matches this regular expression."""
        with urllib.request.urlopen(f"http://{self.endpoint}/metrics", timeout=5) as answer:
            return sum(map(float, re.findall(rf"^{name} (\S+)$", answer.read().decode(), re.MULTILINE)))

    def healthy(self) -> bool:
        """Return whether this member answers and has a leader."""
        try:
            with urllib.request.urlopen(f"http://{self.endpoint}/health", timeout=1) as answer:
                return bool(json.load(answer)["health"] == "true")
        except OSError:
            return False


@contextmanager
def cluster(
    release: parts.EtcdRelease, members: Sequence[Member] = (), arguments: Sequence[str] = ()
) -> Iterator[list[Etcd]]:
    """Start a cluster of the given members, or else of three."""
    members = members or [Member(f"member{number}") for number in range(3)]
    peers = ",".join(member.peer for member in members)
    with ExitStack() as stack:
        etcds = [Etcd(release, member, peers, arguments) for member in members]
        for etcd in etcds:
            stack.callback(etcd.remove)
            etcd.start()
        for etcd in etcds:
            etcd.wait_until_healthy()
        yield etcds
