"""Finds free ports on the loopback address."""

import random
import socket
from contextlib import ExitStack

LOOPBACK = "127.0.0.1"
BELOW_EPHEMERAL = range(15_000, 32_000)

_given: set[int] = set()


def free_port() -> int:
    """Return a port that is free for TCP and UDP.

    It is chosen at random, below the range for outgoing connections, so that concurrent processes hardly ever
    choose the same one; within a process no port is returned twice, since the first user may not have bound it
    yet.
    """
    port = next(port for port in iter(_candidate, None) if port not in _given and _is_free(port))
    _given.add(port)
    return port


def _candidate() -> int:
    return random.choice(BELOW_EPHEMERAL)


def _is_free(port: int) -> bool:
    with ExitStack() as stack:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            tried = stack.enter_context(socket.socket(socket.AF_INET, kind))
            try:
                tried.bind((LOOPBACK, port))
            except OSError:
                return False
    return True
