"""Ask for a container while it starts, so that the answer is there as soon as it runs.

An engine tells that a container joins a network some tenths of a second before it tells that it has started. In
between it holds the container's lock (moby's daemon/start.go): an inspection that is requested then is answered
right after the start, without waiting for the event. If an engine answers earlier, only a request was wasted.
"""

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import anyio
from anyio.streams.memory import MemoryObjectSendStream
from msgspec import Struct, field

AT_ONCE = 4
"""How many are asked for together; further ones are not, since many that start are better inspected in batches."""

Found = TypeVar("Found")


class _Question(Struct, Generic[Found]):
    answered: anyio.Event = field(default_factory=anyio.Event)
    answer: Found | None = None


class Ahead(Struct, Generic[Found]):
    """The containers that are asked for, by their full ids, until their answers are taken or dropped."""

    _asked: dict[str, _Question[Found]] = field(default_factory=dict)
    _begin: MemoryObjectSendStream[tuple[str, _Question[Found]]] | None = None

    async def run(self, find: Callable[[str], Awaitable[Found | None]]) -> None:
        """Answer questions by `find`, which returns None if there is no answer; nothing is asked for otherwise."""
        begin, begun = anyio.create_memory_object_stream[tuple[str, _Question[Found]]]()

        async def answer() -> None:
            async for container_id, question in begun:
                question.answer = await find(container_id)
                question.answered.set()

        async with begin, begun, anyio.create_task_group() as tasks:
            for _ in range(AT_ONCE):
                tasks.start_soon(answer)
            self._begin = begin
            try:
                await anyio.sleep_forever()
            finally:
                self._begin = None

    def ask(self, container_id: str) -> None:
        """Ask for a container now, unless it is asked for already or too many are."""
        if self._begin and container_id not in self._asked:
            question = _Question[Found]()
            try:
                self._begin.send_nowait((container_id, question))
            except anyio.WouldBlock:
                return
            self._asked[container_id] = question

    async def take(self, container_id: str) -> Found | None:
        """Return the answer about a container, waiting for it; None if there is none."""
        if question := self._asked.pop(container_id, None):
            await question.answered.wait()
            return question.answer
        return None

    def drop(self, container_id: str) -> None:
        """Take no answer about a container to which something has happened since it was asked for."""
        self._asked.pop(container_id, None)

    def clear(self) -> None:
        """Take none of the answers."""
        self._asked.clear()
