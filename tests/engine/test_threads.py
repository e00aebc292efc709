"""Blocking calls and iterables beside the event loop."""

from collections.abc import Iterator
from contextlib import aclosing
from queue import SimpleQueue
from threading import Event

import pytest
from anyio import fail_after, move_on_after

from bridge.threads import each, run

pytestmark = pytest.mark.anyio

WITHIN = 5


async def test_a_call_returns_and_raises() -> None:
    """What a call returns or raises comes to who waits for it."""
    assert await run(lambda: 1) == 1
    with pytest.raises(ZeroDivisionError):
        await run(lambda: 1 / 0)


async def test_a_call_is_left_behind() -> None:
    """Who is cancelled does not wait for the call, and what comes of it then harms nobody."""
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


async def test_each_comes_at_once() -> None:
    """An item does not wait for the next one; at the end the error comes after all items."""
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


async def test_each_ends() -> None:
    """An iterable may have an end."""
    assert [item async for item in each(iter("abc"))] == ["a", "b", "c"]


async def test_each_is_left_behind() -> None:
    """Who leaves does not wait for the next item."""
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
