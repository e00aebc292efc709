"""The real parts as fixtures, each started when the first test asks for it.

A test that uses any of them is marked `real`. What it needs is built before the first test runs, outside
the time limits of tests and with its progress shown. Tests whose parts are unavailable on this machine are
skipped with the reason; with CI=true a skip is a failure.
"""

import os
import uuid
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.lab import parts
from tests.lab.engine import Engine
from tests.lab.etcd import Etcd
from tests.lab.shell import PartUnavailableError, say
from tests.lab.socket_proxy import SocketProxy
from tests.lab.traefik import Traefik

PARTS_OF_FIXTURES = {
    "engine": ("docker-cli", "busybox", "whoami", "dockerd-20.10"),
    "engine29": ("docker-cli", "busybox", "whoami", "dockerd-29"),
    "etcd": ("etcd-3.4", "etcdctl"),
    "etcd37": ("etcd-3.7", "etcdctl"),
    "start_etcd": ("etcd-3.4", "etcd-3.7", "etcdctl"),
    "compose": ("docker-cli", "compose"),
    "decoders": ("decoders",),
    "start_socket_proxy": ("haproxy",),
    "start_traefik": ("certificate", "traefik-3.7"),
    "start_traefik_2_11": ("certificate", "traefik-2.11"),
    "traefiks": ("certificate", "traefik-3.7", "traefik-2.11"),
    "registry": ("registry", "python-image", "haproxy", "traefik-3.7", "etcd-3.7"),
    "rules_oracle": ("rules-oracle",),
    "site": ("load",),
}
PARAMETRIZED = ("each_engine", "each_etcd")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need real parts."""
    for item in items:
        if PARTS_OF_FIXTURES.keys() & _fixtures(item):
            item.add_marker(pytest.mark.real)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build what the selected tests need; tests whose parts are unavailable give the reason again when skipped."""
    used = set().union(*map(_fixtures, session.items))
    wanted = [part for fixture, names in PARTS_OF_FIXTURES.items() if fixture in used for part in names]
    if wanted and not session.config.option.collectonly:
        with session.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
            for name in dict.fromkeys(wanted):
                _build(name)


def _fixtures(item: pytest.Item) -> list[str]:
    if not isinstance(item, pytest.Function):
        return []
    chosen = item.callspec.params if hasattr(item, "callspec") else {}
    return [*item.fixturenames, *(str(chosen[name]) for name in PARAMETRIZED if name in chosen)]


def _build(name: str) -> None:
    try:
        parts.BY_NAME[name]()
    except PartUnavailableError as error:
        say(f"{name}: cannot be had: {error}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Generator[None, None, None]:
    """Skip a test that uses a fixture whose parts are unavailable."""
    return (yield from _skipping())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, None, None]:
    """Skip a test that starts an unavailable part."""
    return (yield from _skipping())


def _skipping() -> Generator[None, None, None]:
    try:
        return (yield)
    except PartUnavailableError as error:
        pytest.skip(str(error))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure with CI=true."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CI") == "true":
        report.outcome = "failed"
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.longrepr = f"CI allows no skips: {reason}"
    return report


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Return the event loop of the product."""
    return "asyncio"


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """Return a Docker engine 20.10 (API 1.41)."""
    with Engine("20.10") as started:
        yield started


@pytest.fixture(scope="session")
def engine29() -> Iterator[Engine]:
    """Return a Docker engine of the 29 line (API 1.56, oldest accepted 1.40)."""
    with Engine("29") as started:
        yield started


@pytest.fixture(scope="session")
def etcd() -> Iterator[Etcd]:
    """Return a shared etcd 3.4: tests do not collide since each has its own `root_key`."""
    with Etcd("3.4") as started:
        yield started


@pytest.fixture(scope="session")
def etcd37() -> Iterator[Etcd]:
    """Return a shared etcd 3.7: tests do not collide since each has its own `root_key`."""
    with Etcd("3.7") as started:
        yield started


@pytest.fixture(scope="session", params=["engine", "engine29"])
def each_engine(request: pytest.FixtureRequest) -> Engine:
    """Run the test on both engines."""
    started: Engine = request.getfixturevalue(request.param)
    return started


@pytest.fixture(scope="session", params=["etcd", "etcd37"])
def each_etcd(request: pytest.FixtureRequest) -> Etcd:
    """Run the test on both etcds."""
    started: Etcd = request.getfixturevalue(request.param)
    return started


@pytest.fixture
def start_etcd() -> Iterator[Callable[..., Etcd]]:
    """Return a function that starts an etcd for this test alone, with the arguments of `Etcd`."""
    with ExitStack() as stack:
        yield lambda *args, **kwargs: stack.enter_context(Etcd(*args, **kwargs))


@pytest.fixture
def root_key() -> str:
    """Return a root key that no other test uses and that is no prefix of another."""
    return f"traefik-{uuid.uuid4().hex}"


@pytest.fixture(scope="session")
def compose() -> Path:
    """Return Docker Compose: a command, and a plugin two folders below a Docker configuration."""
    return parts.compose()


@pytest.fixture
def start_socket_proxy() -> Iterator[Callable[..., SocketProxy]]:
    """Return a function that starts a socket proxy with the arguments of `SocketProxy`, until the test's end."""
    with ExitStack() as stack:
        yield lambda *args, **kwargs: stack.enter_context(SocketProxy(*args, **kwargs))


@pytest.fixture
def start_traefik() -> Iterator[Callable[..., Traefik]]:
    """Return a function that starts a Traefik 3.7 with the arguments of `Traefik`, until the test's end."""
    with ExitStack() as stack:
        yield lambda *args, **kwargs: stack.enter_context(Traefik("3.7", *args, **kwargs))


@pytest.fixture
def start_traefik_2_11() -> Iterator[Callable[..., Traefik]]:
    """Return a function that starts a Traefik 2.11 with the arguments of `Traefik`, until the test's end."""
    with ExitStack() as stack:
        yield lambda *args, **kwargs: stack.enter_context(Traefik("2.11", *args, **kwargs))


@pytest.fixture
def traefiks() -> None:
    """Build both releases of Traefik, for a test that starts them itself."""
