"""Every case on real parts: one Traefik with its Docker provider, one that reads what the bridge wrote."""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.alike.case import CASES, Case, CaseContainer, read
from tests.alike.rawdata import differing, of_provider
from tests.lab.bridge import Bridge
from tests.lab.engine import Engine
from tests.lab.etcd import Etcd
from tests.lab.traefik import Protocol, Traefik, docker_provider, etcd_provider
from tests.lab.wait import DeadlineError, wait_for

SEEN_WITHIN = 20.0
EQUAL_WITHIN = 10.0
AT_ONCE = {"providers.providersThrottleDuration": "50ms"}
ENTRY_POINTS: Mapping[str, Protocol] = {"tcpin": "tcp", "udpin": "udp"}
TRAEFIK_OPTIONS = {
    "exposed_by_default": "exposedByDefault",
    "default_rule": "defaultRule",
    "constraints": "constraints",
    "network": "network",
    "use_bind_port_ip": "useBindPortIP",
    "allow_empty_services": "allowEmptyServices",
}

Settings = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """The two Traefiks, one engine below both, and the bridge in between."""

    engine: Engine
    docker: Traefik
    etcd: Traefik
    bridge: Bridge

    def sections(self) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Return what both say, Traefik's own provider first."""
        return of_provider(self.docker.rawdata(), "docker"), of_provider(self.etcd.rawdata(), "etcd")


def _cases() -> list[Any]:
    files = [(path, read(path)) for path in sorted(CASES.glob("*.yaml"))]
    return [pytest.param(_settings(case), case, id=path.stem) for path, case in files]


def _settings(case: Case) -> Settings:
    return tuple(sorted(case.settings.items()))


@pytest.fixture(scope="module")
def pair(request: pytest.FixtureRequest, engine: Engine, etcd: Etcd) -> Iterator[Pair]:
    """Start both sides with the settings of the cases that follow."""
    settings: dict[str, str] = dict(request.param)
    options = {TRAEFIK_OPTIONS[name]: text for name, text in settings.items() if name in TRAEFIK_OPTIONS}
    root_key = f"traefik-{uuid.uuid4().hex}"
    with (
        Bridge(engine, etcd, root_key, **({"traefik_version": "3.7"} | settings)) as bridge,
        Traefik("3.7", docker_provider(engine, **options), AT_ONCE, entry_points=ENTRY_POINTS) as docker,
        Traefik("3.7", etcd_provider(etcd, root_key), AT_ONCE, entry_points=ENTRY_POINTS) as kv,
    ):
        yield Pair(engine, docker, kv, bridge)


@pytest.mark.parametrize(("pair", "case"), _cases(), indirect=["pair"])
def test_the_same_configuration(pair: Pair, case: Case) -> None:
    """The etcd Traefik's configuration equals the Docker one's, or differs just as the case says."""
    with _running(pair.engine, case):
        _wait_until_seen(pair, case)
        expected, actual = _compared(pair, case)
        assert actual == expected
        assert all(name in pair.bridge.log() for name in case.problems)


def _compared(pair: Pair, case: Case) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Wait for agreement; what both sides are held against is each other, or the case's deviation."""

    def sides() -> tuple[Any, Any]:
        theirs, ours = pair.sections()
        if not case.deviation:
            return theirs, ours
        found = differing(theirs, ours, case.traefik), differing(ours, theirs, case.bridge)
        return (case.traefik, case.bridge), found

    def agreed() -> bool:
        expected, actual = sides()
        return bool(expected == actual)

    try:
        wait_for(agreed, EQUAL_WITHIN, pair.bridge.process.tail)
    except DeadlineError:
        print(pair.bridge.process.tail())
    return sides()


@contextmanager
def _running(engine: Engine, case: Case) -> Iterator[None]:
    with ExitStack() as stack:
        for network in case.networks:
            engine.cli("network", "create", network)
            stack.callback(engine.cli, "network", "rm", network)
        for container in case.containers:
            labels = (f"--label={name}={text}" for name, text in container.labels.items())
            options = [*labels, *container.options]
            stack.enter_context(
                engine.container(container.name, *options, image=container.image, arguments=container.arguments)
            )
            for command in container.after:
                engine.cli(*command)
            if container.health:
                _wait_for_health(engine, container)
        yield


def _wait_for_health(engine: Engine, container: CaseContainer) -> None:
    def health() -> str:
        return engine.cli("inspect", "--format", "{{.State.Health.Status}}", container.name)

    wait_for(lambda: health() == container.health, SEEN_WITHIN, health)


def _wait_until_seen(pair: Pair, case: Case) -> None:
    """Wait until both sides know a container that was started after all others."""
    name = f"last-{uuid.uuid4().hex[:8]}"
    labels = (f"--label=traefik.http.routers.{name}.rule=Host(`{name}`)", "--label=traefik.enable=true")
    with pair.engine.container(name, *labels, *case.passes):
        wait_for(lambda: _knows(pair, name), SEEN_WITHIN, pair.bridge.process.tail)
    wait_for(lambda: _forgot(pair, name), SEEN_WITHIN, pair.bridge.process.tail)


def _knows(pair: Pair, router: str) -> bool:
    return all(router in side.get("routers", {}) for side in pair.sections())


def _forgot(pair: Pair, router: str) -> bool:
    return not any(router in side.get("routers", {}) for side in pair.sections())
