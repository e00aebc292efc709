"""What is to be looked at again: containers by their ids, or all of them. Marks add up until they are taken."""

from dataclasses import dataclass, field
from typing import Self

import anyio


@dataclass(frozen=True, slots=True)
class Task:
    """Containers to look at: those with these full ids, or `everything`."""

    ids: frozenset[str] = frozenset()
    everything: bool = False

    def __or__(self, other: Self) -> "Task":
        """Both tasks in one."""
        return Task(self.ids | other.ids, self.everything or other.everything)

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        return self.everything or bool(self.ids)


ALL = Task(everything=True)


@dataclass(slots=True)
class Work:
    """The marks of all tasks of the bridge, for the one that settles them."""

    _open: Task = Task()
    _marked: anyio.Event = field(default_factory=anyio.Event)

    def mark(self, task: Task) -> None:
        """Ask for these containers to be looked at."""
        if task:
            self._open |= task
            self._marked.set()

    async def take(self) -> Task:
        """Wait until there is something to do, and take all of it."""
        await self._marked.wait()
        task, self._open, self._marked = self._open, Task(), anyio.Event()
        return task
