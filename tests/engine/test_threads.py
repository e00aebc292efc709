"""Blocking calls and iterables in threads beside the event loop."""

from collections.abc import Iterator
from contextlib import aclosing
from queue import SimpleQueue
from threading import Event

import pytest
from anyio import fail_after, move_on_after

from bridge.threads import each, run

pytestmark = pytest.mark.anyio

WITHIN = 5


async def test_call_returns_and_raises() -> None:
    """The caller gets what a call returns or raises."""
    assert await run(lambda: 1) == 1
    with pytest.raises(ZeroDivisionError):
        await run(lambda: 1 / 0)


async def test_cancelled_call_is_not_waited_for() -> None:
    """A cancelled caller does not wait for the call, and its later result or error is dropped."""
    goes_on, ended = Event(), Event()

    def call() -> None:
        goes_on.wait(WITHIN)
        ended.set()
        raise ValueError

    with move_on_after(0):
        await run(call)
    goes_on.set()
    assert await run(lambda: ended.wait(WITHIN))
    assert await run(lambda: 2) == 2


async def test_items_arrive_without_waiting_for_the_next() -> None:
    """Each item arrives without waiting for the next one, and an error comes after all items."""
    asked: SimpleQueue[int | None] = SimpleQueue()

    def items() -> Iterator[int]:
        while (item := asked.get(timeout=WITHIN)) is not None:
            yield item
        raise LookupError

    with fail_after(WITHIN):
        async with aclosing(each(items())) as found:
            for number in range(3):
                asked.put(number)
                assert await anext(found) == number
            asked.put(3)
            asked.put(None)
            assert await anext(found) == 3
            with pytest.raises(LookupError):
                await anext(found)


async def test_finite_iterable_ends() -> None:
    """A finite iterable ends."""
    assert [item async for item in each(iter("abc"))] == ["a", "b", "c"]


async def test_leaving_iteration_does_not_wait() -> None:
    """Leaving the iteration does not wait for the next item."""
    goes_on = Event()

    def items() -> Iterator[int]:
        yield 1
        goes_on.wait(WITHIN)
        yield 2

    with fail_after(1):
        async with aclosing(each(items())) as found:
            assert await anext(found) == 1
    goes_on.set()
    assert await run(lambda: 3) == 3
