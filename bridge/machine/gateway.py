"""The address at which other containers reach those in host networking, by Docker's and Podman's names for it."""

import socket
from contextlib import suppress

import anyio

from bridge import threads

NAMES = ("host.docker.internal", "host.containers.internal")
LOOPBACK = "127.0.0.1"

# Seconds for both names together: without a name server, a look-up hangs.
DEADLINE = 2.0


async def gateway() -> str:
    """Look up the host's names in Traefik's order; return the loopback address if neither is known."""
    with anyio.move_on_after(DEADLINE):
        return await threads.run(_looked_up)
    return LOOPBACK


def _looked_up() -> str:
    for name in NAMES:
        with suppress(OSError):
            return str(socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)[0][4][0])
    return LOOPBACK
