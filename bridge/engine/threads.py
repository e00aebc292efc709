"""Runs blocking calls beside the event loop, on threads that never hold up the end of the process.

anyio's worker threads are waited for at exit: a call that hangs, such as an ssh connection to a host that
drops packets, would keep a stopped daemon alive until its time limit.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

T = TypeVar("T")

BUSY, IDLE = "docker-call", "docker-idle"
"""How threads are called, for whoever looks at a process."""

MOST_IDLE = 8
"""Threads that wait for the next call: to start one takes longer than many a call."""


async def run(call: Callable[[], T]) -> T:
    """Return what `call` returns or raise what it raises; if cancelled, leave it behind to end by itself."""
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()
    try:
        worker = _idle.pop()
    except IndexError:
        worker = _Worker()
    worker.calls.put((future, call))
    return await asyncio.wrap_future(future)


class _Worker:
    """A thread that makes one call after the other."""

    def __init__(self) -> None:
        self.calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        self._thread = Thread(target=self._work, name=BUSY, daemon=True)
        self._thread.start()

    def _work(self) -> None:
        while True:
            call = self.calls.get()
            self._thread.name = BUSY
            _settle(*call)
            del call  # what it returned may be large
            self._thread.name = IDLE
            if len(_idle) >= MOST_IDLE:
                return
            _idle.append(self)


_idle: list[_Worker] = []


def _settle(future: Future[T], call: Callable[[], T]) -> None:
    try:
        future.set_result(call())
    except BaseException as error:  # noqa: BLE001 - raised again by whoever waits
        future.set_exception(error)
