"""Runs blocking calls beside the event loop, on threads that never hold up the end of the process.

anyio's worker threads are waited for at exit: a call that hangs, such as an ssh connection to a host that
drops packets, would keep a stopped daemon alive until its time limit.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


async def run(call: Callable[[], T]) -> T:
    """Return what `call` returns or raise what it raises; if cancelled, leave it behind to end by itself."""
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()
    Thread(target=_settle, args=(future, call), name="docker-call", daemon=True).start()
    return await asyncio.wrap_future(future)


def _settle(future: Future[T], call: Callable[[], T]) -> None:
    try:
        future.set_result(call())
    except BaseException as error:  # noqa: BLE001 - raised again by whoever waits
        future.set_exception(error)
