"""A side of the bridge that may fail before it has ever stood."""

import anyio

from bridge.daemon.connection import Connection


async def _waiter_of_one_that_failed_first() -> None:
    connection = Connection("Docker")
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(connection.standing)
            await anyio.lowlevel.checkpoint()
            connection.fall(OSError("not yet"))
            connection.stand()


def test_who_waited_is_woken_although_it_failed_first() -> None:
    """Whoever waits from the start sees it stand, also when the first attempt failed."""
    anyio.run(_waiter_of_one_that_failed_first)
