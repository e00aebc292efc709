"""Collect what is known of the containers and objects that changes touch: the input of one decision."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct, field

from bridge.claims.layout import Claimant, ClaimKey, Layout, folded
from bridge.claims.memory import Memory
from bridge.claims.place import Held, Place, Verdict
from bridge.claims.problems import problem, unreadable
from bridge.claims.records import (
    Claim,
    ContainerRecord,
    Definition,
    Leaves,
    Unreadable,
    decode_claim,
    decode_object,
)
from bridge.claims.transaction import KeyValue, Range
from bridge.labels.model import Leaf, Ref
from bridge.problem import Problem
from bridge.view.model import Item, Publication


class Change(Struct, frozen=True):
    """What a container of this host publishes from now on: nothing, if `publication` is None or it is `refused`.

    `keeps` are claims (names folded) that it keeps for now because they do not all fit one transaction.
    """

    container: str
    publication: Publication | None
    refused: Problem | None = None
    keeps: frozenset[Ref] = frozenset()


class Known(Struct):
    """What a decision is based on: the bridge's memory, and the ranges that were read for this decision.

    While `trusting`, ranges that were not read are assumed to be empty: the transaction compares them anyway.
    """

    memory: Memory
    ranges: dict[Range, Held] = field(default_factory=dict)
    trusting: bool = True

    @property
    def layout(self) -> Layout:
        """Where the keys are."""
        return self.memory.layout

    def learn(self, ranges: Sequence[Range], found: Sequence[Sequence[KeyValue]], revision: int) -> None:
        """Record what was read: single keys of the state in the memory, ranges for this decision only."""
        for asked, keys in zip(ranges, found, strict=True):
            if not asked.end and asked.key.startswith(self.layout.state):
                self.memory.learn(asked, keys)
            else:
                self.ranges[asked] = Held(revision, {seen.key: seen for seen in keys})


class Party(Struct):
    """One container while its change is decided: what it holds and wants, by folded name, and what it gets.

    `claims` are those that it wants; the spelling in force is not filled in yet.
    """

    change: Change
    me: Claimant
    record: ContainerRecord | None
    held: Mapping[Ref, Claim]
    wants: Mapping[Ref, Item]
    claims: Mapping[Ref, Claim]
    gets: dict[Ref, Claim] = field(default_factory=dict)
    verdicts: tuple[Verdict, ...] = ()

    @property
    def waits(self) -> bool:
        """Whether it waits as a whole."""
        return any(verdict.rule.waits for verdict in self.verdicts)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The problems to report."""
        if self.change.refused:
            return (self.change.refused,)
        return tuple(told for told, _ in self.told())

    def told(self) -> list[tuple[Problem, Verdict]]:
        """Return the problems of its objects, each with the verdict that it comes from."""
        told = ((problem(self.publication, self.wants[it.ref], it), it) for it in self.verdicts)
        return [(found, verdict) for found, verdict in told if found]

    @property
    def publication(self) -> Publication:
        """What it publishes: nothing if it leaves."""
        return self.change.publication or Publication("", self.change.container, "", "", ())

    @property
    def age(self) -> tuple[str, str, str]:
        """The order of arrival: by creation, then by name."""
        return self.publication.created, self.publication.container, self.publication.id

    def holds(self, ref: Ref) -> bool:
        """Return whether it already holds the claim that it wants, apart from the server."""
        held, wants = self.held.get(ref), self.claims.get(ref)
        if held is None or wants is None:
            return False
        return (held.application, held.created, held.wants) == (wants.application, wants.created, wants.wants)


def claimed(publication: Publication, item: Item, name: str = "") -> Claim:
    """Return a container's claim on one of its objects; `name` is the spelling in force."""
    return Claim(publication.application, publication.created, definition(item), name, leaves(item.server))


def definition(item: Item) -> Definition:
    """Return the definition that an item wants for its object."""
    return Definition(item.ref.name, leaves(item.definition))


def wanted(change: Change) -> set[Ref]:
    """Return the objects that a container publishes from now on, by folded name."""
    return {folded(item.ref) for item in change.publication.items} if change.publication else set()


def leaves(found: Iterable[Leaf]) -> Leaves:
    """Return leaves as stored in the state, without the labels that they come from."""
    return tuple(sorted((leaf.path, leaf.value) for leaf in found))


def party(known: Known, change: Change) -> Party | tuple[Problem, ...]:
    """Return what is known of a container, or the problems of those of its keys that cannot be read."""
    me, record = known.layout.me(change.container), known.memory.container(change.container)
    if isinstance(record, Unreadable):
        return (unreadable(change.container, known.layout.container(change.container), record.reason),)
    keys = {ref: known.layout.claim(ref, me) for ref in (record.claims if record else ())}
    found = {ref: known.memory.keys[key] for ref, key in keys.items() if key in known.memory.keys}
    read = {ref: decode_claim(seen.value) for ref, seen in found.items()}
    broken = {keys[ref]: claim.reason for ref, claim in read.items() if isinstance(claim, Unreadable)}
    if broken:
        return tuple(unreadable(change.container, *pair) for pair in broken.items())
    held = {ref: claim for ref, claim in read.items() if isinstance(claim, Claim)}
    publication = None if change.refused else change.publication
    wants = {folded(item.ref): item for item in publication.items} if publication else {}
    claims = {ref: claimed(publication, item) for ref, item in wants.items()} if publication else {}
    return Party(change, me, record, held, wants, claims)


def places(known: Known, parties: Sequence[Party]) -> dict[Ref, Place]:
    """Return the objects that these containers hold or want, by folded name."""
    holders: dict[Ref, list[Claimant]] = {ref: [] for one in parties for ref in (*one.held, *one.wants)}
    for one in parties:
        for ref in one.held:
            holders[ref].append(one.me)
    return {ref: _place(known, ref, who) for ref, who in holders.items()}


def _place(known: Known, ref: Ref, holders: Iterable[Claimant]) -> Place:
    layout, keys = known.layout, known.memory.keys
    seen, read = keys.find(layout.object(ref)), known.ranges.get(layout.claims(ref))
    held = read.keys if read else {key: keys[key] for key in (layout.claim(ref, who) for who in holders)}
    claims = {key.claimant: it for it in held.values() if isinstance(key := layout.parse(it.key), ClaimKey)}
    return Place(
        ref,
        layout,
        seen,
        decode_object(seen.value) if seen else None,
        {who: decode_claim(it.value) for who, it in claims.items()},
        {who: it.mod_revision for who, it in claims.items()},
        read.revision if read else None,
        known.memory.names.get(ref, frozenset()),
        known.ranges,
        known.trusting,
    )
