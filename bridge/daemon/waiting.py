"""Containers that wait for others, or differ from them: decided again as soon as what they wait for changes."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import anyio

from bridge.claims.decide import Settled
from bridge.claims.transaction import Range, as_bytes
from bridge.daemon.backoff import LONGEST_WAIT
from bridge.daemon.work import Task, Work
from bridge.store.client import Store
from bridge.store.errors import StoreUnavailable
from bridge.store.watch import Event


@dataclass(slots=True)
class Waiting:
    """What each container waits for, by its full id; `watch` marks it when a key of that changes."""

    store: Store
    work: Work
    _waits: dict[str, Settled] = field(default_factory=dict)
    _changed: anyio.Event = field(default_factory=anyio.Event)

    def update(self, container_id: str, settled: Settled | None) -> None:
        """Note what a container waits for from now on: nothing, if nothing is to be watched."""
        before = self._waits.pop(container_id, None)
        if settled and settled.watch:
            self._waits[container_id] = settled
        if before != self._waits.get(container_id):
            self._changed.set()

    async def watch(self) -> None:
        """Watch, for ever."""
        while True:
            self._changed = anyio.Event()
            async with anyio.create_task_group() as tasks:
                if self._waits:
                    tasks.start_soon(self._follow)
                await self._changed.wait()
                tasks.cancel_scope.cancel()

    async def _follow(self) -> None:
        ranges = dict.fromkeys(keys for settled in self._waits.values() for keys in settled.watch)
        since = min(settled.revision for settled in self._waits.values())
        try:
            async with self.store.watch(*ranges, revision=since + 1) as events:
                async for batch in events:
                    self.work.mark(self._concerned(batch))
        except StoreUnavailable:
            # What was missed is not known: all who wait are decided again, which renews what is watched.
            await anyio.sleep(LONGEST_WAIT)
            self.work.mark(Task(frozenset(self._waits)))
            self._changed.set()

    def _concerned(self, batch: Iterable[Event]) -> Task:
        """Who is to be decided again; a watch begins with events that most have been decided on already."""
        return Task(frozenset(i for i, it in self._waits.items() if any(_is_news(event, it) for event in batch)))


def _is_news(event: Event, settled: Settled) -> bool:
    return event.revision > settled.revision and _within(event.key, settled.watch)


def _within(key: str, ranges: tuple[Range, ...]) -> bool:
    """Whether a key is in one of the ranges; etcd orders keys by their bytes."""
    name = as_bytes(key)
    return any(
        key == keys.key if not keys.end else as_bytes(keys.key) <= name < as_bytes(keys.end) for keys in ranges
    )
