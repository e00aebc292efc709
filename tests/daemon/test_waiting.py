"""When containers that wait are decided again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from time import process_time

import pytest
from anyio import fail_after, sleep, sleep_forever

from bridge.claims.decide import Settled
from bridge.claims.transaction import Range
from bridge.daemon.waiting import STEADY, Waiting
from bridge.daemon.work import Work
from bridge.store.client import Store
from bridge.store.connection import Connection
from bridge.store.errors import StoreUnavailable
from bridge.store.watch import Event, Watch
from tests.lab.background import background

pytestmark = pytest.mark.anyio

MANY = 1_000
"""How many containers wait, and how many events come in one batch."""

HISTORY = (Event("a", "", 3), Event("b", "", 5), Event("a", "", 7), Event("c", "", 9))


class Replayed(Watch):
    """A watch that replays the history, one event at a time."""

    def __init__(self, ranges: tuple[Range, ...], revision: int) -> None:
        told = (it for it in HISTORY if any(keys.key <= it.key < (keys.end or f"{keys.key}+") for keys in ranges))
        self._events = iter([it for it in told if it.revision >= revision])

    async def __anext__(self) -> tuple[Event, ...]:
        """Return the next batch."""
        for event in self._events:
            return (event,)
        await sleep_forever()
        return ()


class Together(Watch):
    """A watch that yields many events of one key in one batch."""

    def __init__(self) -> None:
        pass

    async def __anext__(self) -> tuple[Event, ...]:
        """Return a batch."""
        await sleep(0.1)
        return tuple(Event("key0", "", revision) for revision in range(3, MANY + 3))


class Busy(Store):
    """A store with many past events."""

    @asynccontextmanager
    async def watch(self, *_: Range, revision: int) -> AsyncIterator[Watch]:
        """Return the same watch for all ranges."""
        assert revision
        yield Together()


class Watched(Store):
    """A store that counts its watches, which replay the history after `takes` seconds."""

    def __init__(self, takes: float = 0) -> None:
        super().__init__(Connection(("nowhere:1",)))
        self.begun = self.ended = 0
        self._takes = takes

    @asynccontextmanager
    async def watch(self, *ranges: Range, revision: int) -> AsyncIterator[Watch]:
        """Watch keys."""
        self.begun += 1
        await sleep(self._takes)
        try:
            yield Replayed(ranges, revision)
        finally:
            self.ended += 1


class Failing(Watched):
    """A store whose first watch fails."""

    @asynccontextmanager
    async def watch(self, *ranges: Range, revision: int) -> AsyncIterator[Watch]:
        """Fail once."""
        async with super().watch(*ranges, revision=revision) as watch:
            if self.begun == 1:
                raise StoreUnavailable("no leader")
            yield watch


def waits(key: str, revision: int, end: str = "") -> Settled:
    """Return the decision that a container waits for a key, or for a range, since a revision."""
    return Settled("", published=False, watch=(Range(key, end),), revision=revision)


@pytest.mark.parametrize(
    ("since", "woken"), [({"x": 2, "y": 5}, {"x"}), ({"x": 7, "y": 4}, {"y"}), ({"x": 6, "y": 4}, {"x", "y"})]
)
async def test_changes_before_the_wait_do_not_wake(since: dict[str, int], woken: set[str]) -> None:
    """One watch serves all who wait; what happened before a container began to wait does not wake it."""
    work = Work()
    waiting = Waiting(Watched(), work)
    waiting.update("x", waits("a", since["x"]))
    waiting.update("y", waits("b", since["y"]))
    waiting.update("last", waits("c", 8))
    found = set[str]()
    async with background(waiting.watch):
        with fail_after(5):
            while "last" not in found:
                found |= (await work.take()).ids
    assert found == {*woken, "last"}


async def test_frequent_new_waits_do_not_keep_others_waiting() -> None:
    """Who waits for something else again and again, faster than a watch begins, keeps nobody else asleep."""
    work = Work()
    waiting = Waiting(Watched(takes=0.1), work)
    waiting.update("x", waits("a", 2))

    async def make_noise() -> None:
        for turn in count():
            waiting.update("noisy", waits(f"other{turn}", 8))
            await sleep(0.02)

    async with background(waiting.watch), background(make_noise):
        with fail_after(5):
            assert (await work.take()).ids == {"x"}


async def test_watched_range_needs_no_second_watch() -> None:
    """Who waits for what is watched already needs no other watch, and misses nothing that it told before."""
    work, store = Work(), Watched()
    waiting = Waiting(store, work)
    waiting.update("x", waits("a", 2))
    waiting.update("y", waits("a", 3))
    async with background(waiting.watch):
        with fail_after(5):
            assert (await work.take()).ids == {"x", "y"}
            waiting.update("x", waits("a", 7))
            waiting.update("y", None)
            waiting.update("z", waits("a", 6))
            assert (await work.take()).ids == {"z"}
            await sleep(2 * STEADY)
    assert store.begun == 1


async def test_change_between_wait_and_watch_wakes() -> None:
    """Who waits for what is watched, but since before the watch began, is woken by what happened in between."""
    work, store = Work(), Watched()
    waiting = Waiting(store, work)
    waiting.update("x", waits("a", 8))
    async with background(waiting.watch):
        await sleep(STEADY / 2)
        waiting.update("y", waits("a", 6))
        with fail_after(5):
            assert (await work.take()).ids == {"y"}
    assert store.begun == 2


async def test_range_excludes_its_end() -> None:
    """A range is the keys from its first up to, not including, its end."""
    work = Work()
    waiting = Waiting(Watched(), work)
    for name, waited in {
        "before": waits("a", 7, "c"),
        "in": waits("a", 6, "c"),
        "first": waits("c", 8, "d"),
        "all": waits("a", 8, "d"),
        "other": waits("b", 5),
    }.items():
        waiting.update(name, waited)
    found = set[str]()
    async with background(waiting.watch):
        with fail_after(5):
            while not found >= {"in", "first", "all"}:
                found |= (await work.take()).ids
    assert found == {"in", "first", "all"}


async def test_failed_watch_wakes_all_and_is_replaced() -> None:
    """If a watch fails, all who wait are decided again, as something may have been missed; then another begins."""
    work, store = Work(), Failing()
    waiting = Waiting(store, work)
    waiting.update("x", waits("a", 7))
    waiting.update("y", waits("c", 8))
    async with background(waiting.watch):
        with fail_after(5):
            assert (await work.take()).ids == {"x", "y"}
            assert (await work.take()).ids == {"y"}
    assert store.begun == 2


async def test_no_watch_without_waiting_containers() -> None:
    """When nobody waits any more nothing is watched, until somebody does."""
    work, store = Work(), Watched()
    waiting = Waiting(store, work)
    waiting.update("x", waits("a", 7))
    waiting.update("y", waits("b", 7))
    async with background(waiting.watch):
        await sleep(STEADY / 2)
        waiting.update("x", None)
        waiting.update("y", Settled("", published=True))
        await sleep(STEADY)
        assert (store.begun, store.ended) == (1, 1)
        waiting.update("x", waits("c", 8))
        with fail_after(5):
            assert (await work.take()).ids == {"x"}
    assert store.begun == 2


async def test_many_waits_do_not_block_event_loop() -> None:
    """Many events at once, while many containers wait, block the event loop for a fraction of any lease."""
    work = Work()
    waiting = Waiting(Busy(Connection(("nowhere:1",))), work)
    for number in range(MANY):
        waiting.update(str(number), waits(f"key{number}", 2))
    began = process_time()
    async with background(waiting.watch):
        assert (await work.take()).ids == {"0"}
    assert process_time() - began < 0.5
