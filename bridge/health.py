"""The health of the running daemon: one line of JSON for whoever connects to a unix socket."""

import json
from collections.abc import Callable
from contextlib import suppress

import anyio
from anyio import TASK_STATUS_IGNORED
from anyio.abc import SocketStream, TaskStatus
from msgspec import Struct
from msgspec.structs import asdict


class HealthSocketError(Exception):
    """The socket cannot be created: another daemon answers on it, or the path does not allow it. Fatal."""


class Status(Struct, frozen=True):
    """Whether both connections are up and the last sync is committed; each part is described in words."""

    healthy: bool
    docker: str
    etcd: str
    sync: str


async def serve(
    path: str, status: Callable[[], Status], *, task_status: TaskStatus[None] = TASK_STATUS_IGNORED
) -> None:
    """Answer every connection with the current status, until cancelled; started once it listens.

    A socket file on which nobody listens any more is replaced. Raises HealthSocketError.
    """
    try:
        if await _answered(path):
            raise HealthSocketError(
                f"another daemon answers on the health socket {path}: use another path (BRIDGE_HEALTH_SOCKET)"
            )
        listener = await anyio.create_unix_listener(path)
    except OSError as error:
        raise HealthSocketError(
            f"the health socket {path} cannot be created: {error.strerror} (BRIDGE_HEALTH_SOCKET)"
        ) from error
    try:
        async with listener:
            task_status.started()
            await listener.serve(lambda stream: _answer(stream, status()))
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.Path(path).unlink(missing_ok=True)


async def _answer(stream: SocketStream, status: Status) -> None:
    async with stream:
        with suppress(anyio.BrokenResourceError):
            await stream.send(json.dumps(asdict(status)).encode() + b"\n")


async def _answered(path: str) -> bool:
    try:
        async with await anyio.connect_unix(path):
            return True
    except (FileNotFoundError, ConnectionRefusedError):
        return False
