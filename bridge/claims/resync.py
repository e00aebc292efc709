"""Resync: list what is in etcd, settle all containers of the host together, mend what others changed in the view.

It runs at the start, with each new lease, and periodically. A listing that fails raises in the caller that carries
it out, so it can never be mistaken for "nothing is there".
"""

from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct, field

from bridge.claims.decide import Settled
from bridge.claims.fitting import fits
from bridge.claims.gather import Change, wanted
from bridge.claims.grouping import independent
from bridge.claims.layout import ContainerKey, Layout
from bridge.claims.memory import Memory
from bridge.claims.mending import MENDED_AT_ONCE, Mend, Survey
from bridge.claims.records import Unreadable, decode_container
from bridge.claims.settling import Answer, Settling
from bridge.claims.standing import standing
from bridge.claims.table import Keys, packed
from bridge.claims.transaction import (
    Committed,
    Compare,
    Found,
    KeyValue,
    Range,
    Read,
    Refused,
    Transaction,
    each_once,
    holds,
)
from bridge.view.model import Publication

CLAIMS_AT_ONCE = 1_280
"""How many claims are read together."""

SETTLED_AT_ONCE = 500
"""How many containers are settled before what was learned about them is packed."""

Steps = Generator[Transaction | Read, Answer, "Resynced"]


class Resynced(Struct):
    """The outcome for each container, as in Settling, and the view keys that were mended; filled step by step.

    A container that stayed as it is counts as unsettled if somebody else changed what it holds, or if the
    definition in force is not the one that it wants.
    """

    settled: dict[str, Settled] = field(default_factory=dict)
    unsettled: list[str] = field(default_factory=list)
    fenced: bool = False
    mended: tuple[str, ...] = ()


def resync(
    publications: Mapping[str, Publication],
    memory: Memory,
    fence: tuple[Compare, ...],
    keeps: Iterable[str] = (),
) -> Steps:
    """Make etcd hold exactly what these containers publish; memory is renewed, unless only this bridge wrote.

    The publications are keyed by container id. `keeps` are containers that stay as they are: nothing is known of
    them at the moment, or nothing changed.
    """
    keeping = sorted(keeps)
    staying = {*publications, *keeping}
    resynced = Resynced()
    agreeing: Collection[str] = ()
    if not (yield from _is_all_known(memory, fence)):
        differing = yield from _renew(memory, staying, keeping, fence, resynced)
        agreeing = publications.keys() - differing
    # Also what events added since the last resync.
    memory.keys.pack()
    moving = [container for container in recorded(memory) if container not in staying]
    for name, publication in publications.items():
        if stands := standing(Change(name, publication), memory, agrees=name in agreeing):
            resynced.settled[name] = stands
        else:
            moving.append(name)
    for part in _parts(moving, publications, memory):
        settling = Settling([Change(name, publications.get(name)) for name in part], memory, fence)
        yield from _settle(settling)
        resynced.settled |= settling.settled
        resynced.unsettled += settling.unsettled
        resynced.fenced = settling.fenced
        memory.keys.pack()
        if resynced.fenced:
            break
    return resynced


def _renew(
    memory: Memory, staying: Collection[str], keeping: list[str], fence: tuple[Compare, ...], resynced: Resynced
) -> Generator[Transaction | Read, Answer, set[str]]:
    """List everything, mend the view, note which of `keeping` have strayed, and return which containers differ."""
    written = {container: _written(container, memory) for container in keeping}
    # Dropped before the listing, so that both are never in memory at once.
    memory.keys = Keys()
    survey = yield from _listed(memory, staying)
    strayed = {it for it, before in written.items() if _written(it, memory) != before}
    resynced.unsettled += [it for it in keeping if it in strayed or it in survey.differing]
    resynced.mended = yield from _mend(survey.mends, fence)
    return survey.differing


def _is_all_known(memory: Memory, fence: tuple[Compare, ...]) -> Generator[Read, Answer, bool]:
    """Return whether nothing in etcd, under any key, has changed since the listing except by this bridge."""
    if not memory.revision:
        return False
    answer = yield Read(tuple(compare.range for compare in fence))
    assert isinstance(answer, Found)
    return answer.revision == memory.revision and all(map(holds, fence, answer.found))


def _parts(names: Sequence[str], publications: Mapping[str, Publication], memory: Memory) -> Iterator[list[str]]:
    """Group containers that share objects, so that a leaver hands on to an arrival in one transaction."""
    # Hashes, to save memory: a collision only makes a group larger.
    touched = (
        {hash(ref) for ref in memory.held(name) | wanted(Change(name, publications.get(name)))} for name in names
    )
    part: list[str] = []
    for group in independent(touched):
        part += [names[place] for place in group]
        if len(part) >= SETTLED_AT_ONCE:
            yield part
            part = []
    if part:
        yield part


def _settle(settling: Settling) -> Generator[Transaction | Read, Answer, None]:
    while settling.request:
        try:
            answer = yield settling.request
        except BaseException:
            settling.lost()
            raise
        settling.answer(answer)


def _written(container: str, memory: Memory) -> tuple[int, ...]:
    """Return the mod revisions of a container's own keys: its record, and its claims on what it holds."""
    layout = memory.layout
    claims = (layout.claim(ref, layout.me(container)) for ref in sorted(memory.held(container)))
    seen = (memory.keys.find(key) for key in (layout.container(container), *claims))
    return tuple(found.mod_revision if found else 0 for found in seen)


def _listed(memory: Memory, staying: Collection[str]) -> Generator[Read, Answer, Survey]:
    """Renew the memory, and return a survey of the view at the same revision."""
    layout = memory.layout
    answer = yield Read((layout.view(), layout.objects(), layout.containers()))
    assert isinstance(answer, Found)
    view, objects, containers = map(packed, answer.found)
    names, unclear = _claims(containers, layout)
    known, revision = objects, answer.revision
    known.extend(containers)
    for start in range(0, len(names), CLAIMS_AT_ONCE):
        answer = yield Read(tuple(map(Range, names[start : start + CLAIMS_AT_ONCE])))
        assert isinstance(answer, Found)
        for found in answer.found:
            known.extend(found)
    memory.keys = Keys(known)
    survey = Survey(memory, view, staying, unclear)
    memory.names = survey.spellings()
    memory.revision = revision
    return survey


def _claims(containers: Iterable[KeyValue], layout: Layout) -> tuple[list[str], set[str]]:
    """Return the keys of all claims that records name, in order, and the containers whose record is unreadable."""
    names: list[str] = []
    unclear: set[str] = set()
    for seen in containers:
        if isinstance(key := layout.parse(seen.key), ContainerKey):
            record = decode_container(seen.value)
            if isinstance(record, Unreadable):
                unclear.add(key.claimant.container)
            else:
                names += [layout.claim(ref, key.claimant) for ref in record.claims]
    return sorted(names), unclear


def recorded(memory: Memory) -> list[str]:
    """Return the containers of this host that have a record."""
    own = memory.layout.containers().key
    keys = (memory.layout.parse(key) for key in memory.keys if key.startswith(own))
    return [key.claimant.container for key in keys if isinstance(key, ContainerKey)]


def _mend(needed: list[Mend], fence: tuple[Compare, ...]) -> Generator[Transaction, Answer, tuple[str, ...]]:
    """Mend what is unchanged since the listing; the next resync mends the rest."""
    mended: list[str] = []
    parts = [needed[start : start + MENDED_AT_ONCE] for start in range(0, len(needed), MENDED_AT_ONCE)]
    while parts:
        part = parts.pop()
        transaction = _mending(part, fence)
        answer = (yield transaction) if fits(transaction) else None
        if isinstance(answer, Committed):
            mended += [mend.write.key for mend in part]
        elif isinstance(answer, Refused) and not all(map(holds, fence, answer.found)):
            break
        elif len(part) > 1:
            middle = len(part) // 2
            parts += [part[:middle], part[middle:]]
    return tuple(mended)


def _mending(part: list[Mend], fence: tuple[Compare, ...]) -> Transaction:
    compares = each_once(compare for mend in part for compare in mend.compares)
    fences = tuple(compare.range for compare in fence)
    return Transaction((*fence, *compares), tuple(mend.write for mend in part), fences)
