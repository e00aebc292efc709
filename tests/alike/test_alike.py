"""Every case on real parts: one Traefik with its Docker provider, one that reads what the bridge wrote.

On both releases of Traefik at once, unless a case is about what only one of them has.
"""

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from tests.alike.case import CASES, Case, read
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


Options = tuple[tuple[str, str], ...]
Place = tuple[str, Options, Options]
"""The engine of a case, and what the bridges and the Traefiks are started with."""


@dataclass(frozen=True, slots=True)
class World:
    """What the bridges and the Traefiks are started with, and the releases of Traefik that its cases are about."""

    settings: Options
    static: Options
    releases: tuple[TraefikRelease, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two Traefiks of one release, and the bridge before the one that reads etcd."""

    docker: Traefik
    etcd: Traefik
    bridge: Bridge

    def sections(self, names: Mapping[str, str] = {}) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Return the configurations of both, that of Traefik's own provider first, with `names` for addresses."""
        theirs, ours = named(self.docker.rawdata(), names), named(self.etcd.rawdata(), names)
        return of_provider(theirs, "docker"), of_provider(ours, "etcd")

    def reported(self, since: int) -> list[str]:
        """Return the containers with problems in the log after its first `since` characters."""
        lines = self.bridge.log()[since:].rpartition("\n")[0].splitlines()
        told = [json.loads(line) for line in lines if PROBLEM in line]
        return sorted({line["container"] for line in told if "container" in line})

    def knows(self, router: str) -> bool:
        """Whether both sides have a router."""
        return all(router in side.get("routers", {}) for side in self.sections())

    def forgot(self, router: str) -> bool:
        """Whether neither side has a router."""
        return not any(router in side.get("routers", {}) for side in self.sections())


Pairs = Mapping[TraefikRelease, Pair]


def _cases() -> list[Any]:
    """Return all cases, those of one world one after the other, so that it is made once."""
    cases = sorted(
        ((read(path), path.stem) for path in CASES.glob("*.yaml")), key=lambda it: (_place(it[0]), it[1])
    )
    releases: dict[Place, set[TraefikRelease]] = {}
    for case, _ in cases:
        releases.setdefault(_place(case), set()).update(case.releases)
    worlds = {place: World(place[1], place[2], tuple(sorted(them))) for place, them in releases.items()}
    return [pytest.param(_place(case)[0], worlds[_place(case)], case, id=name) for case, name in cases]


def _place(case: Case) -> Place:
    settings, static = (tuple(sorted(options.items())) for options in (case.settings, case.static))
    return ENGINES[case.engine], settings, static


@pytest.fixture(scope="module")
def pairs(request: pytest.FixtureRequest, each_engine: Engine, etcd: Etcd) -> Iterator[Pairs]:
    """Start both sides of all releases as the cases that follow need them."""
    world: World = request.param
    with ExitStack() as stack:
        yield {it: stack.enter_context(_pair(each_engine, etcd, it, world)) for it in world.releases}


@contextmanager
def _pair(engine: Engine, etcd: Etcd, release: TraefikRelease, world: World) -> Iterator[Pair]:
    settings = {"traefik_version": release} | dict(world.settings)
    options = docker_provider(engine, **docker_options(settings))
    root_key = f"traefik-{uuid.uuid4().hex}"
    static = {**AT_ONCE, **dict(world.static)}
    with (
        Bridge(engine, etcd, root_key, **settings) as bridge,
        Traefik(release, options, static, entry_points=ENTRY_POINTS) as docker,
        Traefik(release, etcd_provider(etcd, root_key), static, entry_points=ENTRY_POINTS) as kv,
    ):
        yield Pair(docker, kv, bridge)


@pytest.mark.usefixtures("traefiks")
@pytest.mark.parametrize(
    ("each_engine", "pairs", "case"), _cases(), indirect=["each_engine", "pairs"], scope="module"
)
def test_same_configuration_as_docker_provider(each_engine: Engine, pairs: Pairs, case: Case) -> None:
    """The etcd Traefik's configuration equals the Docker one's, or differs just as the case says.

    The bridge reports problems of exactly the containers that the case names.
    """
    since = {release: len(pair.bridge.log()) for release, pair in pairs.items()}
    with _running(each_engine, case):
        _wait_until_seen(each_engine, pairs.values(), case)
        names = {each_engine.address(it.name): it.name for it in case.containers} if case.deviation else {}
        compared = {release: _compared(pairs[release], case, since[release], names) for release in case.releases}
        assert {release: actual for release, (_, actual) in compared.items()} == {
            release: expected for release, (expected, _) in compared.items()
        }
        assert not _ended(each_engine, case)


def _compared(pair: Pair, case: Case, since: int, names: Mapping[str, str]) -> tuple[Any, Any]:
    """Wait for agreement; what both sides are held against is each other, or the case's deviation."""

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
                engine.wait_for_health(container.name, container.health)
        yield


def _ended(engine: Engine, case: Case) -> list[str]:
    """Return the containers that ended by themselves: neither side routes them, so that they prove nothing."""
    names = [container.name for container in case.containers if not container.after]
    runs = engine.cli("inspect", "--format", "{{.State.Running}}", *names).split() if names else []
    return [name for name, answer in zip(names, runs, strict=True) if answer != "true"]


def _wait_until_seen(engine: Engine, pairs: Iterable[Pair], case: Case) -> None:
    """Wait until both sides of all pairs know a container that was started after all others."""
    name = f"last-{uuid.uuid4().hex[:8]}"
    labels = (f"--label=traefik.http.routers.{name}.rule=Host(`{name}`)", "--label=traefik.enable=true")
    with engine.container(name, *labels, *case.passes):
        for pair in pairs:
            wait_for(partial(pair.knows, name), SEEN_WITHIN, pair.bridge.process.tail)
    for pair in pairs:
        wait_for(partial(pair.forgot, name), SEEN_WITHIN, pair.bridge.process.tail)
