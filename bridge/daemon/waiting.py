"""Containers that wait for others, or differ from them: decided again as soon as what they wait for changes."""

from collections.abc import Iterable

import anyio
from msgspec import Struct, field

from bridge.claims.decide import Settled
from bridge.claims.transaction import Range, as_bytes
from bridge.daemon.backoff import LONGEST_WAIT
from bridge.daemon.work import Task, Work
from bridge.store.client import Store
from bridge.store.errors import StoreUnavailable
from bridge.store.watch import Event

STEADY = 0.5
"""Seconds that each watch lasts at least: etcd serves those that begin in the past only ten times a second."""


class Waiting(Struct):
    """What each container waits for, by its full id; `watch` marks it when one of those keys changes.

    To begin a watch costs as much as all that it watches. So no new one is begun for ranges that are already
    watched, and each lasts for a while before the next replaces it: otherwise one container that waits for
    something new over and over would keep all others from being marked.
    """

    store: Store
    work: Work
    _waits: dict[str, Settled] = field(default_factory=dict)
    _changed: anyio.Event = field(default_factory=anyio.Event)
    _since: int = 0
    _heard: dict[Range, int] = field(default_factory=dict)
    """For each watched range, the revision of the last event."""

    def update(self, container_id: str, settled: Settled | None) -> None:
        """Note what a container waits for from now on: nothing, if nothing is to be watched."""
        before = self._waits.pop(container_id, None)
        if settled and settled.watch:
            self._waits[container_id] = settled
            if settled.revision < self._since or not self._heard.keys() >= set(settled.watch):
                self._changed.set()
            elif any(self._heard[keys] > settled.revision for keys in settled.watch):
                # The change came before it was known that this container waits for it.
                self.work.mark_one(container_id)
        elif before and not self._waits:
            self._changed.set()

    async def watch(self) -> None:
        """Keep watching what containers wait for."""
        while True:
            self._changed = anyio.Event()
            self._since = min((settled.revision for settled in self._waits.values()), default=0)
            self._heard = {keys: self._since for settled in self._waits.values() for keys in settled.watch}
            async with anyio.create_task_group() as tasks:
                if self._heard:
                    stands = anyio.Event()
                    tasks.start_soon(self._follow, stands)
                    await stands.wait()
                    await anyio.sleep(STEADY)
                await self._changed.wait()
                tasks.cancel_scope.cancel()

    async def _follow(self, stands: anyio.Event) -> None:
        try:
            async with self.store.watch(*self._heard, revision=self._since + 1) as events:
                stands.set()
                async for batch in events:
                    self.work.mark(self._hear(batch))
        except StoreUnavailable:
            # Events may have been missed: all that wait are decided again, which renews what is watched.
            self.work.mark(Task(frozenset(self._waits)))
            stands.set()
            await anyio.sleep(LONGEST_WAIT)
            self._changed.set()

    def _hear(self, batch: Iterable[Event]) -> Task:
        """Note the events of each range; return the containers that are to be decided again.

        A watch begins with past events, possibly thousands, that most decisions already took into account.
        """
        told = [(as_bytes(event.key), event.revision) for event in batch]
        newest = {keys: _newest(told, keys) for keys in self._heard}
        self._heard = {keys: max(newest[keys], before) for keys, before in self._heard.items()}
        return Task(
            frozenset(
                i for i, it in self._waits.items() if any(newest.get(keys, 0) > it.revision for keys in it.watch)
            )
        )


def _newest(told: Iterable[tuple[bytes, int]], keys: Range) -> int:
    """Return the revision of the last event in a range, 0 if there is none; etcd orders keys by their bytes."""
    first = as_bytes(keys.key)
    end = as_bytes(keys.end) or first + b"\0"
    return max((revision for name, revision in told if first <= name < end), default=0)
