"""Faults of every kind, from which schedules are drawn at random: whoever has the seed has the schedule."""

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
"""Of each kind of fault to be part of a schedule's next step: two or three are at the same time."""


@dataclass(slots=True)
class Scene:
    """A host whose way to etcd can be cut, and another one with which it shares a service."""

    lab: World
    other: World
    place: NetworkHost
    network: Network

    def heal(self) -> None:
        """Have everything there, whatever a test left."""
        self.place.join(self.network)
        self.lab.heal()
        self.other.heal()


@contextmanager
def make_scene(docker: Docker, prefix: str) -> Iterator[Scene]:
    """Start a cluster, and the bridges of both hosts; their containers start again with their engine."""
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
    """Have no bridge; the next one waits for the lease, with which the fault ends."""
    world.bridge.process.kill()
    yield
    world.start_bridge()


@contextmanager
def bridge_stopped(world: World) -> Iterator[None]:
    """Have a bridge that ends as it should, and another one."""
    world.bridge.process.end()
    yield
    world.start_bridge()


@contextmanager
def bridge_begins(world: World) -> Iterator[None]:
    """Have a bridge that ends as it should, and another one that begins while the other faults last."""
    world.bridge.process.end()
    world.bridge.start()
    yield


@contextmanager
def bridge_frozen(world: World) -> Iterator[None]:
    """Have a bridge that stands still, for longer than its lease or not."""
    world.freeze_bridge()
    yield
    world.thaw_bridge()


@contextmanager
def lease_revoked(world: World) -> Iterator[None]:
    """Have somebody else take the bridge's lease away."""
    world.revoke_lease()
    yield


@contextmanager
def socket_gone(world: World) -> Iterator[None]:
    """Have neither a Docker socket nor a stream of events."""
    world.docker.disconnect()
    yield
    world.docker.connect()


@contextmanager
def event_torn(world: World) -> Iterator[None]:
    """Have the next event cut in the middle."""
    world.docker.relay.torn = b'"start"'
    yield


@contextmanager
def connections_cut(world: World) -> Iterator[None]:
    """Have all connections to the engine break, at the beginning and at the end."""
    world.docker.relay.cut()
    yield
    world.docker.relay.cut()


@contextmanager
def engine_restarted(world: World) -> Iterator[None]:
    """Have the engine killed and started again, and its containers with it."""
    docker = world.docker
    docker.changed.update(docker.everyone(), ("shared",))
    docker.engine.process.kill()
    docker.engine.restart()
    wait_for(lambda: len(docker.everyone("--filter=status=running")) == len(docker.everyone()), HEALED_WITHIN, "")
    yield


@contextmanager
def drained(world: World) -> Iterator[None]:
    """Have a container asked to stop that does not, until it is killed; then it is started again, and removed."""
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
    """Have nothing come from etcd to one host, nor from there to etcd."""
    scene.place.cut(scene.network)
    yield
    scene.place.join(scene.network)


@contextmanager
def history_compacted(scene: Scene) -> Iterator[None]:
    """Have nothing left of what was before this step."""
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
"""Faults after which the bridge is the same process, and the containers are the same."""


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
"""Of these there is one at a time."""


def draw(chance: random.Random) -> Mapping[str, OfScene]:
    """Choose one fault, or several of different kinds, in the order in which they begin.

    They end in the opposite one, since a new bridge needs the others to begin.
    """
    kinds = (*KINDS, chance.choice(OF_ETCD))
    chosen = {name: kind[name] for kind in kinds if chance.random() < CHANCE for name in [chance.choice([*kind])]}
    return chosen or draw(chance)
