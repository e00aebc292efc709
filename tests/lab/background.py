"""A task that runs beside the statements of a block."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from anyio import create_task_group


@asynccontextmanager
async def background(task: Callable[..., Coroutine[Any, Any, Any]], *arguments: object) -> AsyncIterator[None]:
    """Run a task until the block ends, then cancel it."""
    async with create_task_group() as tasks:
        tasks.start_soon(task, *arguments)
        yield
        tasks.cancel_scope.cancel()
