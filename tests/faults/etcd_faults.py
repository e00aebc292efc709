"""What can happen to an etcd cluster, as context managers: the fault lasts as long as the block."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.faults.observed import put
from tests.faults.world import HEALED_WITHIN, World
from tests.lab.etcd import Etcd

QUOTA = 32_000_000
"""The `--quota-backend-bytes` of a cluster that `no_space` is to fill."""

PIECE = 1_000_000
LIMITED = f"--quota-backend-bytes={QUOTA}"


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault, the members that it hits, and how many seconds it lasts in a short and in a long test."""

    hit: Callable[[Sequence[Etcd]], AbstractContextManager[None]]
    choose: Callable[[World], Sequence[Etcd]]
    short: float
    long: float

    def on(self, world: World) -> AbstractContextManager[None]:
        """Return the fault as a context manager."""
        return self.hit(self.choose(world))


@contextmanager
def killed(members: Sequence[Etcd]) -> Iterator[None]:
    """Kill members with SIGKILL; the fault ends when they serve again."""
    for member in members:
        member.kill()
    yield
    _start_together(members)


@contextmanager
def frozen(members: Sequence[Etcd]) -> Iterator[None]:
    """Freeze members: they keep their connections and answer nothing."""
    for member in members:
        member.freeze()
    yield
    for member in members:
        member.thaw()
    _wait_until_healthy(members)


def _wait_until_healthy(members: Sequence[Etcd]) -> None:
    for member in members:
        member.process.wait_until(member.healthy, HEALED_WITHIN)


def first(world: World) -> Sequence[Etcd]:
    """Return the member that the bridge asks first."""
    return world.members[:1]


def leader(world: World) -> Sequence[Etcd]:
    """Return the leader."""
    return [world.leader()]


def most(world: World) -> Sequence[Etcd]:
    """Return all members but one, without which there is no quorum."""
    return world.members[:2]


def everybody(world: World) -> Sequence[Etcd]:
    """Return all members."""
    return world.members


FAULTS: Mapping[str, Fault] = {
    "a member killed": Fault(killed, first, 3, 10),
    "the leader killed": Fault(killed, leader, 3, 10),
    "a member frozen": Fault(frozen, first, 4, 20),
    "the leader frozen": Fault(frozen, leader, 4, 20),
    "no quorum": Fault(killed, most, 4, 12),
    "no quorum, frozen": Fault(frozen, most, 4, 12),
    "all members killed": Fault(killed, everybody, 3, 10),
    "all members frozen": Fault(frozen, everybody, 7, 20),
}


@contextmanager
def no_space(world: World) -> Iterator[None]:
    """Use up the quota; at the end make room and disarm the alarm.

    The compaction that makes room also discards the earlier history, so that the replay starts here.
    """
    _fill(world.observer)
    world.start = world.seen()
    try:
        yield
    finally:
        compact(world, world.start.revision)
        for member in world.members:
            member.ctl("defrag")
        world.observer.ctl("alarm", "disarm")


def _fill(etcd: Etcd) -> None:
    """Write until etcd refuses to."""
    with suppress(OSError):
        for _ in range(QUOTA // PIECE + 1):
            put(etcd, "full", "x" * PIECE)
    assert "NOSPACE" in etcd.ctl("alarm", "list")


@contextmanager
def wiped(world: World) -> Iterator[None]:
    """Stop etcd; it comes back empty."""
    with _other_data(world, Etcd.wipe):
        yield


@contextmanager
def restored(world: World) -> Iterator[None]:
    """Stop etcd; it comes back without the latest changes, which may have been committed or still be under way."""
    with saved(world) as snapshot:
        world.docker.churn(world.chance)
        with restored_from(world, snapshot):
            yield


@contextmanager
def saved(world: World) -> Iterator[Path]:
    """Save a snapshot, and return its path."""
    with TemporaryDirectory() as directory:
        snapshot = Path(directory, "snapshot")
        world.observer.ctl("snapshot", "save", str(snapshot))
        yield snapshot


@contextmanager
def restored_from(world: World, snapshot: Path) -> Iterator[None]:
    """Stop etcd; it comes back with the data of the snapshot."""
    with _other_data(world, lambda member: member.restore(snapshot)):
        yield


@contextmanager
def _other_data(world: World, change: Callable[[Etcd], None]) -> Iterator[None]:
    """Stop etcd; it comes back with its members' data changed and without its history."""
    world.start = None
    for member in world.members:
        member.kill()
        change(member)
    yield
    _start_together(world.members)


def _start_together(members: Sequence[Etcd]) -> None:
    for member in members:
        member.start()
    _wait_until_healthy(members)


STATES: Mapping[str, Callable[[World], AbstractContextManager[None]]] = {
    it.__name__: it for it in (no_space, wiped, restored)
}
"""Faults that change what etcd holds; two hosts notice them at once."""


def compact(world: World, revision: int) -> None:
    """Compact etcd's history up to a revision; tests can then no longer read it either."""
    world.observer.ctl("compact", str(revision))
