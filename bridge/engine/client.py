"""Asks one Docker engine for its containers and follows its events, without blocking the event loop.

Every request can be cancelled and ends within DEADLINE seconds. A quiet stream of events looks like that of a
frozen engine, so whoever follows it also calls `ping` at intervals.
"""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import partial
from operator import attrgetter
from typing import TypeVar

import anyio
import requests
from msgspec.structs import replace

from bridge import threads
from bridge.container import Container
from bridge.engine import event, rest
from bridge.engine.errors import EngineRejected, EngineUnavailable
from bridge.engine.event import Event
from bridge.engine.faults import shown, translated
from bridge.engine.model import Endpoint, EngineInfo, Listed, Unreadable
from bridge.engine.package import APIClient
from bridge.engine.transport import connect
from bridge.labels.own import own_labels

DEADLINE = 10.0
HANG_UP_DEADLINE = 1.0
CONCURRENT_INSPECTS, INSPECTED_TOGETHER = 4, 8

T = TypeVar("T")

# The standard library's, so that `plan`, which configures no logging, writes warnings to standard error.
log = logging.getLogger(__name__)


class Engine:
    """One engine. Connects at the first request, and again with each stream of events.

    All methods raise EngineUnavailable and EngineRejected.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._client: APIClient | None = None
        self._connecting = anyio.Lock(fast_acquire=True)
        self._drivers: dict[str, str] = {}

    async def ping(self) -> None:
        """Return if the engine answers; raise otherwise."""
        await self._ask(rest.ping)

    async def info(self) -> EngineInfo:
        """Return the identity of the engine."""
        return await self._ask(rest.info)

    async def list_all(self, take: Callable[[Listed], T]) -> list[T]:
        """Return the result of `take`, called on another thread, for each container, whether it runs or not."""
        networks = set[str]()

        def taken(listed: Listed) -> T:
            networks.update(listed.networks)
            return take(listed)

        found = await self._ask(partial(rest.list_all, taken))
        self._forget_all_drivers_but(networks)
        return found

    async def inspect(self, container_id: str) -> Container | Unreadable | None:
        """Return the container as it is now; None if it is gone."""
        return (await self.inspect_several([container_id]))[container_id]

    async def inspect_several(self, ids: Sequence[str]) -> dict[str, Container | Unreadable | None]:
        """Return containers as they are now, inspected one after the other; None for those that are gone."""
        found = await self._ask(partial(rest.inspect_several, ids), len(ids))
        return {i: await self._with_drivers(it) if isinstance(it, Container) else it for i, it in found.items()}

    async def inspect_all(self) -> tuple[Container | Unreadable, ...]:
        """Return all containers that exist, in no particular order."""
        found = await self.each(self.inspect_several, await self.list_all(attrgetter("id")))
        return tuple(container for container in found.values() if container)

    async def each(
        self, ask: Callable[[Sequence[str]], Awaitable[Mapping[str, T]]], ids: Sequence[str]
    ) -> dict[str, T]:
        """Return the results of `ask` for all ids, in batches: switching threads costs as much as a request."""
        if len(ids) <= 1:  # as for most events: saves the cost of concurrency
            return dict(await ask(ids)) if ids else {}
        together = min(INSPECTED_TOGETHER, -(-len(ids) // CONCURRENT_INSPECTS))
        parts = [ids[start : start + together] for start in range(0, len(ids), together)]
        found: dict[str, T] = {}
        waiting = iter(parts)

        async def ask_next() -> None:
            for part in waiting:
                found.update(await ask(part))

        try:
            async with anyio.create_task_group() as tasks:
                for _ in range(min(CONCURRENT_INSPECTS, len(parts))):
                    tasks.start_soon(ask_next)
        except ExceptionGroup as group:
            raise group.exceptions[0] from group
        return found

    async def _with_drivers(self, container: Container) -> Container:
        """Add the drivers of networks, which inspections lack; requested once, since they never change."""
        if unknown := {network.id for network in container.networks if network.id} - self._drivers.keys():
            self._drivers |= await self._ask_drivers(unknown)
        networks = (replace(network, driver=self._drivers.get(network.id, "")) for network in container.networks)
        return replace(container, networks=tuple(networks))

    def _forget_all_drivers_but(self, network_ids: set[str]) -> None:
        self._drivers = {network: driver for network, driver in self._drivers.items() if network in network_ids}

    async def _ask_drivers(self, network_ids: set[str]) -> dict[str, str]:
        try:
            return await self._ask(partial(rest.drivers, network_ids))
        except EngineRejected as refusal:
            log.warning("%s (GET /networks); name networks that hosts share in BRIDGE_ROUTABLE_NETWORKS", refusal)
            return dict.fromkeys(network_ids, "")

    @asynccontextmanager
    async def events(self) -> AsyncIterator[tuple[tuple[Event, ...], AsyncIterator[Event]]]:
        """Follow what happens to containers; nothing that happens after entering is missed.

        Yields the signals, starts and ends of containers that the engine remembers, up to a second or two ago, and
        an iterator of later events, which raises EngineUnavailable when the stream ends. Read it promptly: an
        engine drops events for a slow reader.
        """
        await self.aclose()
        client = await self._in_time(partial(connect, self._endpoint))
        response = None
        try:
            now = await self._in_time(partial(rest.now, client))
            past = await self._in_time(partial(self._past, client, now))
            response = await self._in_time(partial(rest.subscribe, client, now))
            async with aclosing(self._received(response)) as received:
                yield past, received
        finally:
            await _in_peace(partial(rest.hang_up, client, response))

    @staticmethod
    def _past(client: APIClient, now: str) -> tuple[Event, ...]:
        # Each event contains all labels of its container, of which only our own are worth the memory.
        found = (event.from_message(message) for message in rest.past(client, now))
        return tuple(replace(it, attributes=own_labels(it.attributes)) for it in found if it)

    async def aclose(self) -> None:
        """Close all connections but that of the events; the next request opens them again."""
        client, self._client = self._client, None
        if client:
            await _in_peace(client.close)

    async def _ask(self, question: Callable[[APIClient], T], parts: int = 1) -> T:
        async with self._connecting:
            if self._client is None:
                self._client = await self._in_time(partial(connect, self._endpoint))
            client = self._client
        return await self._in_time(partial(question, client), parts)

    async def _in_time(self, call: Callable[[], T], parts: int = 1) -> T:
        with translated(self._endpoint), anyio.fail_after(DEADLINE * parts):
            return await threads.run(call)

    async def _received(self, response: requests.Response) -> AsyncGenerator[Event]:
        with translated(self._endpoint):
            async with aclosing(threads.each(rest.messages(response))) as messages:
                async for message in messages:
                    if received := event.from_message(message):
                        yield received
        raise EngineUnavailable(f"Docker engine at {shown(self._endpoint)}: its stream of events ended")


async def _in_peace(close: Callable[[], None]) -> None:
    """Close something even if the caller is cancelled, but wait only for a limited time."""
    with anyio.move_on_after(HANG_UP_DEADLINE, shield=True):
        await threads.run(close)
