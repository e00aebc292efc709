"""What is to be looked at again: containers by their ids, or all of them. Marks add up until they are taken."""

import anyio
from msgspec import Struct, field


class Task(Struct, frozen=True):
    """Containers to look at: those with these full ids, or `everything`."""

    ids: frozenset[str] = frozenset()
    everything: bool = False

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        return self.everything or bool(self.ids)


ALL = Task(everything=True)


class Work(Struct):
    """The marks of all tasks of the bridge, for the one that settles them."""

    _ids: set[str] = field(default_factory=set)
    _everything: bool = False
    _marked: anyio.Event = field(default_factory=anyio.Event)

    def mark(self, task: Task) -> None:
        """Ask for these containers to be looked at."""
        if task:
            self._ids |= task.ids
            self._everything |= task.everything
            self._marked.set()

    def mark_one(self, container_id: str) -> None:
        """Ask for one container to be looked at."""
        self.mark(Task(frozenset({container_id})))

    async def take(self) -> Task:
        """Wait until there is something to do, and take all of it."""
        await self._marked.wait()
        task = Task(frozenset(self._ids), self._everything)
        self._ids, self._everything, self._marked = set(), False, anyio.Event()
        return task
