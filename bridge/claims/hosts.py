"""Hosts whose bridge is gone: how long their routes stay, and how their claims are then removed.

A host leaves by the same rules as a container. Another bridge removes it, so the fence of these transactions is
that the host has no bridge: its `alive` is absent, and its record is unchanged since the decision. Without the
second, a host that came back and went again in between would lose what it has claimed since.
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
    """A host without a running bridge; its routes stay for `stays` seconds after this was first seen.

    `record` is the host's own key as it was then.
    """

    host: str
    record: KeyValue
    stays: float


class Removed(Struct, frozen=True):
    """The containers (by name) that the host had, and the problems of those that could not be removed.

    `done` says that nothing of the host is left; if not, it came back, another bridge was faster, or `problems`
    say why.
    """

    containers: tuple[str, ...]
    problems: tuple[Problem, ...]
    done: bool


def living(layout: Layout, revision: int) -> tuple[Compare, ...]:
    """Require that nobody has declared this host's bridge dead: its `alive` was last written at `revision`."""
    return (Compare(Range(layout.alive()), Revision.MODIFIED, revision, why="this bridge is the living one"),)


def departed(
    keys: Mapping[str, KeyValue], layout: Layout, grace: float
) -> tuple[tuple[Departed, ...], Mapping[str, Unreadable]]:
    """Return the other hosts that have no running bridge, and those of them whose record cannot be read.

    `keys` are all of `alive/` and `hosts/`. A record that cannot be read may hold a goodbye of any length: that
    host is left to bridges that can read it.
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
    """Return the other live hosts that have no advertise address, if this one has none either.

    Their containers have addresses on networks local to each host, and those are the same on every host.
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
    """Require that a host's `alive` and record are as they were seen; None for an absent key."""
    return (
        as_seen(layout.alive(), alive, "remove: the host is as alive as it was"),
        as_seen(layout.host_record(), record, "remove: the host was not back"),
    )


def removal(layout: Layout, fence: tuple[Compare, ...], *, forget: bool = True) -> Removal:
    """Remove all that the host of `layout` claims, and then, if `forget` is set, its own record."""
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
    """Return the names of containers from their keys; if a value cannot be read, the last part of its key."""
    read = ((seen.key.rpartition("/")[2], decode_container(seen.value)) for seen in containers)
    return tuple(sorted(it.container if isinstance(it, ContainerRecord) else name for name, it in read))


def forgetting(layout: Layout, fence: tuple[Compare, ...]) -> Transaction:
    """Remove a host's own record once nothing else of it is left; the fence fails if the host has come back."""
    return Transaction(fence, (Delete(layout.host_record()),), ())
