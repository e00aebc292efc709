"""Begin anew: list what is in etcd, settle all containers of the host together, mend what others did to the view.

The one path for the start, for a new lease and for every few minutes. A listing that fails raises in whoever
carries it out, and so can never read as "nothing is there".
"""

from collections.abc import Collection, Generator, Iterable, Mapping
from dataclasses import dataclass

from bridge.claims.decide import Settled
from bridge.claims.fitting import fits
from bridge.claims.gather import Change
from bridge.claims.layout import ContainerKey, Layout
from bridge.claims.memory import Memory
from bridge.claims.mending import MENDED_AT_ONCE, Mend, Survey
from bridge.claims.records import ContainerRecord, decode_container
from bridge.claims.settling import Answer, Settling
from bridge.claims.table import Keys, Table, packed
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
from bridge.view.model import Publication

CLAIMS_AT_ONCE = 1_280
"""How many claims are read together."""

Steps = Generator[Transaction | Read, Answer, "Resynced"]


@dataclass(frozen=True, slots=True)
class Resynced:
    """What became of each container, as in Settling, and the keys of the view that were mended.

    Containers that stayed as they are count as unsettled where what they hold was changed by somebody else.
    """

    settled: Mapping[str, Settled]
    unsettled: tuple[str, ...]
    fenced: bool
    mended: tuple[str, ...]


def resync(
    publications: Iterable[Publication], memory: Memory, fence: tuple[Compare, ...], keeps: Iterable[str] = ()
) -> Steps:
    """Make etcd hold just what these containers publish; memory is renewed.

    `keeps` are containers that stay as they are: nothing is known of them at the moment, or nothing changed.
    """
    before, keeps = memory.keys, frozenset(keeps)
    wanted = {publication.id: publication for publication in publications}
    staying = wanted.keys() | keeps
    needed = yield from _listed(memory, staying)
    strayed = [container for container in sorted(keeps) if _strayed(container, before, memory)]
    mended = yield from _mend(needed, fence)
    gone = [change for change in recorded(memory) if change.container not in staying]
    changes = [*gone, *(Change(name, publication) for name, publication in wanted.items())]
    settling = Settling(changes, memory, fence)
    while settling.request:
        try:
            answer = yield settling.request
        except BaseException:
            settling.lost()
            raise
        settling.answer(answer)
    return Resynced(settling.settled, (*settling.unsettled, *strayed), settling.fenced, mended)


def _strayed(container: str, before: Mapping[str, KeyValue], memory: Memory) -> bool:
    """Whether what a container holds is not what it was, or has no definition any more."""
    layout, record = memory.layout, memory.container(container)
    claims = record.claims if isinstance(record, ContainerRecord) else ()
    own = (layout.container(container), *(layout.claim(ref, layout.me(container)) for ref in claims))
    changed = any(_revision(before, key) != _revision(memory.keys, key) for key in own)
    return changed or any(layout.object(ref) not in memory.keys for ref in claims)


def _revision(keys: Mapping[str, KeyValue], key: str) -> int:
    return keys[key].mod_revision if key in keys else 0


def _listed(memory: Memory, staying: Collection[str]) -> Generator[Read, Answer, list[Mend]]:
    """Renew the memory, and return what is to be mended in the view of the same moment."""
    layout = memory.layout
    answer = yield Read((layout.view(), layout.objects(), layout.containers()))
    assert isinstance(answer, Found)
    view, objects, containers = map(packed, answer.found)
    names = sorted(key for seen in containers for key in _claims(seen, layout))
    claims = Table()
    for start in range(0, len(names), CLAIMS_AT_ONCE):
        answer = yield Read(tuple(map(Range, names[start : start + CLAIMS_AT_ONCE])))
        assert isinstance(answer, Found)
        for found in answer.found:
            claims.extend(found)
    memory.keys = Keys(objects, containers, claims)
    survey = Survey(memory, view, staying)
    memory.names = survey.spellings()
    return survey.mends


def _claims(seen: KeyValue, layout: Layout) -> list[str]:
    record, key = decode_container(seen.value), layout.parse(seen.key)
    if not isinstance(record, ContainerRecord) or not isinstance(key, ContainerKey):
        return []
    return [layout.claim(ref, key.claimant) for ref in record.claims]


def recorded(memory: Memory) -> list[Change]:
    """Let all containers go of which something is recorded."""
    own = memory.layout.containers().key
    keys = (memory.layout.parse(key) for key in memory.keys if key.startswith(own))
    return [Change(key.claimant.container, None) for key in keys if isinstance(key, ContainerKey)]


def _mend(needed: list[Mend], fence: tuple[Compare, ...]) -> Generator[Transaction, Answer, tuple[str, ...]]:
    """Mend what is unchanged since the listing; the next resync comes for the rest."""
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
    compares = dict.fromkeys(compare for mend in part for compare in mend.compares)
    fences = tuple(compare.range for compare in fence)
    return Transaction((*fence, *compares), tuple(mend.write for mend in part), fences)
