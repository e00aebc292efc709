"""Runs blocking calls beside the event loop, on threads that never hold up the end of the process.

anyio's worker threads are waited for at exit: a call that hangs, such as an ssh connection to a host that
drops packets, would keep a stopped daemon alive until its time limit.
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
"""How threads are called, for whoever looks at a process."""

MOST_IDLE = 8
"""Threads that wait for the next call: to start one takes longer than many a call."""


async def run(call: Callable[[], T]) -> T:
    """Return what `call` returns or raise what it raises; if cancelled, leave it behind to end by itself."""
    return await _begun(call)


async def each(items: Iterable[T]) -> AsyncGenerator[T, None]:
    """Yield what a blocking iterable gives, as it comes, and raise what it raises; if left, leave it behind."""
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
    """A thread that makes one call after the other."""

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
