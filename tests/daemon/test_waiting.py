"""When those who wait are decided again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from anyio import create_task_group, fail_after, sleep_forever

from bridge.claims.decide import Settled
from bridge.claims.transaction import Range
from bridge.daemon.waiting import Waiting
from bridge.daemon.work import Work
from bridge.store.client import Store
from bridge.store.connection import Connection
from bridge.store.watch import Event, Watch

pytestmark = pytest.mark.anyio

HISTORY = (Event("a", "", 3), Event("b", "", 5), Event("a", "", 7), Event("c", "", 9))


class Replayed(Watch):
    """A watch that replays what happened, one event after the other."""

    def __init__(self, ranges: tuple[Range, ...], revision: int) -> None:
        self._events = iter([it for it in HISTORY if it.revision >= revision and Range(it.key) in ranges])

    async def __anext__(self) -> tuple[Event, ...]:
        """Return the next batch."""
        for event in self._events:
            return (event,)
        await sleep_forever()
        return ()


class Watched(Store):
    """A store whose watches replay what happened."""

    @asynccontextmanager
    async def watch(self, *ranges: Range, revision: int) -> AsyncIterator[Watch]:
        """Watch single keys."""
        yield Replayed(ranges, revision)


def waits(key: str, revision: int) -> Settled:
    """A container that waits for a key since a revision."""
    return Settled("", published=False, watch=(Range(key),), revision=revision)


@pytest.mark.parametrize(
    ("since", "woken"), [({"x": 2, "y": 5}, {"x"}), ({"x": 7, "y": 4}, {"y"}), ({"x": 6, "y": 4}, {"x", "y"})]
)
async def test_nobody_is_woken_by_what_was_decided_on(since: dict[str, int], woken: set[str]) -> None:
    """A watch begins where the one who waits longest has to begin; what came before the others' waits is old."""
    work = Work()
    waiting = Waiting(Watched(Connection(("nowhere:1",))), work)
    waiting.update("x", waits("a", since["x"]))
    waiting.update("y", waits("b", since["y"]))
    waiting.update("last", waits("c", 8))
    found = set[str]()
    async with create_task_group() as tasks:
        tasks.start_soon(waiting.watch)
        with fail_after(5):
            while "last" not in found:
                found |= (await work.take()).ids
        tasks.cancel_scope.cancel()
    assert found == {*woken, "last"}
