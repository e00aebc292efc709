"""Wait out failures, with growing delays, until something works again."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio
from tenacity import AsyncRetrying, retry_if_exception_type, wait_exponential_jitter

T = TypeVar("T")

FIRST_WAIT, LONGEST_WAIT = 0.1, 1.0
"""Seconds: short enough to notice a recovery at once, long enough for waiting to cost nothing."""


async def persist(
    attempt: Callable[[], Awaitable[T]], failures: tuple[type[Exception], ...], failed: Callable[[Exception], None]
) -> T:
    """Return what `attempt` returns; after each of `failures`, pass it to `failed` and try again."""

    async def told() -> T:
        try:
            return await attempt()
        except failures as error:
            failed(error)
            raise

    try:
        return await told()  # nearly always enough, and without the cost of retrying
    except failures:
        await anyio.sleep(FIRST_WAIT)
    waits = wait_exponential_jitter(2 * FIRST_WAIT, LONGEST_WAIT, jitter=FIRST_WAIT)
    retrying = AsyncRetrying(retry=retry_if_exception_type(failures), wait=waits, sleep=anyio.sleep)
    return await retrying(told)
