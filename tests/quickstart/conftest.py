"""A fresh clone of the last commit, in which `make up` and `make down` run."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from compose.quickstart import engine
from compose.quickstart.compose import PROJECT
from tests.lab.ports import free_port
from tests.lab.shell import PartUnavailableError, run
from tests.lab.workdir import WorkDirectory

SOURCES = Path(__file__).parents[2]
OURS = f"--filter=label=com.docker.compose.project={PROJECT}"


class Clone:
    """A clone, and the ports on which its quick start listens."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.http, self.dashboard = free_port(), free_port()
        run(["git", "clone", "--quiet", SOURCES, directory])

    def make(
        self, target: str, variables: Mapping[str, str] | None = None, user: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a target of the Makefile, as `user` if given."""
        env = {name: text for name, text in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
        env |= {"HTTP_PORT": str(self.http), "DASHBOARD_PORT": str(self.dashboard)} | dict(variables or {})
        return subprocess.run(
            ["make", target],
            cwd=self.directory,
            env=env,
            capture_output=True,
            text=True,
            user=user,
            check=False,
        )

    def up(self, variables: Mapping[str, str] | None = None) -> str:
        """Bring the quick start up, and return what it prints."""
        done = self.make("up", variables)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def down(self) -> str:
        """Take the quick start down, and return what it prints to stderr."""
        done = self.make("down")
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stderr


def docker(*arguments: str) -> str:
    """Run a docker command on the machine's engine and return what it prints, without the last newline."""
    return run(["docker", *arguments]).rstrip("\n")


@pytest.fixture(scope="module")
def clone() -> Iterator[Clone]:
    """Return a clone whose quick start is down, and remove everything of it at the end."""
    if engine.is_ours() or (engine.answers() and docker("ps", "--all", "--quiet", OURS)):
        raise PartUnavailableError("the quick start is up on this machine: `make down` first")
    work = WorkDirectory("clone")
    work.path.chmod(0o755)
    cloned = Clone(work.path / "docker-event-bridge")
    try:
        yield cloned
    finally:
        cloned.down()
        work.remove()


@pytest.fixture
def running(clone: Clone) -> Clone:
    """Return a clone whose quick start is up."""
    clone.up()
    return clone
