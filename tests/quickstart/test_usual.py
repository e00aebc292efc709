"""The quick start where Docker, Compose and a registry are available: it uses them, and nothing else."""

import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from compose.quickstart import images, route
from tests.lab import parts
from tests.lab.engine import Engine
from tests.lab.registry import Registry
from tests.lab.workdir import WorkDirectory
from tests.quickstart import published
from tests.quickstart.conftest import OURS, Clone

# The first run publishes the images.
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def registry(engine: Engine) -> Iterator[Registry]:
    """Return a registry that has the images."""
    with Registry(published.data(engine.docker)) as started:
        yield started


@pytest.fixture
def usual(registry: Registry) -> Iterator[Engine]:
    """Return an engine without images, which can reach the registry."""
    with Engine("29", registry.access("quay.io")) as started:
        started.cli("image", "rm", *started.cli("image", "ls", "--quiet").split())
        yield started


@pytest.fixture
def fresh() -> Iterator[Clone]:
    """Return a clone."""
    work = WorkDirectory("usual")
    try:
        yield Clone(work.path / "docker-event-bridge")
    finally:
        work.remove()


@pytest.fixture
def variables(usual: Engine, compose: Path, tmp_path: Path) -> Mapping[str, str]:
    """Return an environment with that engine and only these commands: apt-get, go and dockerd are missing."""
    path = tmp_path / "path"
    path.mkdir()
    for name, command in {
        "docker": parts.docker_cli(),
        "make": shutil.which("make"),
        "python3": sys.executable,
    }.items():
        (path / name).symlink_to(Path(command or "").resolve())
    return {
        "DOCKER_CONFIG": str(compose.parents[1]),
        "DOCKER_HOST": usual.url,
        "PATH": str(path),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }


def test_available_docker_and_registry_are_used(fresh: Clone, usual: Engine, variables: Mapping[str, str]) -> None:
    """Images are pulled and the bridge is built on them; nothing is installed, faked as a stand-in, or left."""
    told = fresh.make("up", variables)
    assert told.returncode == 0, told.stderr
    assert sorted(re.findall(r"^(.*) \.\.\.$", told.stderr, re.MULTILINE)) == [
        f"Building the image {images.BRIDGE}",
        *sorted(f"Pulling {image}" for image in published.IMAGES),
        "Starting etcd, the bridge, Traefik and whoami",
        f"Waiting for the route to {route.HOST}",
    ]
    assert route.get(fresh.http, route.HOST)[0] == 200
    assert f"http://localhost:{fresh.dashboard}/dashboard/\n" in told.stdout
    assert usual.cli("image", "ls", "--quiet", f"--filter=label={images.STAND_IN}") == ""
    assert not Path(variables["XDG_CACHE_HOME"]).exists()
    told = fresh.make("down", variables)
    assert told.returncode == 0, told.stderr
    for kind in (["ps", "--all"], ["network", "ls"], ["volume", "ls"]):
        assert usual.cli(*kind, "--quiet", OURS) == ""
    (kept,) = re.findall(r"^Kept .*\(docker image rm (.*)\)$", told.stderr, re.MULTILINE)
    usual.cli("image", "rm", *kept.split())
    assert usual.cli("image", "ls", "--quiet", "--filter=dangling=false") == ""
