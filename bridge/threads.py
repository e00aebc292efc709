"""Run blocking calls outside the event loop, in threads that never delay the end of the process.

Python waits at exit for anyio's worker threads: a call that hangs, such as an ssh connection to a host that drops
packets, would keep a stopped daemon alive until its time limit.
"""

from asyncio import AbstractEventLoop, Future, Queue, get_running_loop
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import TypeVar, cast

T = TypeVar("T")
Outcome = TypeVar("Outcome")

BUSY, IDLE = "docker-call", "docker-idle"
"""Names of the threads, for anyone who looks at the process."""

MOST_IDLE = 8
"""How many threads are kept for the next calls: starting one takes longer than many a call."""


async def run(call: Callable[[], T]) -> T:
    """Return what `call` returns or raise what it raises; if cancelled, leave the call to end by itself."""
    return await _begun(call)


async def each(items: Iterable[T]) -> AsyncGenerator[T, None]:
    """Yield the items of a blocking iterable as they come, or raise its error; if closed, leave it behind."""
    loop, found = get_running_loop(), Queue[T | Future[None]]()

    def follow() -> None:
        for item in items:
            _tell(loop, partial(found.put_nowait, item))

    following = _begun(follow)
    following.add_done_callback(found.put_nowait)
    try:
        while (item := await found.get()) is not following:
            yield cast("T", item)
        following.result()
    finally:
        following.cancel()


def _begun(call: Callable[[], T]) -> Future[T]:
    loop = get_running_loop()
    future: Future[T] = loop.create_future()
    try:
        worker = _idle.pop()
    except IndexError:
        worker = _Worker()
    worker.calls.put(partial(_settle, loop, future, call))
    return future


class _Worker:
    """A thread that makes one call after another."""

    def __init__(self) -> None:
        self.calls: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._thread = Thread(target=self._work, name=BUSY, daemon=True)
        self._thread.start()

    def _work(self) -> None:
        while True:
            call = self.calls.get()
            self._thread.name = BUSY
            call()
            del call  # what it returned may be large
            self._thread.name = IDLE
            if len(_idle) >= MOST_IDLE:
                return
            _idle.append(self)


_idle: list[_Worker] = []


def _settle(loop: AbstractEventLoop, future: Future[T], call: Callable[[], T]) -> None:
    try:
        result = call()
    except BaseException as error:  # noqa: BLE001 - raised again by whoever waits
        _tell(loop, partial(_unless_cancelled, future, future.set_exception, error))
    else:
        _tell(loop, partial(_unless_cancelled, future, future.set_result, result))


def _unless_cancelled(future: Future[T], settle: Callable[[Outcome], None], outcome: Outcome) -> None:
    if not future.cancelled():
        settle(outcome)


def _tell(loop: AbstractEventLoop, outcome: Callable[[], None]) -> None:
    with suppress(RuntimeError):  # the loop is closed, and nobody waits any more
        loop.call_soon_threadsafe(outcome)
