"""Hide packages that others import only because they are installed: unused, they cost start time and memory."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def absent(package: str) -> Iterator[None]:
    """Make imports in the block not find a package; if it is already loaded, nothing changes."""
    hidden = package not in sys.modules
    if hidden:
        # Python documents this as the way to make an import fail.
        sys.modules[package] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if hidden:
            del sys.modules[package]
