"""A model of hosts that share an etcd: every step of every bridge, in every order, by the product's own decisions.

Deciding and committing are separate steps, so that others come in between; a bridge's memory is as stale as its
last look. A scene is a script per container (what it publishes, one after the other; None: nothing), hosts that
may be taken for dead, and keys of the view that strangers write or delete.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from bridge.claims.decide import Settled
from bridge.claims.gather import Change, Known
from bridge.claims.layout import ContainerKey
from bridge.claims.memory import Memory
from bridge.claims.place import Rule
from bridge.claims.settling import Answer, Settling
from bridge.claims.transaction import Committed, Compare, Range, Read, Revision, Transaction
from bridge.view.model import Publication
from tests.claims.fake_etcd import FakeEtcd
from tests.claims.invariants import BY_HAND, Hand, checked
from tests.claims.world import fence, identifier, layout

Step = tuple[str, str]
"""What happens, and to whom."""

BY_STRANGERS = (Rule.WAIT_FOREIGN, Rule.WAIT_CASE)


@dataclass(frozen=True, slots=True)
class Scene:
    """What may happen: a script for each container by its name, and who else acts.

    `left` lies in the view from the beginning, `losses` answers get lost on the way; `first` are containers that
    play before, one after the other; bridges decide all that they have yet to look at `together`, or one by one;
    `dropped` is the reason of the compares that no transaction gets.
    """

    hosts: Mapping[str, str]
    scripts: Mapping[str, tuple[Publication | None, ...]]
    mortal: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    wiped: tuple[str, ...] = ()
    left: Mapping[str, str] = field(default_factory=dict)
    first: tuple[str, ...] = ()
    losses: int = 0
    together: bool = False
    dropped: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """A container: how far its script is, whether its bridge has yet to look at it, and what it was told last."""

    position: int = 0
    marked: bool = False
    settled: Settled | None = None


@dataclass(slots=True)
class Actor:
    """A bridge, or whoever removes a dead host's claims: what it remembers and what it is about to do."""

    memory: Memory
    fence: tuple[Compare, ...]
    settling: Settling | None = None
    boxes: tuple[str, ...] = ()
    life: int = 0


@dataclass(slots=True)
class World:
    """One state of everything; a step makes another."""

    scene: Scene
    etcd: FakeEtcd
    actors: dict[str, Actor]
    boxes: dict[str, Box]
    hand: Hand
    lost: int = 0
    log: tuple[tuple[int, frozenset[str]], ...] = field(default=(), repr=False)

    def copy(self) -> "World":
        """A world whose steps do not show in this one."""
        return replace(self, actors=dict(self.actors), boxes=dict(self.boxes))


def begin(scene: Scene) -> World:
    """The world before anything happens."""
    etcd = FakeEtcd()
    hosts = sorted(set(scene.hosts.values()))
    actors = {host: Actor(Memory(layout(host)), fence(etcd, host)) for host in hosts}
    for key, value in scene.left.items():
        etcd.put(key, value)
    world = World(scene, etcd, actors, {name: Box() for name in scene.hosts}, Hand(frozenset(scene.left.items())))
    for name in scene.first:
        world = settled(take(world, ("user", name)))
    return world


def settled(world: World) -> World:
    """The world when all bridges have done what there is to do, in some order."""
    while step := next(inside(world), None):
        world = take(world, step)
    return world


def outside(world: World) -> Iterator[Step]:
    """What users, strangers and time can do next."""
    for name, script in world.scene.scripts.items():
        if world.boxes[name].position < len(script):
            yield "user", name
    for key in world.scene.written:
        if key not in world.etcd.keys and key not in world.hand.written:
            yield "write", key
    for key in world.scene.wiped:
        if key in world.etcd.keys and key not in world.hand.wiped:
            yield "wipe", key
    for host in world.scene.mortal:
        alive = layout(host).alive() in world.etcd.keys
        if world.actors[host].life < 1:
            yield ("die" if alive else "return"), host

    yield from _lost(world)


def _lost(world: World) -> Iterator[Step]:
    for who, actor in world.actors.items():
        if actor.settling and world.lost < world.scene.losses:
            yield "lose the request", who
            yield "lose the answer", who


def inside(world: World) -> Iterator[Step]:
    """What the bridges can do next."""
    for name, box in world.boxes.items():
        if box.marked and not world.actors[world.scene.hosts[name]].settling:
            yield "decide", name
    for actor, it in world.actors.items():
        if it.settling:
            yield "answer", actor
    for host in world.scene.mortal:
        gone = layout(host).alive() not in world.etcd.keys
        if gone and reaper(host) not in world.actors and world.etcd.find(layout(host).containers()):
            yield "reap", host


def reaper(host: str) -> str:
    """Whoever removes a dead host's claims."""
    return f"reaper of {host}"


def take(world: World, step: Step) -> World:
    """The world after a step."""
    world = world.copy()
    _STEPS[step[0]](world, step[1])
    return world


def _user(world: World, name: str) -> None:
    world.boxes[name] = replace(world.boxes[name], position=world.boxes[name].position + 1, marked=True)


def _write(world: World, key: str) -> None:
    world.etcd = world.etcd.copy()
    world.etcd.put(key, BY_HAND)
    world.hand = replace(world.hand, written=world.hand.written | {key})


def _wipe(world: World, key: str) -> None:
    world.etcd = world.etcd.copy()
    world.etcd.delete(key)
    world.hand = replace(world.hand, wiped=world.hand.wiped | {key})


def _die(world: World, host: str) -> None:
    world.etcd = world.etcd.copy()
    world.etcd.delete(layout(host).alive())


def _return(world: World, host: str) -> None:
    """A bridge finds itself dead, and begins anew with what it lists."""
    world.etcd = world.etcd.copy()
    now = fence(world.etcd, host)
    world.actors[host] = Actor(listed(world, host), now, life=world.actors[host].life + 1)
    for name in [name for name, at in world.scene.hosts.items() if at == host]:
        world.boxes[name] = replace(world.boxes[name], marked=True, settled=None)


def listed(world: World, host: str) -> Memory:
    """A memory of all that is there."""
    memory = Memory(layout(host))
    state = Range(memory.layout.state, memory.layout.state[:-1] + "0")
    memory.keys = {seen.key: seen for seen in world.etcd.find(state)}
    return memory


def _reap(world: World, host: str) -> None:
    memory, keys = listed(world, host), layout(host)
    record = world.etcd.keys[keys.host_record()]
    dead = (
        Compare(Range(keys.alive()), Revision.CREATED, 0, why="reap: the host is dead"),
        Compare(Range(keys.host_record()), Revision.MODIFIED, record.mod_revision, why="reap: it was not back"),
    )
    parsed = (keys.parse(seen.key) for seen in world.etcd.find(keys.containers()))
    gone = [Change(key.claimant.container, None) for key in parsed if isinstance(key, ContainerKey)]
    world.actors[reaper(host)] = Actor(memory, dead, Settling(gone, memory, dead))


def _decide(world: World, name: str) -> None:
    host = world.scene.hosts[name]
    others = [it for it, at in world.scene.hosts.items() if at == host and world.boxes[it].marked]
    names = tuple(others) if world.scene.together else (name,)
    actor = world.actors[host]
    memory = actor.memory.copy()
    settling = Settling([change_of(world, it) for it in names], memory, actor.fence)
    for it in names:
        world.boxes[it] = replace(world.boxes[it], marked=False)
    world.actors[host] = replace(actor, memory=memory, settling=settling, boxes=names)
    _finish(world, host)


def change_of(world: World, name: str) -> Change:
    """What a container's bridge is to settle at this point of its script."""
    return Change(identifier(name), wanted(world, name))


def wanted(world: World, name: str) -> Publication | None:
    """What a container publishes at this point of its script."""
    position = world.boxes[name].position
    return world.scene.scripts[name][position - 1] if position else None


def _answer(world: World, who: str) -> None:
    actor = _copied(world.actors[who])
    world.actors[who] = actor
    settling = actor.settling
    assert settling
    settling.answer(_carried_out(world, actor))
    _finish(world, who)


def _lose_answer(world: World, who: str) -> None:
    _carried_out(world, world.actors[who])
    _lose_request(world, who)


def _lose_request(world: World, who: str) -> None:
    """Nobody knows what became of the request: it is all to be decided again."""
    actor = _copied(world.actors[who])
    assert actor.settling
    actor.settling.lost()
    world.lost += 1
    world.actors[who] = replace(actor, settling=None, boxes=())
    for name in actor.boxes:
        world.boxes[name] = replace(world.boxes[name], marked=True)


def _carried_out(world: World, actor: Actor) -> Answer:
    assert actor.settling
    request = actor.settling.request
    assert request
    before, world.etcd = world.etcd, world.etcd.copy()
    answer = world.etcd.carry_out(_without(request, world.scene.dropped))
    if isinstance(answer, Committed) and isinstance(request, Transaction) and request.writes:
        checked(before, world.etcd, world.hand, actor.fence)
        _wake(world, frozenset(write.key for write in request.writes))
    return answer


def _without(request: Transaction | Read, why: str) -> Transaction | Read:
    if not why or isinstance(request, Read):
        return request
    return replace(request, compares=tuple(it for it in request.compares if it.why != why))


def _copied(actor: Actor) -> Actor:
    assert actor.settling
    memory, old = actor.memory.copy(), actor.settling
    settling = Settling.__new__(Settling)
    settling.__dict__.update(old.__dict__)
    settling.memory = memory
    known = old.known
    settling.known = Known(memory, dict(known.ranges), known.trusting)
    settling.batches = list(old.batches)
    settling.settled, settling.unsettled = dict(old.settled), list(old.unsettled)
    return replace(actor, memory=memory, settling=settling)


def _finish(world: World, who: str) -> None:
    actor = world.actors[who]
    settling = actor.settling
    if not settling or settling.request:
        return
    if who not in world.scene.hosts.values():
        del world.actors[who]
        return
    assert not settling.unsettled, f"{settling.unsettled} are refused again and again"
    world.actors[who] = replace(actor, settling=None, boxes=())
    for name in actor.boxes if not settling.fenced else ():
        told, box = settling.settled[identifier(name)], world.boxes[name]
        late = any(revision > told.revision and _covered(told, keys) for revision, keys in world.log)
        world.boxes[name] = replace(box, settled=told, marked=box.marked or late)


def _wake(world: World, keys: frozenset[str]) -> None:
    world.log = (*world.log, (world.etcd.revision, keys))
    for name, box in world.boxes.items():
        if box.settled and _covered(box.settled, keys):
            world.boxes[name] = replace(box, marked=True)


def _covered(told: Settled, keys: frozenset[str]) -> bool:
    return any(covers(watched, key) for watched in told.watch for key in keys)


def covers(watched: Range, key: str) -> bool:
    """Whether a key is in a range."""
    return watched.key <= key < watched.end if watched.end else key == watched.key


_STEPS: Mapping[str, Callable[[World, str], None]] = {
    "user": _user,
    "write": _write,
    "wipe": _wipe,
    "die": _die,
    "return": _return,
    "reap": _reap,
    "decide": _decide,
    "answer": _answer,
    "lose the answer": _lose_answer,
    "lose the request": _lose_request,
}
