"""What can happen to a cluster of etcd, each as a block: it lasts inside, and its end is the end of the fault."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.faults.observed import put
from tests.faults.world import HEALED_WITHIN, World
from tests.lab.etcd import Etcd

QUOTA = 32_000_000
"""Bytes that a cluster may use on which `no_space` is to happen: `--quota-backend-bytes`."""

PIECE = 1_000_000
LIMITED = f"--quota-backend-bytes={QUOTA}"


@dataclass(frozen=True, slots=True)
class Fault:
    """What hits whom, and for how many seconds in a short and in a long test."""

    hit: Callable[[Sequence[Etcd]], AbstractContextManager[None]]
    choose: Callable[[World], Sequence[Etcd]]
    short: float
    long: float

    def on(self, world: World) -> AbstractContextManager[None]:
        """Have it happen."""
        return self.hit(self.choose(world))


@contextmanager
def killed(members: Sequence[Etcd]) -> Iterator[None]:
    """Have members killed with -9; it ends when they serve again."""
    for member in members:
        member.kill()
    yield
    _start_together(members)


@contextmanager
def frozen(members: Sequence[Etcd]) -> Iterator[None]:
    """Have members keep their connections and say nothing."""
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
    """The member that the bridge asks first."""
    return world.members[:1]


def leader(world: World) -> Sequence[Etcd]:
    """The member that leads."""
    return [world.leader()]


def most(world: World) -> Sequence[Etcd]:
    """All members but one: there is no quorum."""
    return world.members[:2]


def everybody(world: World) -> Sequence[Etcd]:
    """All members."""
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
    """Have the quota used up, until somebody makes room and disarms it.

    What happened before is forgotten with what took the room.
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
    """Write until etcd takes no more."""
    with suppress(OSError):
        for _ in range(QUOTA // PIECE + 1):
            put(etcd, "full", "x" * PIECE)
    assert "NOSPACE" in etcd.ctl("alarm", "list")


@contextmanager
def wiped(world: World) -> Iterator[None]:
    """Have no etcd, and then one that is empty."""
    with _other_data(world, Etcd.wipe):
        yield


@contextmanager
def restored(world: World) -> Iterator[None]:
    """Have no etcd, and then one of which some time is gone: what has happened was committed, or is under way."""
    with saved(world) as snapshot:
        world.docker.churn(world.chance)
        with restored_from(world, snapshot):
            yield


@contextmanager
def saved(world: World) -> Iterator[Path]:
    """Save a snapshot, and return where it is."""
    with TemporaryDirectory() as directory:
        snapshot = Path(directory, "snapshot")
        world.observer.ctl("snapshot", "save", str(snapshot))
        yield snapshot


@contextmanager
def restored_from(world: World, snapshot: Path) -> Iterator[None]:
    """Have no etcd, and then one that knows what the snapshot knows."""
    with _other_data(world, lambda member: member.restore(snapshot)):
        yield


@contextmanager
def _other_data(world: World, change: Callable[[Etcd], None]) -> Iterator[None]:
    """Have no etcd, and then one whose members' data was changed; it has lost what has happened."""
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
"""What changes etcd itself; two hosts know of it at once."""


def compact(world: World, revision: int) -> None:
    """Have etcd forget its history up to a revision, which tests can then no longer read either."""
    world.observer.ctl("compact", str(revision))
