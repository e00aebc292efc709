"""Every case on real parts: one Traefik with its Docker provider, one that reads what the bridge wrote.

On both releases of Traefik, unless a case is about what only one of them has.
"""

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import pytest

from tests.alike.case import CASES, Case, CaseContainer, read
from tests.alike.rawdata import differing, named, of_provider
from tests.alike.sides import AT_ONCE, ENTRY_POINTS, docker_options
from tests.lab.bridge import Bridge
from tests.lab.engine import Engine
from tests.lab.etcd import Etcd
from tests.lab.parts import EngineRelease, TraefikRelease
from tests.lab.traefik import Traefik, docker_provider, etcd_provider
from tests.lab.wait import DeadlineError, wait_for

SEEN_WITHIN = 20.0
EQUAL_WITHIN = 10.0
PROBLEM = '"level": "warning"'
ENGINES: Mapping[EngineRelease, str] = {"20.10": "engine", "29": "engine29"}


@dataclass(frozen=True, slots=True, order=True)
class World:
    """What the Traefiks and the bridge are started with."""

    traefik: TraefikRelease
    settings: tuple[tuple[str, str], ...]
    static: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """The two Traefiks, one engine below both, and the bridge in between."""

    engine: Engine
    docker: Traefik
    etcd: Traefik
    bridge: Bridge

    def sections(self, names: Mapping[str, str] = {}) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Return what both say, Traefik's own provider first, with `names` in place of addresses."""
        theirs, ours = named(self.docker.rawdata(), names), named(self.etcd.rawdata(), names)
        return of_provider(theirs, "docker"), of_provider(ours, "etcd")

    def reported(self, since: int) -> list[str]:
        """Return the containers of which the log tells a problem after its first `since` characters."""
        lines = self.bridge.log()[since:].rpartition("\n")[0].splitlines()
        told = [json.loads(line) for line in lines if PROBLEM in line]
        return sorted({line["container"] for line in told if "container" in line})


def _cases() -> list[Any]:
    """Return all cases, those of one world one after the other, so that it is made once."""
    files = [(path.stem, read(path)) for path in sorted(CASES.glob("*.yaml"))]
    found = [
        (ENGINES[case.engine], _world(release, case), case, f"{name}-{release}")
        for name, case in files
        for release in case.releases
    ]
    return [pytest.param(*arguments, id=name) for *arguments, name in sorted(found, key=itemgetter(0, 1, 3))]


def _world(release: TraefikRelease, case: Case) -> World:
    return World(release, *(tuple(sorted(options.items())) for options in (case.settings, case.static)))


@pytest.fixture(scope="module")
def pair(request: pytest.FixtureRequest, each_engine: Engine, etcd: Etcd) -> Iterator[Pair]:
    """Start both sides as the cases that follow need them."""
    world: World = request.param
    release, settings = world.traefik, dict(world.settings)
    options = docker_provider(each_engine, **docker_options(settings))
    root_key = f"traefik-{uuid.uuid4().hex}"
    static = {**AT_ONCE, **dict(world.static)}
    with (
        Bridge(each_engine, etcd, root_key, **({"traefik_version": release} | settings)) as bridge,
        Traefik(release, options, static, entry_points=ENTRY_POINTS) as docker,
        Traefik(release, etcd_provider(etcd, root_key), static, entry_points=ENTRY_POINTS) as kv,
    ):
        yield Pair(each_engine, docker, kv, bridge)


@pytest.mark.usefixtures("traefiks")
@pytest.mark.parametrize(
    ("each_engine", "pair", "case"), _cases(), indirect=["each_engine", "pair"], scope="module"
)
def test_the_same_configuration(pair: Pair, case: Case) -> None:
    """The etcd Traefik's configuration equals the Docker one's, or differs just as the case says.

    A problem is reported of the containers that the case names, and of no other.
    """
    since = len(pair.bridge.log())
    with _running(pair.engine, case):
        _wait_until_seen(pair, case)
        expected, actual = _compared(pair, case, since)
        assert actual == expected
        assert not _ended(pair.engine, case)


def _compared(pair: Pair, case: Case, since: int) -> tuple[Any, Any]:
    """Wait for agreement; what both sides are held against is each other, or the case's deviation."""
    names = {pair.engine.address(it.name): it.name for it in case.containers} if case.deviation else {}

    def sides() -> tuple[Any, Any]:
        theirs, ours = pair.sections(names)
        problems, reported = sorted(case.problems), pair.reported(since)
        if not case.deviation:
            return (theirs, problems), (ours, reported)
        found = differing(theirs, ours, case.traefik), differing(ours, theirs, case.bridge)
        return ((case.traefik, case.bridge), problems), (found, reported)

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
            engine.cli("network", "create", *network.split())
            stack.callback(engine.cli, "network", "rm", network.split()[-1])
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


def _ended(engine: Engine, case: Case) -> list[str]:
    """Return the containers that ended by themselves: neither side routes them, whatever their labels say."""
    names = [container.name for container in case.containers if not container.after]
    runs = engine.cli("inspect", "--format", "{{.State.Running}}", *names).split() if names else []
    return [name for name, answer in zip(names, runs, strict=True) if answer != "true"]


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
