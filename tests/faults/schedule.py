"""Faults of every kind, from which schedules are drawn at random; a seed always gives the same schedule."""

import random
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

from tests.faults.docker import Docker
from tests.faults.etcd_faults import FAULTS, LIMITED, STATES, compact
from tests.faults.world import HEALED_WITHIN, World, new_world
from tests.lab.bridge import Bridge
from tests.lab.etcd import Member, cluster
from tests.lab.network import Network, NetworkHost, make_host, make_network
from tests.lab.wait import wait_for

SITES: Mapping[str, str] = {"lab": "!Label(`site`, `other`)", "other": "Label(`site`, `other`)"}
CHANCE = 0.4
"""Probability that a kind of fault is part of a step, so that two or three usually happen at the same time."""


@dataclass(slots=True)
class Scene:
    """A host that can be cut off from etcd, and another one with which it shares a service."""

    lab: World
    other: World
    place: NetworkHost
    network: Network

    def heal(self) -> None:
        """Have all parts running again, whatever state a test left."""
        self.place.join(self.network)
        self.lab.heal()
        self.other.heal()


@contextmanager
def make_scene(docker: Docker, prefix: str) -> Iterator[Scene]:
    """Start a cluster and the bridges of both hosts; containers are restarted with their engine."""
    with ExitStack() as stack:
        network = stack.enter_context(make_network())
        place = stack.enter_context(make_host(1, network))
        made = [Member(f"member{number}", address=network.address(0)) for number in range(3)]
        members = stack.enter_context(cluster("3.4", made, (LIMITED,)))
        docker.options = ("--restart=always",)
        docker.populate()
        worlds = []
        for host, constraints in SITES.items():
            docker.share(host)
            world = new_world(docker, members, prefix, host_name=host, constraints=constraints)
            world.host, world.sites = host, SITES
            worlds.append(world)
        lab, other = worlds
        lab.bridge.program = (*place.inside, *Bridge.program)
        for world in worlds:
            stack.enter_context(world.bridge)
        yield Scene(lab, other, place, network)


@contextmanager
def bridge_killed(world: World) -> Iterator[None]:
    """Kill the bridge; the next one waits for the old lease to expire, which ends the fault."""
    world.bridge.process.kill()
    yield
    world.start_bridge()


@contextmanager
def bridge_stopped(world: World) -> Iterator[None]:
    """Stop the bridge cleanly; start another one at the end."""
    world.bridge.process.end()
    yield
    world.start_bridge()


@contextmanager
def bridge_begins(world: World) -> Iterator[None]:
    """Stop the bridge cleanly; start another one at once, while the other faults last."""
    world.bridge.process.end()
    world.bridge.start()
    yield


@contextmanager
def bridge_frozen(world: World) -> Iterator[None]:
    """Freeze the bridge, for longer than its lease or not."""
    world.freeze_bridge()
    yield
    world.thaw_bridge()


@contextmanager
def lease_revoked(world: World) -> Iterator[None]:
    """Revoke the bridge's lease from outside."""
    world.revoke_lease()
    yield


@contextmanager
def socket_gone(world: World) -> Iterator[None]:
    """Remove the Docker socket, which also ends the stream of events."""
    world.docker.disconnect()
    yield
    world.docker.connect()


@contextmanager
def event_torn(world: World) -> Iterator[None]:
    """Cut the next start event in the middle."""
    world.docker.relay.torn = b'"start"'
    yield


@contextmanager
def connections_cut(world: World) -> Iterator[None]:
    """Break all connections to the engine, at the beginning and at the end."""
    world.docker.relay.cut()
    yield
    world.docker.relay.cut()


@contextmanager
def engine_restarted(world: World) -> Iterator[None]:
    """Kill the engine and start it again, and its containers with it."""
    docker = world.docker
    docker.changed.update(docker.everyone(), ("shared",))
    docker.engine.process.kill()
    docker.engine.restart()
    wait_for(lambda: len(docker.everyone("--filter=status=running")) == len(docker.everyone()), HEALED_WITHIN, "")
    yield


@contextmanager
def drained(world: World) -> Iterator[None]:
    """Stop a container that ignores its stop signal until it is killed; then start it again and remove it."""
    docker = world.docker
    name = docker.run("--stop-signal=WINCH")
    docker.names.remove(name)
    with ThreadPoolExecutor(1) as thread:
        stopped = thread.submit(docker.engine.cli, "stop", "--time=2", name)
        yield
        stopped.result()
    docker.engine.cli("start", name)
    docker.engine.cli("rm", "--force", name)


@contextmanager
def host_cut_off(scene: Scene) -> Iterator[None]:
    """Cut one host off from etcd, in both directions."""
    scene.place.cut(scene.network)
    yield
    scene.place.join(scene.network)


@contextmanager
def history_compacted(scene: Scene) -> Iterator[None]:
    """Compact the history up to the start of this step."""
    assert scene.lab.start
    compact(scene.lab, scene.lab.start.revision)
    yield


OfWorld = Callable[[World], AbstractContextManager[None]]
OfScene = Callable[[Scene], AbstractContextManager[None]]

BRIDGE: Mapping[str, OfWorld] = {
    it.__name__: it for it in (bridge_killed, bridge_stopped, bridge_begins, bridge_frozen, lease_revoked)
}
DOCKER: Mapping[str, OfWorld] = {
    it.__name__: it for it in (socket_gone, event_torn, connections_cut, engine_restarted, drained)
}
ETCD: Mapping[str, OfWorld] = {name: fault.on for name, fault in FAULTS.items()}
SURVIVED: Mapping[str, OfWorld] = {
    **{it.__name__: it for it in (bridge_frozen, lease_revoked, socket_gone, event_torn, connections_cut)},
    **ETCD,
}
"""Faults that restart neither the bridge nor the containers."""


def _of(host: str, faults: Mapping[str, OfWorld]) -> Mapping[str, OfScene]:
    def on(fault: OfWorld, scene: Scene) -> AbstractContextManager[None]:
        return fault(getattr(scene, host))

    return {f"{host}: {name}": partial(on, fault) for name, fault in faults.items()}


KINDS: tuple[Mapping[str, OfScene], ...] = (
    {"history compacted": history_compacted},
    _of("lab", BRIDGE),
    _of("other", BRIDGE),
    _of("lab", DOCKER),
    {"lab: cut off": host_cut_off},
)
OF_ETCD = _of("lab", ETCD), _of("lab", STATES)
"""Only one of these at a time."""


def draw(chance: random.Random) -> Mapping[str, OfScene]:
    """Choose one fault, or several of different kinds, in the order in which they begin.

    They end in reverse order, since a new bridge can start only once the faults after it have ended.
    """
    kinds = (*KINDS, chance.choice(OF_ETCD))
    chosen = {name: kind[name] for kind in kinds if chance.random() < CHANCE for name in [chance.choice([*kind])]}
    return chosen or draw(chance)
