"""The Docker side: subscribed to the engine's events, each of which marks a container to be looked at again.

It subscribes before it lists, so what happens in between is in the events. Which containers drain is not in the
list, but in the past events that the engine remembers. While the engine is away nothing is removed; when it is
back, everything is listed again.
"""

import time
from collections.abc import Callable, Iterable
from functools import partial
from itertools import chain

import anyio
from msgspec import Struct, field

from bridge.daemon.backoff import FIRST_WAIT, persist
from bridge.daemon.connection import Connection
from bridge.daemon.draining import Draining
from bridge.daemon.work import ALL, Task, Work
from bridge.engine.client import Engine
from bridge.engine.errors import EngineUnavailable
from bridge.engine.event import Action, Event
from bridge.labels.own import drain_limit

PING_INTERVAL = 10.0
"""Seconds between pings of the engine: its stream of events would not show that it is dead."""

STEADY = 5.0
"""Seconds: a stream of events that ends sooner, as with some proxies, is opened again with growing delays."""

EXPIRY_INTERVAL = 1.0
"""Seconds between checks for drains that have expired, while there are any drains."""

_NANOSECONDS = 1e9


class DockerSide(Struct):
    """Follows one engine. `drain_limit` is for how many seconds a drain lasts unless a label says otherwise.

    `subscribed` is set while there is a stream of events, whether or not the engine answers other requests.
    """

    engine: Engine
    work: Work
    drain_limit: float
    connection: Connection = field(default_factory=lambda: Connection("Docker"))
    draining: Draining = field(default_factory=Draining)
    subscribed: anyio.Event = field(default_factory=anyio.Event)
    _drains: anyio.Event = field(default_factory=anyio.Event)

    async def follow(self, concerned: Callable[[Event], bool]) -> None:
        """Stay subscribed; mark the containers of events that are `concerned`."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._expire)
            while True:
                await persist(partial(self._subscribed, concerned), (EngineUnavailable,), self.connection.fall)
                await anyio.sleep(FIRST_WAIT)

    async def _expire(self) -> None:
        """Mark the containers whose drain has expired."""
        while True:
            await self._drains.wait()
            self._drains = anyio.Event()
            while self.draining:
                await anyio.sleep(EXPIRY_INTERVAL)
                self.work.mark(Task(self.draining.expired(anyio.current_time())))

    async def _subscribed(self, concerned: Callable[[Event], bool]) -> None:
        async with self.engine.events() as (past, events):
            self._recall(past)
            begun = anyio.current_time()
            self.connection.stand()
            self.work.mark(ALL)
            self.subscribed.set()
            try:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._ping)
                    async for event in events:
                        self._heard(event)
                        if concerned(event):
                            self.work.mark_one(event.container_id)
            except* EngineUnavailable as lost:
                self.connection.fall(lost.exceptions[0])
            finally:
                self.subscribed = anyio.Event()
        if anyio.current_time() - begun < STEADY:
            raise EngineUnavailable(self.connection.state)

    async def _ping(self) -> None:
        while True:
            await anyio.sleep(PING_INTERVAL)
            await self.engine.ping()

    def _recall(self, past: Iterable[Event]) -> None:
        """Note past events: which runs are over, and the signals that were sent to those that are not."""
        kills: dict[str, list[Event]] = {}
        for event in past:
            if event.action is Action.KILL:
                kills.setdefault(event.container_id, []).append(event)
            else:
                self.draining.over(event.container_id)
                kills.pop(event.container_id, None)
        for event in chain.from_iterable(kills.values()):
            self._heard(event, time.time() - event.time / _NANOSECONDS)

    def _heard(self, event: Event, ago: float = 0.0) -> None:
        """Note what an event, which happened `ago` seconds ago, means for draining."""
        match event.action:
            case Action.KILL if event.signal is not None:
                limit = drain_limit(event.attributes) or self.drain_limit
                if ago < limit:
                    until = anyio.current_time() + limit - max(ago, 0)
                    self.draining.sent(event.container_id, event.signal, event.time / _NANOSECONDS, until)
                    self._drains.set()
            case Action.DIE | Action.START:
                self.draining.over(event.container_id)
            case Action.DESTROY:
                self.draining.forget(event.container_id)
