"""Waiting out the failures of the world, ever longer until something works again."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential_jitter

T = TypeVar("T")

FIRST_WAIT, LONGEST_WAIT = 0.1, 1.0
"""Seconds: short enough that what comes back is seen at once, long enough that waiting costs nothing."""


async def persist(
    attempt: Callable[[], Awaitable[T]], failures: tuple[type[Exception], ...], failed: Callable[[Exception], None]
) -> T:
    """Return what `attempt` returns, tried again after each of `failures`, which `failed` is told."""

    def tell(state: RetryCallState) -> None:
        error = state.outcome and state.outcome.exception()
        if isinstance(error, Exception):
            failed(error)

    try:
        return await attempt()  # as nearly always: without what it takes to try again
    except failures as error:
        failed(error)
    await anyio.sleep(FIRST_WAIT)
    async for retry in AsyncRetrying(
        retry=retry_if_exception_type(failures),
        wait=wait_exponential_jitter(2 * FIRST_WAIT, LONGEST_WAIT, jitter=FIRST_WAIT),
        sleep=anyio.sleep,
        before_sleep=tell,
    ):
        with retry:
            return await attempt()
    raise AssertionError("it is tried until it succeeds")
