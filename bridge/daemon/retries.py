"""Retry unreadable containers outside the rounds: each by itself, for as long as an engine may take."""

from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import Generic, TypeVar

import anyio
from msgspec import Struct, field

from bridge.daemon.backoff import LONGEST_WAIT
from bridge.engine.model import Unreadable

CONCURRENT_RETRIES = 32
"""How many are inspected at the same time; others wait only if that many hang."""

Found = TypeVar("Found")


class _Question(Struct, Generic[Found]):
    """One inspection, and the containers that it is `about`: an event of one of them outdates the answer."""

    about: set[str]
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    answer: Found | None = None


class Retries(Struct, Generic[Found]):
    """Containers that could not be read (`gaps`, by full id), and what has been answered about them since.

    An answer describes the moment of its question.
    """

    gaps: dict[str, Unreadable] = field(default_factory=dict)
    _asked: dict[str, _Question[Found]] = field(default_factory=dict)
    _few: anyio.Semaphore = field(default_factory=lambda: anyio.Semaphore(CONCURRENT_RETRIES))
    _due: anyio.Event = field(default_factory=anyio.Event)

    def add(self, gaps: Iterable[Unreadable]) -> None:
        """Ask for these from now on."""
        for gap in gaps:
            self.gaps[gap.container_id] = gap
            self._due.set()

    def take(self, ids: Collection[str]) -> list[Found]:
        """Return the answers about these containers, which are then no longer asked for."""
        questions = {i: self._asked[i] for i in sorted(self._asked.keys() & ids)}
        answers = {i: question.answer for i, question in questions.items() if question.answer is not None}
        for container_id in answers:
            del self._asked[container_id], self.gaps[container_id]
        return list(answers.values())

    def outdate(self, container_id: str) -> None:
        """Ask again for whatever is about a container to which something has happened."""
        for about in [i for i, question in self._asked.items() if container_id in question.about]:
            self._drop(about)

    def clear(self) -> None:
        """Stop asking for anything."""
        self.gaps.clear()
        for container_id in list(self._asked):
            self._drop(container_id)

    async def ask(
        self, find: Callable[[str, set[str]], Awaitable[Found | None]], answered: Callable[[str], None]
    ) -> None:
        """Keep asking, and call `answered` for each container whose answer can be taken.

        `find` adds to its second argument the other containers that it asks for, and returns None if there is no
        answer yet.
        """
        async with anyio.create_task_group() as tasks:
            while True:
                await self._due.wait()
                await anyio.sleep(LONGEST_WAIT)
                self._due = anyio.Event()
                for container_id in self.gaps.keys() - self._asked.keys():
                    question: _Question[Found] = _Question({container_id})
                    self._asked[container_id] = question
                    tasks.start_soon(self._one, container_id, question, find, answered)

    async def _one(
        self,
        container_id: str,
        question: _Question[Found],
        find: Callable[[str, set[str]], Awaitable[Found | None]],
        answered: Callable[[str], None],
    ) -> None:
        with question.scope:
            async with self._few:
                answer = await find(container_id, question.about)
            if self._asked.get(container_id) is not question:
                return
            if answer is None:
                self._drop(container_id)
            else:
                question.answer = answer
                answered(container_id)

    def _drop(self, container_id: str) -> None:
        self._asked.pop(container_id).scope.cancel()
        self._due.set()
