"""A process that uses the store ends quietly and at once; importing it costs little."""

import subprocess
import sys
import time

from tests.lab.etcd import Etcd

SCRIPT = """
import sys
from contextlib import aclosing
import anyio
from bridge.claims.transaction import Range
from bridge.store.client import Store
from bridge.store.connection import Connection

async def main(endpoint):
    async with aclosing(Store(Connection((endpoint,)))) as store, anyio.create_task_group() as tasks:
        lease = await store.acquire(sys.argv[2], "me", 5)
        tasks.start_soon(store.hold, lease)
        async with store.watch(Range(sys.argv[2]), revision=lease.revision) as watch:
            await anext(watch)
            print("watching", flush=True)
            sys.stdin.readline()
            tasks.start_soon(store.read, Range("a"))
            await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()

anyio.run(main, sys.argv[1])
"""


def ends(etcd: Etcd, key: str, *, frozen: bool) -> tuple[float, str]:
    """Let a process watch, hold a lease and ask when told to end; return how long it took, and its complaints."""
    command = [sys.executable, "-W", "error", "-c", SCRIPT, etcd.endpoint, key]
    with subprocess.Popen(command, stdin=-1, stdout=-1, stderr=-1, text=True) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        try:
            assert process.stdout.readline() == "watching\n"
            if frozen:
                etcd.freeze()
            begun = time.monotonic()
            print(file=process.stdin, flush=True)
            process.wait(20)
            return time.monotonic() - begun, process.stderr.read()
        finally:
            process.kill()
            etcd.thaw()


def test_a_process_ends_at_once(server: Etcd, root_key: str) -> None:
    """With a watch, a lease and a call under way, a process ends within a second and says nothing."""
    took, complaints = ends(server, root_key, frozen=False)
    assert complaints == ""
    assert took < 1


def test_a_process_ends_at_once_while_etcd_is_frozen(server: Etcd, root_key: str) -> None:
    """No thread that waits for an answer keeps the process from ending."""
    took, complaints = ends(server, root_key, frozen=True)
    assert complaints == ""
    assert took < 1
