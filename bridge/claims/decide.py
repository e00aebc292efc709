"""Decide the changes of several containers together, from what was last seen, as one transaction.

First the claims that go are dropped, then the containers claim what they want, the oldest first, each on top of
what was decided before it; the difference between before and after is written. So a container and its replacement
change places in one transaction. A single event is the case of one container, a resync that of many.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from bridge.claims.fitting import Kind, compares, unread
from bridge.claims.gather import Change, Known, Party, party, places
from bridge.claims.layout import Claimant, Layout
from bridge.claims.place import Place, Rule, Verdict
from bridge.claims.problems import remaining
from bridge.claims.records import ObjectRecord
from bridge.claims.transaction import MAX_OPERATIONS, Compare, Range, Transaction, as_seen
from bridge.claims.writes import difference
from bridge.labels.model import Ref
from bridge.problem import Problem


class Settled(Struct, frozen=True):
    """The outcome for one container: published, waiting, or gone.

    `rules` are those that decided each of its claims. `problems` hold while it waits or differs; it must then be
    decided again when a key in `watch` changes after `revision` (which may precede its own transaction).
    """

    container: str
    published: bool
    rules: tuple[Rule, ...] = ()
    problems: tuple[Problem, ...] = ()
    watch: tuple[Range, ...] = ()
    revision: int = 0


class Decision(Struct, frozen=True):
    """The outcome for each container once the transaction (None: there is nothing to do) is committed.

    `relied` is the oldest revision of the reads that the decision relies on, 0 if there are none. If it
    `redefines` an object, other containers may differ from now on; the decision does not report that.
    """

    settled: tuple[Settled, ...]
    transaction: Transaction | None
    relied: int
    redefines: bool = False

    @property
    def writes(self) -> bool:
        """Whether anything is written."""
        return self.transaction is not None and bool(self.transaction.writes)


class Needs(Struct, frozen=True):
    """Ranges that must be read before anything can be decided."""

    ranges: tuple[Range, ...]


def decide(
    changes: Sequence[Change],
    known: Known,
    fence: tuple[Compare, ...],
    coarse: Collection[Kind] = (),
) -> Decision | Needs:
    """Decide the changes of several containers of one host together.

    For the kinds in `coarse`, compare whole ranges instead of those of each object.
    """
    gathered = {change.container: party(known, change) for change in changes}
    parties = [one for one in gathered.values() if isinstance(one, Party)]
    objects = places(known, parties)
    _leave(parties, objects)
    for one in sorted(parties, key=lambda one: one.age):
        _arrive(one, objects)
    needs = {keys for place in objects.values() for keys in (*place.finish(), *unread(place, coarse))}
    if needs:
        return Needs(tuple(sorted(needs, key=lambda keys: keys.key)))
    settled = [
        _settled(one, objects) if isinstance(one, Party) else Settled(name, published=False, problems=one)
        for name, one in gathered.items()
    ]
    writes = difference(parties, objects.values(), known)
    own = _own(parties, known) if writes else ()
    asked = (*own, *compares(objects.values(), coarse, known.layout))
    reads = _reads(objects.values(), (*fence, *own), len(fence) + len(asked))
    transaction = Transaction((*fence, *asked), writes, reads) if writes or asked else None
    relied = [place.read for place in objects.values() if place.read is not None]
    redefines = any(place.redefined for place in objects.values())
    return Decision(tuple(settled), transaction, min(relied, default=0), redefines)


def _leave(parties: Iterable[Party], objects: Mapping[Ref, Place]) -> None:
    """Drop unwanted claims, all of an object at once, so that no leaving container succeeds another."""
    leavers: dict[Ref, list[Claimant]] = {}
    for one in parties:
        for ref, claim in one.held.items():
            if ref in one.change.keeps or one.holds(ref):
                one.gets[ref] = claim
            else:
                leavers.setdefault(ref, []).append(one.me)
    for ref, who in leavers.items():
        objects[ref].leave(who)


def _arrive(one: Party, objects: Mapping[Ref, Place]) -> None:
    one.verdicts = tuple(
        objects[ref].rule(one.me, claim, holds=one.holds(ref)) for ref, claim in one.claims.items()
    )
    if any(objects[ref].needs for ref in one.wants):
        return
    if one.waits:
        _withdraw(one, objects)
    else:
        for verdict in one.verdicts:
            _take(one, objects[verdict.ref], verdict)


def _withdraw(one: Party, objects: Mapping[Ref, Place]) -> None:
    """Drop all claims of a container that waits, since nobody waits for something while holding something."""
    for ref in one.gets:
        objects[ref].leave([one.me])
    one.gets = {}
    for verdict in one.verdicts:
        if verdict.rule.waits:
            objects[verdict.ref].verify()


def _take(one: Party, place: Place, verdict: Verdict) -> None:
    if verdict.rule is Rule.DIFFER:
        place.verify()
    if not one.holds(place.ref) or verdict.rule not in (Rule.JOIN, Rule.DIFFER):
        place.apply(one.me, one.claims[place.ref], verdict)
    force = place.record
    name = force.definition.name if isinstance(force, ObjectRecord) else one.held[place.ref].name
    one.gets[place.ref] = replace(one.claims[place.ref], name=name)


def _settled(one: Party, objects: Mapping[Ref, Place]) -> Settled:
    watch = dict.fromkeys(
        keys for verdict in one.verdicts for keys in _watched(verdict, objects[verdict.ref].layout)
    )
    published = bool(one.wants) and not one.waits
    left = [(ref, objects[ref].remains) for ref in one.held.keys() - one.gets.keys()]
    problems = (*one.problems, *(remaining(one.me.container, *pair) for pair in sorted(left) if pair[1]))
    rules = tuple(verdict.rule for verdict in one.verdicts)
    return Settled(one.change.container, published, rules, problems, tuple(watch))


def _watched(verdict: Verdict, layout: Layout) -> tuple[Range, ...]:
    claims, force = layout.claims(verdict.ref), Range(layout.object(verdict.ref))
    if verdict.rule is not Rule.DIFFER and not verdict.rule.waits:
        return ()
    return (force, claims) if verdict.among_others else (force,)


def _own(parties: Iterable[Party], known: Known) -> tuple[Compare, ...]:
    """Require each container's record to be unchanged: a purge or a restored etcd takes claims away with it.

    The objects would not show this: a claim that is already held is written without comparing its object.
    """
    records = (known.layout.container(one.me.container) for one in parties)
    return tuple(as_seen(key, known.memory.keys.find(key), "own: the record is unchanged") for key in records)


def _reads(objects: Iterable[Place], first: Iterable[Compare], compared: int) -> tuple[Range, ...]:
    """Return what to read if the transaction is refused: the ranges of `first`, all definitions in force, claims.

    Claims are read only as far as they take no room from the writes, given that `compared` compares are made.
    """
    firsts = [compare.range for compare in first]
    forces = [Range(place.layout.object(place.ref)) for place in objects]
    claims = [place.layout.claims(place.ref) for place in objects if place.claims_compares]
    room = max(compared, MAX_OPERATIONS // 2, len(firsts) + len(forces))
    return tuple(dict.fromkeys((*firsts, *forces, *claims)))[: min(room, MAX_OPERATIONS)]
