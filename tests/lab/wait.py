"""Waits for conditions with a deadline: the only way in which tests synchronise with real parts."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

INTERVAL = 0.02


class DeadlineError(AssertionError):
    """A condition did not come true in time."""


def wait_for(condition: Callable[[], T], deadline: float, message: str | Callable[[], str]) -> T:
    """Return the first truthy value of `condition`, asked again and again for `deadline` seconds.

    Raises DeadlineError with the message, which may be a function that looks at how things stand then.
    """
    end = time.monotonic() + deadline
    while not (value := condition()):
        if time.monotonic() > end:
            told = message if isinstance(message, str) else message()
            raise DeadlineError(f"not within {deadline:g} s: {told}")
        time.sleep(INTERVAL)
    return value
