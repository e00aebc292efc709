"""Keeps the C library from holding on to memory that nobody uses, for as long as the bridge runs.

Where it is glibc; others do not know these calls.
"""

from contextlib import suppress

_M_ARENA_MAX = -8


def use_one_arena() -> None:
    """Let all threads share one heap: of one of its own, each would keep what it once had."""
    _call("mallopt", _M_ARENA_MAX, 1)


def trim() -> None:
    """Give the system back what a resync had in memory."""
    _call("malloc_trim", 0)


def _call(function: str, *arguments: int) -> None:
    import ctypes  # noqa: PLC0415 - commands can do without

    with suppress(AttributeError, OSError):
        getattr(ctypes.CDLL(None), function)(*arguments)
