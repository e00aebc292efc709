"""A model of hosts that share an etcd: every step of every bridge, in any order, by the product's own decisions.

Deciding and committing are separate steps, so that others can come in between; a bridge's memory is as stale as
its last read. A scene is a script per container (the publications that follow each other; None: nothing), hosts
that may be taken for dead, and keys of the view that strangers write or delete.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from msgspec import structs

from bridge.claims.decide import Decision, Settled, decide
from bridge.claims.gather import Change, Known
from bridge.claims.hosts import forgetting, living, unchanged
from bridge.claims.layout import ClaimKey, ContainerKey, StateKey
from bridge.claims.memory import Memory
from bridge.claims.place import Rule
from bridge.claims.resync import recorded
from bridge.claims.settling import Answer, Settling
from bridge.claims.standing import standing
from bridge.claims.table import Keys, Table
from bridge.claims.transaction import Committed, Compare, Put, Range, Read, Transaction
from bridge.view.model import Publication
from tests.claims.fake_etcd import FakeEtcd
from tests.claims.invariants import BY_HAND, Hand, checked
from tests.claims.versions import heard, said, understood
from tests.claims.world import fence, identifier, layout

Step = tuple[str, str]
"""What happens, and to whom."""

RENEWAL = "the renewal after a lost answer"
"""As `dropped`, this leaves out renewing `alive` instead of a compare."""

BY_STRANGERS = (Rule.WAIT_FOREIGN, Rule.WAIT_CASE)


@dataclass(frozen=True, slots=True)
class Scene:
    """What may happen: a script for each container, by name, and what hosts, the network and strangers may do.

    `left` is in the view from the beginning; up to `losses` requests or answers get lost, or arrive late;
    the scripts of the containers in `first` are advanced before, one step for each mention. Bridges decide all
    pending containers `together`, or one by one; on the hosts in `later` they are of a later version. A host in
    `mortal` dies and returns in turn, up to that number of times in all; while it is dead, `reapers` remove it.
    `dropped` is the reason of the compares that are left out of all transactions.
    """

    hosts: Mapping[str, str]
    scripts: Mapping[str, tuple[Publication | None, ...]]
    mortal: Mapping[str, int] = field(default_factory=dict)
    reapers: tuple[str, ...] = ("first",)
    written: tuple[str, ...] = ()
    wiped: tuple[str, ...] = ()
    left: Mapping[str, str] = field(default_factory=dict)
    first: tuple[str, ...] = ()
    losses: int = 0
    together: bool = False
    later: frozenset[str] = frozenset()
    dropped: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """A container: the position in its script, whether a decision is pending, and the last decision."""

    position: int = 0
    marked: bool = False
    settled: Settled | None = None


@dataclass(slots=True)
class Actor:
    """A bridge, or a reaper that removes a dead host's claims: what it remembers and what it is about to do."""

    memory: Memory
    fence: tuple[Compare, ...]
    settling: Settling | None = None
    boxes: tuple[str, ...] = ()
    life: int = 0
    uncertain: bool = False
    begins: bool = False
    reaps: str = ""


@dataclass(slots=True)
class World:
    """The state of everything; a step makes a new one."""

    scene: Scene
    etcd: FakeEtcd
    actors: dict[str, Actor]
    boxes: dict[str, Box]
    hand: Hand
    lost: int = 0
    late: tuple[Transaction, ...] = ()
    log: tuple[tuple[int, frozenset[str]], ...] = field(default=(), repr=False)

    def copy(self) -> "World":
        """Return a copy whose steps do not change this world."""
        return replace(self, actors=dict(self.actors), boxes=dict(self.boxes))


def begin(scene: Scene) -> World:
    """Return the world before anything happens, but for the steps in `first`."""
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
    """Return the world after the bridges have done all pending work, in some order."""
    while step := next(inside(world), None):
        world = take(world, step)
    return world


def outside(world: World) -> Iterator[Step]:
    """Yield the steps that users, strangers, failures and time can take next."""
    for name, script in world.scene.scripts.items():
        if world.boxes[name].position < len(script):
            yield "user", name
    for key in world.scene.written:
        if key not in world.etcd.keys and key not in world.hand.written:
            yield "write", key
    for key in world.scene.wiped:
        if key in world.etcd.keys and key not in world.hand.wiped:
            yield "wipe", key
    for host, times in world.scene.mortal.items():
        if world.actors[host].life < times:
            yield ("die" if lives(world, host) else "return"), host
    yield from _lost(world)


def lives(world: World, host: str) -> bool:
    """Return whether a host is not taken for dead."""
    return layout(host).alive() in world.etcd.keys


def _lost(world: World) -> Iterator[Step]:
    for who, actor in world.actors.items():
        if actor.settling and actor.settling.request and world.lost < world.scene.losses:
            yield "lose the request", who
            yield "lose the answer", who
            if isinstance(actor.settling.request, Transaction):
                yield "delay the request", who
    if world.late:
        yield "arrive late", ""


def inside(world: World) -> Iterator[Step]:
    """Yield the steps that the bridges can take next."""
    for name, box in world.boxes.items():
        actor_ = world.actors[world.scene.hosts[name]]
        if box.marked and not actor_.settling and not actor_.begins:
            yield "decide", name
    for actor, it in world.actors.items():
        if it.begins:
            yield "begin", actor
        if it.settling:
            yield ("answer" if it.settling.request else "forget"), actor
    for host in world.scene.mortal:
        if not lives(world, host) and layout(host).host_record() in world.etcd.keys:
            for who in world.scene.reapers:
                if f"{who} reaper of {host}" not in world.actors:
                    yield "reap", f"{who} reaper of {host}"


def take(world: World, step: Step) -> World:
    """Return the world after a step."""
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
    world.actors[host] = replace(world.actors[host], life=world.actors[host].life + 1)


def _return(world: World, host: str) -> None:
    """Let a bridge that was taken for dead write its `alive` anew."""
    world.etcd = world.etcd.copy()
    world.etcd.put(layout(host).alive(), "back")
    now, life = living(layout(host), world.etcd.revision), world.actors[host].life + 1
    world.actors[host] = Actor(Memory(layout(host)), now, life=life, begins=True)


def _begin(world: World, host: str) -> None:
    """Let a bridge with a new `alive` write its host record, and only then list the keys."""
    world.etcd = world.etcd.copy()
    actor = world.actors[host]
    record = Put(layout(host).host_record(), f"life {actor.life}")
    if isinstance(world.etcd.commit(Transaction(actor.fence, (record,), ())), Committed):
        actor = replace(actor, memory=listed(world, host))
    world.actors[host] = replace(actor, begins=False)
    for name in [name for name, at in world.scene.hosts.items() if at == host]:
        world.boxes[name] = replace(world.boxes[name], marked=True, settled=None)


def listed(world: World, host: str) -> Memory:
    """Return a memory of the whole state, as the host's bridge reads it."""
    memory = _all(world, host)
    if host in world.scene.later:
        memory.keys = Keys(Table(map(understood, memory.keys.seen())))
    return memory


def _all(world: World, host: str) -> Memory:
    memory = Memory(layout(host))
    state = Range(memory.layout.state, memory.layout.state[:-1] + "0")
    memory.keys = Keys(Table(world.etcd.find(state)))
    return memory


def _reap(world: World, who: str) -> None:
    host = who.rpartition(" ")[2]
    memory, keys = _all(world, host), layout(host)
    dead = unchanged(keys, None, world.etcd.keys[keys.host_record()])
    memory.keys = Keys(Table(it for it in memory.keys.seen() if not _of_another(keys.parse(it.key), host)))
    leaving = Settling([Change(it, None) for it in recorded(memory)], memory, dead)
    world.actors[who] = Actor(memory, dead, leaving, reaps=host)


def _of_another(key: StateKey | None, host: str) -> bool:
    return isinstance(key, ContainerKey | ClaimKey) and key.claimant.host != host


def _forget(world: World, who: str) -> None:
    """Let a reaper delete the host's record, its last step."""
    actor = world.actors.pop(who)
    request = forgetting(layout(actor.reaps), actor.fence)
    world.etcd = world.etcd.copy()
    world.etcd.carry_out(_without(request, world.scene.dropped))


def _apart(memory: Memory) -> Memory:
    """Return an independent copy of a memory."""
    return structs.replace(memory, keys=Keys(Table(memory.keys.seen())), doubted=set(memory.doubted))


def _decide(world: World, name: str) -> None:
    host = world.scene.hosts[name]
    others = [it for it, at in world.scene.hosts.items() if at == host and world.boxes[it].marked]
    names = tuple(others) if world.scene.together else (name,)
    actor = world.actors[host]
    if actor.uncertain and world.scene.dropped != RENEWAL:
        actor = _renewed(world, actor, host)
    memory, changes = _apart(actor.memory), [change_of(world, it) for it in names]
    for change in changes:
        _stands_as_decided(change, memory, actor.fence)
    settling = Settling(changes, memory, actor.fence)
    for it in names:
        world.boxes[it] = replace(world.boxes[it], marked=False)
    world.actors[host] = replace(actor, memory=memory, settling=settling, boxes=names)
    _finish(world, host)


def _stands_as_decided(change: Change, memory: Memory, fence: tuple[Compare, ...]) -> None:
    """Check that the shortcut of comparing texts decides the same as the full decision."""
    if stands := standing(change, memory):
        decided = decide([change], Known(memory), fence)
        assert decided == Decision((stands,), None, 0), (stands, decided)


def _renewed(world: World, actor: Actor, host: str) -> Actor:
    """Renew `alive`, so that a transaction still under way without an answer is refused from now on."""
    world.etcd = world.etcd.copy()
    alive = layout(host).alive()
    again = Transaction(actor.fence, (Put(alive, "again"),), (Range(alive),))
    fence = actor.fence
    if isinstance(done := world.etcd.commit(again), Committed):
        fence = living(layout(host), done.revision)
    return replace(actor, fence=fence, uncertain=False)


def change_of(world: World, name: str) -> Change:
    """Return the change that a container's bridge is to settle at this point of its script."""
    return Change(identifier(name), wanted(world, name))


def wanted(world: World, name: str) -> Publication | None:
    """Return what a container publishes at this point of its script."""
    position = world.boxes[name].position
    return world.scene.scripts[name][position - 1] if position else None


def _answer(world: World, who: str) -> None:
    actor = _copied(world.actors[who])
    world.actors[who] = actor
    settling = actor.settling
    assert settling
    settling.answer(_carried_out(world, who))
    _finish(world, who)


def _lose_answer(world: World, who: str) -> None:
    _carried_out(world, who)
    _lose_request(world, who)


def _lose_request(world: World, who: str) -> None:
    """Lose a request whose outcome nobody knows: everything in it is decided again."""
    actor = _copied(world.actors[who])
    assert actor.settling
    actor.settling.lost()
    world.lost += 1
    world.actors[who] = replace(actor, settling=None, boxes=(), uncertain=True)
    for name in actor.boxes:
        world.boxes[name] = replace(world.boxes[name], marked=True)
    if actor.reaps:
        del world.actors[who]


def _delay(world: World, who: str) -> None:
    settling = world.actors[who].settling
    assert settling
    assert isinstance(settling.request, Transaction)
    world.late = (*world.late, said(settling.request) if who in world.scene.later else settling.request)
    _lose_request(world, who)


def _arrive(world: World, _: str) -> None:
    request, *rest = world.late
    world.late = tuple(rest)
    _commit(world, request, ())


def _carried_out(world: World, who: str) -> Answer:
    actor = world.actors[who]
    assert actor.settling
    request = actor.settling.request
    assert request
    dead, later = actor.reaps and not lives(world, actor.reaps), who in world.scene.later
    answer = _commit(world, said(request) if later else request, () if actor.reaps else actor.fence)
    if isinstance(answer, Committed) and isinstance(request, Transaction) and request.writes:
        assert dead or not actor.reaps, "removed from a host that lives"
    return heard(answer) if later else answer


def _commit(world: World, request: Transaction | Read, fence_: tuple[Compare, ...]) -> Answer:
    before, world.etcd = world.etcd, world.etcd.copy()
    answer = world.etcd.carry_out(_without(request, world.scene.dropped))
    if isinstance(answer, Committed) and isinstance(request, Transaction) and request.writes:
        checked(before, world.etcd, world.hand, fence_, mixed=bool(world.scene.later))
        _wake(world, frozenset(write.key for write in request.writes))
    return answer


def _without(request: Transaction | Read, why: str) -> Transaction | Read:
    if not why or isinstance(request, Read):
        return request
    return structs.replace(request, compares=tuple(it for it in request.compares if it.why != why))


def _copied(actor: Actor) -> Actor:
    assert actor.settling
    memory, old = _apart(actor.memory), actor.settling
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
    if actor.reaps:
        # A reaper that was refused too often, or found the host back, starts over; otherwise it forgets the host.
        if settling.fenced or settling.unsettled:
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
    """Return whether a key is in a range."""
    return watched.key <= key < watched.end if watched.end else key == watched.key


_STEPS: Mapping[str, Callable[[World, str], None]] = {
    "user": _user,
    "write": _write,
    "wipe": _wipe,
    "die": _die,
    "return": _return,
    "begin": _begin,
    "reap": _reap,
    "forget": _forget,
    "decide": _decide,
    "answer": _answer,
    "lose the answer": _lose_answer,
    "lose the request": _lose_request,
    "delay the request": _delay,
    "arrive late": _arrive,
}
