"""Keep the C library from holding on to unused memory for as long as the bridge runs.

Only glibc has these calls; elsewhere nothing happens.
"""

from contextlib import suppress

_M_ARENA_MAX = -8


def use_one_arena() -> None:
    """Make all threads share one heap: in a heap of its own, each would keep all that it has ever used."""
    _call("mallopt", _M_ARENA_MAX, 1)


def trim() -> None:
    """Return to the system the memory that a resync has used."""
    _call("malloc_trim", 0)


def _call(function: str, *arguments: int) -> None:
    import ctypes  # noqa: PLC0415 - commands can do without

    with suppress(AttributeError, OSError):
        getattr(ctypes.CDLL(None), function)(*arguments)
