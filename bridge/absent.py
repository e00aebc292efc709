"""Leaves out what packages import only since it is installed: start and memory would pay for what nobody uses."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def absent(package: str) -> Iterator[None]:
    """Have what is imported in the block find no such package; where it is loaded already, nothing changes."""
    hidden = package not in sys.modules
    if hidden:
        # What Python documents for a name that is not to be found.
        sys.modules[package] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if hidden:
            del sys.modules[package]
