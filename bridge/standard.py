"""The standard files, which may be closed, full, or read by nobody any more."""

import errno
import os
import sys
from contextlib import suppress
from io import TextIOWrapper

_UNWRITABLE = errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO


def have_all() -> None:
    """Have all three, also where whoever started us closed some: else sockets might take their numbers.

    What the encoding of standard output does not have is spelled out there.
    """
    # The lowest number that is free is taken.
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)  # noqa: FBT003 - it takes no keyword
    os.close(descriptor)
    sys.stdin = sys.stdin or open(0, closefd=False, encoding="utf-8")  # noqa: SIM115 - a descriptor
    sys.stdout = sys.stdout or open(1, "w", closefd=False, encoding="utf-8")  # noqa: SIM115 - as above
    sys.stderr = sys.stderr or open(2, "w", closefd=False, encoding="utf-8")  # noqa: SIM115 - as above
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def complain(line: str) -> None:
    """Say what is wrong; where even that cannot be written, the exit code says it alone."""
    with suppress(OSError):
        sys.stderr.write(f"docker-event-bridge: {line}\n")


def is_end_of_output(error: OSError) -> bool:
    """Tell whether nothing more can be written, and say so, unless the reader of a pipe has seen enough."""
    if error.errno in _UNWRITABLE:
        complain(f"standard output cannot be written: {error.strerror}")
    return error.errno in (errno.EPIPE, *_UNWRITABLE)


def let_go() -> None:
    """Leave nothing to be flushed at exit where it cannot be written: Python would change the exit code."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
