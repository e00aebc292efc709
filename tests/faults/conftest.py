"""A world shared by the tests of one file and healed before each; measurements are printed at the end."""

import uuid
from collections.abc import Iterator

import pytest

from tests.faults import measured
from tests.faults.docker import Docker, make_docker
from tests.faults.world import World, make_world
from tests.lab.engine import Engine
from tests.lab.etcd import Etcd, cluster


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the measurements."""
    for line in measured.lines():
        terminalreporter.write_line(line)


@pytest.fixture
def prefix() -> str:
    """Return a key prefix that no other test uses."""
    return f"faults-{uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="module")
def docker(engine: Engine) -> Iterator[Docker]:
    """Return an engine behind a relay."""
    with make_docker(engine) as made:
        yield made


@pytest.fixture(scope="module")
def members(etcd: Etcd) -> Iterator[list[Etcd]]:  # noqa: ARG001 - only to have it built
    """Return a cluster of three members."""
    with cluster("3.4") as started:
        yield started


@pytest.fixture(scope="module")
def shared_world(docker: Docker, members: list[Etcd]) -> Iterator[World]:
    """Return a world with a bridge between the engine and the cluster."""
    with make_world(docker, members, f"faults-{uuid.uuid4().hex[:8]}") as made:
        yield made


@pytest.fixture
def world(shared_world: World) -> World:
    """Return the shared world with all parts running."""
    shared_world.heal()
    return shared_world
