"""The standard streams, which may be closed, full, or no longer read by anybody."""

import errno
import os
import sys
from contextlib import suppress
from io import TextIOWrapper

_UNWRITABLE = errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO


def open_closed() -> None:
    """Open those of the three that are closed: otherwise a socket might get the number of one.

    Characters that the encoding of standard output lacks are written as escapes.
    """
    # The system takes the lowest free number.
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)  # noqa: FBT003 - it takes no keyword
    os.close(descriptor)
    sys.stdin = sys.stdin or open(0, closefd=False, encoding="utf-8")  # noqa: SIM115 - a descriptor
    sys.stdout = sys.stdout or open(1, "w", closefd=False, encoding="utf-8")  # noqa: SIM115 - as above
    sys.stderr = sys.stderr or open(2, "w", closefd=False, encoding="utf-8")  # noqa: SIM115 - as above
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def complain(line: str) -> None:
    """Print an error; if even that cannot be written, only the exit code shows it."""
    with suppress(OSError):
        sys.stderr.write(f"docker-event-bridge: {line}\n")


def is_end_of_output(error: OSError) -> bool:
    """Return whether nothing more can be written; print why, unless the reader of a pipe has just closed it."""
    if error.errno in _UNWRITABLE:
        complain(f"standard output cannot be written: {error.strerror}")
    return error.errno in (errno.EPIPE, *_UNWRITABLE)


def flush() -> None:
    """Flush the streams and discard what cannot be written: at exit, Python would change the exit code for it."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
