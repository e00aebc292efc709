"""A process that uses the store ends quietly and at once."""

import subprocess
import sys
import time

import pytest

from tests.lab.etcd import Etcd

SCRIPT = """
import sys
import anyio
from bridge.claims.transaction import Range
from bridge.store.client import Store
from bridge.store.connection import Connection

async def main(endpoint):
    store = Store(Connection((endpoint,)))
    async with anyio.create_task_group() as tasks:
        lease = await store.acquire(sys.argv[2], "me", 5)
        tasks.start_soon(store.hold, lease)
        async with store.watch(Range(sys.argv[2]), revision=lease.revision) as watch:
            await anext(watch)
            print("watching", flush=True)
            sys.stdin.readline()
            tasks.start_soon(watch.__anext__)
            tasks.start_soon(store.read, Range("a"))
            await anyio.sleep(0.1)
            tasks.cancel_scope.cancel()
    if sys.argv[3] == "closed":
        await store.aclose()

anyio.run(main, sys.argv[1])
"""


def ends(etcd: Etcd, key: str, leaves: str, *, frozen: bool) -> tuple[float, str]:
    """End a process that watches, holds a lease and reads; return how long it took, and its standard error."""
    command = [sys.executable, "-W", "error", "-c", SCRIPT, etcd.endpoint, key, leaves]
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


@pytest.mark.parametrize("leaves", ["closed", "open"])
@pytest.mark.parametrize("frozen", [False, True])
def test_process_with_open_calls_ends_at_once(server: Etcd, root_key: str, leaves: str, *, frozen: bool) -> None:
    """With a watch, a lease and a call under way, a process ends within a second and prints nothing.

    Neither a call to a frozen etcd nor a store that was not closed keeps it running.
    """
    took, complaints = ends(server, root_key, leaves, frozen=frozen)
    assert complaints == ""
    assert took < 1
