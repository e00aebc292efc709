"""An ssh server on the loopback address that leads to one engine, for `ssh://` endpoints."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.lab import apt
from tests.lab.engine import Engine
from tests.lab.ports import LOOPBACK, free_port
from tests.lab.process import Process
from tests.lab.shell import run

RUNTIME = Path("/run/sshd")
CONFIG = """\
ListenAddress {address}:{port}
HostKey {directory}/host
AuthorizedKeysFile {directory}/authorized
PermitRootLogin prohibit-password
PidFile none
StrictModes no
UsePAM no
LogLevel VERBOSE
"""


@dataclass(frozen=True, slots=True)
class Server:
    """The server, and the home directory of a user that it accepts and that has its host key."""

    url: str
    home: Path

    @property
    def known_hosts(self) -> Path:
        """The user's known_hosts file."""
        return self.home / ".ssh/known_hosts"

    @property
    def key(self) -> Path:
        """The user's private key."""
        return self.home / ".ssh/id_ed25519"

    def sessions(self) -> int:
        """Return how many sessions have been started."""
        return (self.home.parent / "log").read_text().count("Starting session")


@contextmanager
def sshd(directory: Path, engine: Engine) -> Iterator[Server]:
    """Serve until the block ends."""
    apt.install("openssh-server")
    RUNTIME.mkdir(exist_ok=True)
    port = free_port()
    server = Server(f"ssh://root@{LOOPBACK}:{port}", directory / "home")
    server.key.parent.mkdir(parents=True)
    docker = " ".join(map(str, engine.docker))
    (directory / "authorized").write_text(f'command="{docker} system dial-stdio" {_new_key(server.key)}')
    server.known_hosts.write_text(f"[{LOOPBACK}]:{port} {_new_key(directory / 'host')}")
    config = directory / "config"
    config.write_text(CONFIG.format(address=LOOPBACK, port=port, directory=directory))
    log = directory / "log"
    process = Process(["/usr/sbin/sshd", "-D", "-e", "-f", config], log)
    try:
        process.wait_until(lambda: "listening" in log.read_text(), 20)
        yield server
    finally:
        process.end()


def _new_key(path: Path) -> str:
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path])
    return path.with_suffix(".pub").read_text()
