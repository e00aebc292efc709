"""Waits for conditions with a deadline: tests synchronize with real parts in no other way."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

INTERVAL = 0.02


class DeadlineError(AssertionError):
    """A condition did not come true in time."""


def wait_for(condition: Callable[[], T], deadline: float, message: str | Callable[[], str]) -> T:
    """Return the first truthy value of `condition`, which is evaluated again and again for `deadline` seconds.

    Raises DeadlineError with the message, which may be a function that is called at the deadline.
    """
    end = time.monotonic() + deadline
    while not (value := condition()):
        if time.monotonic() > end:
            told = message if isinstance(message, str) else message()
            raise DeadlineError(f"not within {deadline:g} s: {told}")
        time.sleep(INTERVAL)
    return value
