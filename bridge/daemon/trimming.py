"""Gives the system back what a resync had in memory: glibc keeps it otherwise, for as long as the bridge runs."""

from contextlib import suppress


def trim() -> None:
    """Do so where the C library can."""
    import ctypes  # noqa: PLC0415 - the start can do without

    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
