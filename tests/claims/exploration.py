"""Explores a scene's events in every order, each state once, for a broken rule or an endless loop."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bridge.claims.decide import Settled
from bridge.claims.settling import Settling
from bridge.claims.transaction import Compare, Transaction
from tests.claims.fake_etcd import FakeEtcd
from tests.claims.invariants import checked, standing, state
from tests.claims.model import (
    BY_STRANGERS,
    Actor,
    Box,
    Scene,
    Step,
    World,
    begin,
    change_of,
    covers,
    inside,
    listed,
    lives,
    outside,
    take,
    wanted,
)
from tests.claims.versions import heard, is_later, said
from tests.claims.world import identifier, layout


def identity(world: World) -> int:
    """Return a number that is the same for worlds with the same future; of revisions only the order counts."""
    live = sorted({seen.mod_revision for seen in world.etcd.keys.values()})
    rank = {revision: place for place, revision in enumerate(live)}
    etcd = frozenset((seen.key, seen.value, rank[seen.mod_revision]) for seen in world.etcd.keys.values())
    actors = tuple(_actor(world, who, it, rank, live) for who, it in sorted(world.actors.items()))
    boxes = tuple((name, box.position, box.marked, _told(box)) for name, box in world.boxes.items())
    late = tuple((it.writes, _compares(world, it.compares, live)) for it in world.late)
    return hash((etcd, actors, boxes, world.hand, world.lost, late))


def _compares(world: World, compares: Iterable[Compare], live: list[int]) -> object:
    """Return what tells compares apart: their ranges, the rank of the expected revision, whether they hold."""
    holding = (world.etcd.commit(Transaction((it,), (), ())).__class__.__name__ for it in compares)
    return tuple(
        (it.range, it.revision, it.below, bisect_right(live, it.value), holds)
        for it, holds in zip(compares, holding, strict=True)
    )


def _told(box: Box) -> object:
    return box.settled and (box.settled.watch, box.settled.published)


def _actor(world: World, who: str, actor: Actor, rank: Mapping[int, int], live: list[int]) -> object:
    keys = world.etcd.keys

    def seen(key: str, value: str, revision: int) -> object:
        current = key in keys and keys[key].mod_revision == revision
        return key, value, rank[revision] if current else -1

    memory = frozenset(seen(it.key, it.value, it.mod_revision) for it in actor.memory.keys.values())
    fence = _compares(world, actor.fence, live)
    doubted = frozenset(actor.memory.doubted)
    if not actor.settling:
        return who, memory, doubted, fence, actor.life, actor.uncertain, actor.begins
    known = actor.settling.known
    ranges = frozenset(
        (
            asked,
            bisect_right(live, held.revision),
            frozenset(seen(it.key, it.value, it.mod_revision) for it in held.keys.values()),
            frozenset(
                key for at, changed in world.log if at > held.revision for key in changed if covers(asked, key)
            ),
        )
        for asked, held in known.ranges.items()
    )
    doing = (tuple(actor.settling.batches), actor.settling.attempts, known.trusting)
    return who, memory, doubted, fence, actor.life, actor.uncertain, actor.begins, ranges, hash(doing), actor.boxes


@dataclass(slots=True)
class Explored:
    """How many states were visited, and in how many of them the bridges were at rest."""

    states: int = 0
    rests: int = 0


def explore(scene: Scene, limit: int = 10**9) -> Explored:
    """Take every step in every order; raises AssertionError, with the steps so far, if a rule is broken.

    A state that leads back to itself is an endless loop of the bridges: users and strangers never repeat a state.
    """
    explored = Explored()
    open_, done = set[int](), set[int]()
    path: list[tuple[int, World, Iterator[Step], Step]] = []

    def enter(world: World, step: Step) -> None:
        name = identity(world)
        assert name not in open_, "moves for ever"
        if name in done:
            return
        explored.states += 1
        assert explored.states <= limit, "the world is larger than thought"
        own = list(inside(world))
        if not own:
            explored.rests += 1
            at_rest(world)
        open_.add(name)
        path.append((name, world, iter([*own, *outside(world)]), step))

    step: Step = ("", "")
    try:
        enter(begin(scene), step)
        while path:
            name, world, steps, _ = path[-1]
            step = next(steps, ("", ""))
            if step[0]:
                enter(take(world, step), step)
            else:
                open_.discard(name)
                done.add(name)
                path.pop()
    except AssertionError as error:
        way = [it[3] for it in path[1:]] + [step]
        raise AssertionError(f"{error} after {way}") from error
    return explored


def at_rest(world: World) -> None:
    """Check that each container is published or waits for a valid reason, and that removed ones left nothing.

    Resyncs of all hosts may still put the newest container's definition in force; after that nothing changes.
    """
    dead = {host for host in world.scene.hosts.values() if not lives(world, host)}
    for host in dead:
        assert not _left(world, host), f"{host} was removed, and left something"
    living = {name: box for name, box in world.boxes.items() if world.scene.hosts[name] not in dead}
    for name, box in living.items():
        told = _afresh(world, name)
        if box.settled and not box.settled.published and wanted(world, name):
            foreign = any(rule in BY_STRANGERS for rule in box.settled.rules)
            assert foreign or not told.published, f"{name} waits for nothing"
    if world.scene.later:
        _newest_had_their_way(world)
    standing(world.etcd, {identifier(name): wanted(world, name) for name in living})
    _still(world)


def _newest_had_their_way(world: World) -> None:
    """Check that a definer with the newest claim, if its bridge can read the object, is in force."""
    found, later = state(world.etcd), world.scene.later
    for ref, record in found.objects.items():
        who, claims = record.definer, found.claims[ref]
        readable = who.host in later or not is_later(world.etcd.keys[layout("").object(ref)].value)
        apart = {it.application for it in claims.values()} != {record.application}
        older = any((it.created, other) > (record.created, who) for other, it in claims.items())
        agrees = claims[who].wants.leaves == record.definition.leaves
        assert agrees or apart or older or not readable, f"{ref.name}: its newest claim has not had its way"


def _left(world: World, host: str) -> list[str]:
    """Return the keys that are left of a host, in the state and in the view."""
    servers = f"/loadbalancer/servers/{host}-"
    return [key for key in world.etcd.keys if f"/{host}/" in f"{key}/" or servers in key]


def _afresh(world: World, name: str) -> Settled:
    etcd, host = world.etcd.copy(), world.scene.hosts[name]
    settling = Settling([change_of(world, name)], listed(world, host), world.actors[host].fence)
    _drive(settling, etcd, later=host in world.scene.later)
    return settling.settled[identifier(name)]


def _drive(settling: Settling, etcd: FakeEtcd, *, later: bool) -> None:
    while settling.request:
        answer = etcd.carry_out(said(settling.request) if later else settling.request)
        settling.answer(heard(answer) if later else answer)


def _still(world: World) -> None:
    world = world.copy()
    world.etcd = world.etcd.copy()
    for _ in range(len(world.boxes) + 2):
        revision = world.etcd.revision
        for name, host in world.scene.hosts.items():
            if not lives(world, host):
                continue
            before = world.etcd.copy()
            fence_ = world.actors[host].fence
            settling = Settling([change_of(world, name)], listed(world, host), fence_)
            _drive(settling, world.etcd, later=host in world.scene.later)
            checked(before, world.etcd, world.hand, fence_, mixed=bool(world.scene.later))
        if world.etcd.revision == revision:
            return
    raise AssertionError("resyncs never come to rest")
