"""Hosts whose bridge is gone: for how long their routes stay, and how their claims are removed then.

A host leaves as its containers leave, by the very same rules. Whoever removes it is not that host's bridge, so
what fences the transactions is that nobody is: its `alive` is absent, and its own record is as it was when that
was decided. Without the second, a host that came and went in between would lose what it has claimed anew.
"""

from collections.abc import Generator, Iterable, Mapping

from msgspec import Struct

from bridge.claims.layout import HostKey, Layout
from bridge.claims.memory import Memory
from bridge.claims.records import ContainerRecord, HostRecord, Unreadable, decode_container, decode_host
from bridge.claims.resync import recorded, resync
from bridge.claims.settling import Answer
from bridge.claims.transaction import (
    Committed,
    Compare,
    Delete,
    Found,
    KeyValue,
    Range,
    Read,
    Revision,
    Transaction,
    as_seen,
)
from bridge.problem import Problem

Removal = Generator[Transaction | Read, Answer, "Removed"]


class Departed(Struct, frozen=True):
    """A host without a running bridge, and for how many seconds after this was first seen its routes stay.

    `record` is the host's own key as it was then.
    """

    host: str
    record: KeyValue
    stays: float


class Removed(Struct, frozen=True):
    """The containers (by name) that the host had, and what of them could not be removed, since it cannot be read.

    `done` is whether nothing of the host is left: else it came back, somebody else was faster, or `problems` tell.
    """

    containers: tuple[str, ...]
    problems: tuple[Problem, ...]
    done: bool


def living(layout: Layout, revision: int) -> tuple[Compare, ...]:
    """Compare that nobody took this host's bridge for dead, whose `alive` was last written at `revision`."""
    return (Compare(Range(layout.alive()), Revision.MODIFIED, revision, why="this bridge is the living one"),)


def departed(
    keys: Mapping[str, KeyValue], layout: Layout, grace: float
) -> tuple[tuple[Departed, ...], Mapping[str, Unreadable]]:
    """Which other hosts have no running bridge, by all of `alive/` and `hosts/`, and whose record says too little.

    A host whose record cannot be read may have said goodbye for any time: it is left to those who understand it.
    """
    gone: list[Departed] = []
    unclear: dict[str, Unreadable] = {}
    for seen in keys.values():
        match layout.parse(seen.key):
            case HostKey(host) if host != layout.host and layout.of(host).alive() not in keys:
                record = decode_host(seen.value)
                if isinstance(record, Unreadable):
                    unclear[host] = record
                else:
                    gone.append(Departed(host, seen, _stays(record, grace)))
    return tuple(gone), unclear


def without_address(keys: Mapping[str, KeyValue], layout: Layout) -> tuple[str, ...]:
    """The other living hosts that have no advertise address, where this one has none either.

    Their containers' addresses are those of Docker's own networks, which are the same on every host.
    """
    records = {
        parsed.host: decode_host(seen.value)
        for seen in keys.values()
        if isinstance(parsed := layout.parse(seen.key), HostKey) and layout.of(parsed.host).alive() in keys
    }
    bare = {host for host, record in records.items() if isinstance(record, HostRecord) and not record.address}
    return tuple(sorted(bare - {layout.host})) if layout.host in bare else ()


def _stays(record: HostRecord, grace: float) -> float:
    return grace if record.goodbye is None else record.goodbye


def unchanged(layout: Layout, alive: KeyValue | None, record: KeyValue | None) -> tuple[Compare, ...]:
    """Compare that a host neither came back nor went again since it was seen so; None for an absent key."""
    return (
        as_seen(layout.alive(), alive, "remove: the host is as alive as it was"),
        as_seen(layout.host_record(), record, "remove: the host was not back"),
    )


def removal(layout: Layout, fence: tuple[Compare, ...], *, forget: bool = True) -> Removal:
    """Remove all that the host of `layout` claims, and then, to `forget` it, its own record."""
    listed = yield Read((layout.containers(),))
    assert isinstance(listed, Found)
    while True:
        memory = Memory(layout)
        came = yield from resync({}, memory, fence)
        if came.fenced or not came.unsettled:
            break
    problems = tuple(problem for settled in came.settled.values() for problem in settled.problems)
    done = not came.fenced and not recorded(memory)
    if done and forget:
        answer = yield forgetting(layout, fence)
        done = isinstance(answer, Committed)
    return Removed(names(listed.found[0]), problems, done)


def names(containers: Iterable[KeyValue]) -> tuple[str, ...]:
    """The names of containers, out of their keys; the last part of a key where its value cannot be read."""
    read = ((seen.key.rpartition("/")[2], decode_container(seen.value)) for seen in containers)
    return tuple(sorted(it.container if isinstance(it, ContainerRecord) else name for name, it in read))


def forgetting(layout: Layout, fence: tuple[Compare, ...]) -> Transaction:
    """Remove a host's own record, once nothing else of it is left: what is new of it, the fence would know."""
    return Transaction(fence, (Delete(layout.host_record()),), ())
