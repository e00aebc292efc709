"""`health`, and the socket on which the daemon answers it."""

import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from msgspec.structs import replace

from bridge.__main__ import command
from bridge.health import HealthSocketError, Status, serve

pytestmark = pytest.mark.anyio

WELL = Status(healthy=True, docker="connected", etcd="connected", sync="committed at revision 7")


@asynccontextmanager
async def serving(path: Path, status: Status) -> AsyncIterator[None]:
    """Answer on a socket until the block ends."""
    async with anyio.create_task_group() as tasks:
        await tasks.start(serve, str(path), lambda: status)
        yield
        tasks.cancel_scope.cancel()


async def ask(path: Path) -> int:
    """Run the command in a thread beside the event loop."""
    return await anyio.to_thread.run_sync(command, ["health", "--health-socket", str(path)])


async def test_healthy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A healthy daemon means exit code 0 and one line with the status of each part."""
    async with serving(tmp_path / "socket", WELL):
        assert await ask(tmp_path / "socket") == 0
    line = "healthy: docker: connected, etcd: connected, sync: committed at revision 7\n"
    assert capsys.readouterr().out == line


async def test_unhealthy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An unhealthy daemon means exit code 1, and the line says what is down."""
    async with serving(tmp_path / "socket", replace(WELL, healthy=False, etcd="no answer\nsince 12:00")):
        assert await ask(tmp_path / "socket") == 1
    line = r"unhealthy: docker: connected, etcd: no answer\nsince 12:00, sync: committed at revision 7"
    assert capsys.readouterr().out == line + "\n"


async def test_connection_gets_one_line_of_json(tmp_path: Path) -> None:
    """Whoever connects gets one line of JSON, and its end."""
    async with serving(tmp_path / "socket", WELL), await anyio.connect_unix(tmp_path / "socket") as stream:
        assert json.loads(line := await stream.receive())["sync"] == WELL.sync
        assert line.endswith(b"\n")


async def test_no_daemon(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a daemon, the exit code is 1, and one line names the path."""
    assert await ask(tmp_path / "socket") == 1
    line = f"unhealthy: no daemon answers on {tmp_path}/socket: No such file or directory\n"
    assert capsys.readouterr().out == line


async def test_other_program_on_socket(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Another program that answers on the socket is not taken for the daemon."""

    async def greet(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            await stream.send(b"220 mail\n")

    async with (
        await anyio.create_unix_listener(tmp_path / "socket") as listener,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(listener.serve, greet)
        assert await ask(tmp_path / "socket") == 1
        tasks.cancel_scope.cancel()
    assert capsys.readouterr().out == f"unhealthy: what answers on {tmp_path}/socket is not this daemon\n"


async def test_stale_socket_is_replaced(tmp_path: Path) -> None:
    """The socket file of a killed daemon is replaced by the next one."""
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "socket"))
    async with serving(tmp_path / "socket", WELL):
        assert await ask(tmp_path / "socket") == 0


async def test_stopped_daemon_removes_its_socket(tmp_path: Path) -> None:
    """A stopped daemon leaves no socket file."""
    async with serving(tmp_path / "socket", WELL):
        pass
    assert not (tmp_path / "socket").exists()


async def test_missing_socket_file_does_not_prevent_stop(tmp_path: Path) -> None:
    """A daemon whose socket file is gone already stops like any other."""
    async with serving(tmp_path / "socket", WELL):
        (tmp_path / "socket").unlink()


async def test_connection_gets_current_status(tmp_path: Path) -> None:
    """Each connection is answered with the status that the daemon has then."""
    healthy = iter([True, False])
    async with anyio.create_task_group() as tasks:
        await tasks.start(serve, str(tmp_path / "socket"), lambda: replace(WELL, healthy=next(healthy)))
        assert [await ask(tmp_path / "socket") for _ in range(2)] == [0, 1]
        tasks.cancel_scope.cancel()


async def test_live_socket_is_left_alone(tmp_path: Path) -> None:
    """A second daemon on the same path fails with that reason, and the first one still answers."""
    path = tmp_path / "socket"
    async with serving(path, WELL):
        with pytest.raises(HealthSocketError, match=rf"socket {path}: use another path \(BRIDGE_HEALTH_SOCKET\)"):
            await serve(str(path), lambda: replace(WELL, healthy=False))
        assert await ask(path) == 0


async def test_socket_that_cannot_be_created(tmp_path: Path) -> None:
    """If the socket cannot be created, the error names the path, the reason and the setting."""
    with pytest.raises(
        HealthSocketError,
        match=r"the health socket .*/absent/socket cannot be created: No such file.*\(BRIDGE_HEALTH_SOCKET\)",
    ):
        await serve(str(tmp_path / "absent" / "socket"), lambda: WELL)
