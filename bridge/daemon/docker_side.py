"""The side of Docker: subscribed to the engine's events, each of which marks a container to be looked at again.

Subscribe, then list: what happens in between is in the events. Who drains is not in the list, but in what the
engine remembers of the past. While the engine is away nothing is removed; when it is back, everything is listed
again.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import anyio
from anyio.abc import TaskGroup

from bridge.daemon.backoff import FIRST_WAIT, persist
from bridge.daemon.connection import Connection
from bridge.daemon.draining import Draining
from bridge.daemon.work import ALL, Task, Work
from bridge.engine.client import Engine
from bridge.engine.errors import EngineUnavailable
from bridge.engine.event import Action, Event
from bridge.labels.own import drain_limit

PING_INTERVAL = 10.0
"""Seconds between two questions whether a quiet engine still lives: its stream of events would not tell."""

STEADY = 5.0
"""Seconds: a stream of events that ends sooner, as some proxies have it, is opened again ever less often."""

_NANOSECONDS = 1e9


@dataclass(slots=True)
class DockerSide:
    """Follows one engine. `drain_limit` is for how many seconds a drain lasts where no label says otherwise."""

    engine: Engine
    work: Work
    drain_limit: float
    connection: Connection = field(default_factory=lambda: Connection("Docker"))
    draining: Draining = field(default_factory=Draining)

    async def follow(self, concerned: Callable[[Event], bool]) -> None:
        """Stay subscribed, for ever; mark the containers of events that are `concerned`."""
        async with anyio.create_task_group() as timers:
            while True:
                await persist(
                    lambda: self._subscribed(timers, concerned), (EngineUnavailable,), self.connection.fall
                )
                await anyio.sleep(FIRST_WAIT)

    async def _subscribed(self, timers: TaskGroup, concerned: Callable[[Event], bool]) -> None:
        async with self.engine.events() as (past, events):
            for event in past:
                self._heard(event, timers, time.time() - event.time / _NANOSECONDS)
            begun = anyio.current_time()
            self.connection.stand()
            self.work.mark(ALL)
            try:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._ping)
                    async for event in events:
                        self._heard(event, timers)
                        if concerned(event):
                            self.work.mark(Task(frozenset({event.container_id})))
            except* EngineUnavailable as lost:
                self.connection.fall(lost.exceptions[0])
        if anyio.current_time() - begun < STEADY:
            raise EngineUnavailable(self.connection.state)

    async def _ping(self) -> None:
        while True:
            await anyio.sleep(PING_INTERVAL)
            await self.engine.ping()

    def _heard(self, event: Event, timers: TaskGroup, ago: float = 0.0) -> None:
        """Note what an event, which happened so many seconds `ago`, tells of draining."""
        match event.action:
            case Action.KILL if event.signal is not None:
                limit = drain_limit(event.attributes) or self.drain_limit
                if ago < limit:
                    sent = (event.container_id, event.signal, event.time / _NANOSECONDS)
                    self.draining.sent(*sent)
                    timers.start_soon(self._expire, limit - max(ago, 0), *sent)
            case Action.DIE | Action.START:
                self.draining.over(event.container_id)
            case Action.DESTROY:
                self.draining.forget(event.container_id)

    async def _expire(self, limit: float, container_id: str, signal: int, at: float) -> None:
        await anyio.sleep(limit)
        self.draining.expire(container_id, signal, at)
        self.work.mark(Task(frozenset({container_id})))
