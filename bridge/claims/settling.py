"""Decide, commit, learn, decide again: the one loop that settles changes, without doing the I/O itself.

Its driver carries out each request and passes the answer back: the daemon with etcd, a test with a model.

    settling = Settling(changes, memory, fence)
    while settling.request:
        settling.answer(await carry_out(settling.request))
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from msgspec.structs import replace

from bridge.claims.decide import Decision, Needs, Settled, decide
from bridge.claims.fitting import fits, is_too_heavy, kind
from bridge.claims.gather import Change, Known, wanted
from bridge.claims.grouping import independent
from bridge.claims.layout import ContainerKey, Layout, folded
from bridge.claims.memory import Memory
from bridge.claims.place import Rule
from bridge.claims.problems import clash, stuck, too_large
from bridge.claims.standing import standing
from bridge.claims.transaction import (
    Committed,
    Compare,
    Found,
    KeyValue,
    Range,
    Read,
    Refused,
    Transaction,
    holds,
)
from bridge.labels.model import Ref

ATTEMPTS = 16
"""How often one transaction is tried: each refusal means that somebody else made progress."""

COMPARES_AT_ONCE = 126
"""How many compares independent changes may need to be decided together; the fence needs up to two more."""

Answer = Committed | Refused | Found


class Settling:
    """Settles some changes of one host's containers.

    `request` is what to do next, None at the end. Then `settled` holds the outcome for each container; those in
    `unsettled` were refused too often and must be settled again later. `fenced` says that this bridge was declared
    dead in the meantime: nothing more was written, and its memory is void.
    """

    def __init__(self, changes: Iterable[Change], memory: Memory, fence: tuple[Compare, ...]) -> None:
        self.memory = memory
        self.fence = fence
        self.request: Transaction | Read | None = None
        self.settled: dict[str, Settled] = {}
        self.unsettled: list[str] = []
        self.fenced = False
        self._stuck: Mapping[str, frozenset[Ref]] = {}
        moving = self._moving(changes)
        self.batches = [tuple(moving)] if len(moving) == 1 else self._packed(self._independent(moving))
        self._decision: Decision | None = None
        self._begin()
        if memory.doubted:
            self.request = Read(tuple(Range(key) for key in sorted(memory.doubted)))
        else:
            self._advance()

    def answer(self, answer: Answer) -> None:
        """Process the answer to the request, and decide what is next."""
        request, self.request = self.request, None
        match request, answer:
            case Read(ranges), Found(revision, found):
                self.known.learn(ranges, found, revision)
            case Transaction() as transaction, Committed(revision):
                assert self._decision
                self.memory.commit(transaction, revision)
                self._finish(self._decision, revision)
            case Transaction() as transaction, Refused() as refused:
                self._learn(transaction, refused)
            case _:
                raise AssertionError(request, answer)
        self._advance()

    def lost(self) -> None:
        """Note that the answer to the request will never be known: the next settling first reads those keys."""
        if isinstance(self.request, Transaction):
            self.memory.doubt(self.request)

    def _begin(self) -> None:
        self.known, self.attempts, self._coarse = Known(self.memory), 0, False

    def _advance(self) -> None:
        while self.batches and not self.request:
            batch = tuple(map(self._holding_on, self.batches[0]))
            coarse = {kind(ref) for change in batch for ref in self._refs(change)} if self._coarse else ()
            decided = decide(batch, self.known, self.fence, coarse)
            if isinstance(decided, Needs):
                self.request = Read(decided.ranges)
            elif decided.transaction is None:
                self._finish(decided, 0)
            elif fits(decided.transaction):
                self.request, self._decision = decided.transaction, decided
            else:
                self._split(batch)

    def _finish(self, decision: Decision, revision: int) -> None:
        since = decision.relied or (revision - 1 if decision.writes else revision)
        self.settled |= {it.container: self._told(it, since) for it in decision.settled}
        if decision.redefines or any(Rule.ADOPT in it.rules for it in decision.settled):
            # The next resync must list everything: only that finds who differs from a new definition, and the
            # last survey ignored the keys below an adopted one as somebody else's.
            self.memory.revision = 0
        self.batches.pop(0)
        self._begin()

    def _holding_on(self, change: Change) -> Change:
        """Return the change so that it keeps the claims that cannot be dropped."""
        return replace(change, keeps=change.keeps | self._stuck.get(change.container, frozenset()))

    def _told(self, settled: Settled, since: int) -> Settled:
        refs = sorted(self._stuck.get(settled.container, ()))
        problems = (*settled.problems, *(stuck(settled.container, ref) for ref in refs))
        return replace(settled, problems=problems, revision=since)

    def _learn(self, transaction: Transaction, refused: Refused) -> None:
        found = dict(zip(transaction.reads, refused.found, strict=True))
        fences = [compare.range for compare in self.fence]
        self.fenced = not all(holds(compare, found[compare.range]) for compare in self.fence)
        self.known.ranges.clear()
        self.known.trusting = False
        read = [keys for keys in transaction.reads if keys not in fences]
        self.known.learn(read, [found[keys] for keys in read], refused.revision)
        self.attempts += 1
        if self.fenced:
            self.batches.clear()
        elif self.attempts == ATTEMPTS:
            self.unsettled += [change.container for change in self.batches.pop(0)]
            self._begin()
        elif claims := self._doubtful(transaction, found):
            self.request = Read(claims)

    def _doubtful(self, transaction: Transaction, found: Mapping[Range, Sequence[KeyValue]]) -> tuple[Range, ...]:
        """Return the claims of containers whose records have changed: what is remembered of them is void."""
        layout = self.memory.layout
        parsed = ((layout.parse(it.range.key), it) for it in transaction.compares if it.range in found)
        changed = [
            key.claimant for key, it in parsed if isinstance(key, ContainerKey) and not holds(it, found[it.range])
        ]
        return tuple(
            Range(layout.claim(ref, who)) for who in changed for ref in sorted(self.memory.held(who.container))
        )

    def _split(self, batch: tuple[Change, ...]) -> None:
        """Reduce what does not fit: first split independent groups, then use coarser compares, then halve."""
        groups = self._independent(batch)
        if len(groups) > 1:
            middle = len(groups) // 2
            self.batches[:1] = [tuple(chain(*part)) for part in (groups[:middle], groups[middle:])]
        elif not self._coarse:
            self._coarse, self.known.trusting = True, False
        else:
            self.batches[:1] = self._halves(batch)
            self._begin()

    def _moving(self, changes: Iterable[Change]) -> list[Change]:
        """Return the changes that need a decision; the others are settled as they stand."""
        moving: list[Change] = []
        for change in changes:
            if settled := standing(change, self.memory):
                self.settled[change.container] = settled
            else:
                moving.append(_acceptable(change, self.memory.layout))
        return moving

    def _independent(self, changes: Sequence[Change]) -> list[list[Change]]:
        return [[changes[place] for place in group] for group in independent(map(self._refs, changes))]

    def _packed(self, groups: Iterable[list[Change]]) -> list[tuple[Change, ...]]:
        """Combine independent groups as long as they are likely to fit into one transaction."""
        batches: list[list[Change]] = []
        room = 0
        for group in groups:
            # Each object needs up to three compares, each container one.
            size = 3 * len({ref for change in group for ref in self._refs(change)}) + len(group)
            if size > room:
                batches.append([])
                room = COMPARES_AT_ONCE
            batches[-1] += group
            room -= size
        return [tuple(batch) for batch in batches]

    def _halves(self, batch: tuple[Change, ...]) -> list[tuple[Change, ...]]:
        if len(batch) > 1:
            leavers_first = sorted(batch, key=lambda change: change.publication is not None)
            middle = len(batch) // 2
            return [tuple(leavers_first[:middle]), tuple(leavers_first[middle:])]
        change = batch[0]
        leaves = not change.publication or change.refused
        held = sorted(self.memory.held(change.container) - change.keeps)
        if held and not leaves:
            return [(Change(change.container, None),), batch]
        if len(held) == 1:
            before = self._stuck.get(change.container, frozenset())
            self._stuck = {**self._stuck, change.container: before.union(held)}
            return [batch]
        if held:
            return [(replace(change, keeps=change.keeps | {*held[: len(held) // 2]}),), batch]
        assert change.publication
        return [(replace(change, refused=too_large(change.publication)),)]

    def _refs(self, change: Change) -> set[Ref]:
        return self.memory.held(change.container) | wanted(change)


def _acceptable(change: Change, layout: Layout) -> Change:
    if change.publication and is_too_heavy(change.publication, layout):
        return replace(change, refused=too_large(change.publication))
    seen: dict[Ref, Ref] = {}
    for item in change.publication.items if change.publication else ():
        first = seen.setdefault(folded(item.ref), item.ref)
        if first != item.ref and change.publication:
            return replace(change, refused=clash(change.publication, first, item.ref))
    return change
