"""Gather: what the engine says of containers now, each together with the one whose network it uses."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import anyio

from bridge.container import Container
from bridge.daemon.backoff import LONGEST_WAIT
from bridge.engine.client import Engine
from bridge.engine.errors import EngineUnavailable
from bridge.engine.model import Unreadable

PATIENCE = 2.0
"""Seconds that others wait for one inspection; one that takes longer is asked for apart from theirs."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A container as it is, None where it is gone, and the container whose network it uses."""

    id: str
    container: Container | None
    target: Container | None = None


class Gatherer:
    """Inspects containers, and remembers who uses whose network, since a target's event concerns its users.

    It also remembers who could not be read: nobody waits for them again before they can.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._users: defaultdict[str, set[str]] = defaultdict(set)
        self._unreadable: set[str] = set()

    async def some(self, ids: Iterable[str]) -> tuple[list[Seen], list[Unreadable]]:
        """Inspect the containers of these full ids and those that use their networks."""
        wanted = set(ids).union(*(self._users[i] for i in ids if i in self._users)) - self._unreadable
        return await self._seen([(i, await self._inspect(i)) for i in sorted(wanted)])

    async def readable(self) -> frozenset[str]:
        """Wait until containers that could not be read can be, and return their full ids."""
        while True:
            await anyio.sleep(LONGEST_WAIT)
            readable = frozenset([i for i in sorted(self._unreadable) if await self._is_readable(i)])
            self._unreadable -= readable
            if readable:
                return readable

    async def all(self) -> tuple[list[Seen], list[Unreadable]]:
        """Inspect all containers there are."""
        self._users.clear()
        self._unreadable.clear()
        found = await self._engine.inspect_all()
        return await self._seen(
            [(one.container_id if isinstance(one, Unreadable) else one.id, one) for one in found]
        )

    async def _seen(
        self, found: list[tuple[str, Container | Unreadable | None]]
    ) -> tuple[list[Seen], list[Unreadable]]:
        known = {i: one for i, one in found if isinstance(one, Container)}
        readable = [(i, one) for i, one in found if not isinstance(one, Unreadable)]
        seen = [Seen(i, one, await self._target(one, known)) for i, one in readable]
        unreadable = [one for _, one in found if isinstance(one, Unreadable)]
        self._unreadable.update(one.container_id for one in unreadable)
        return seen, unreadable

    async def _inspect(self, container_id: str) -> Container | Unreadable | None:
        with anyio.move_on_after(PATIENCE):
            return await self._engine.inspect(container_id)
        return Unreadable(container_id, f"the engine did not answer within {PATIENCE:g} s")

    async def _is_readable(self, container_id: str) -> bool:
        try:
            return not isinstance(await self._engine.inspect(container_id), Unreadable)
        except EngineUnavailable:
            return False

    async def _target(self, container: Container | None, known: dict[str, Container]) -> Container | None:
        name = container.network_target if container else ""
        if not container or not name:
            return None
        target = known.get(name) or await self._engine.inspect(name)
        if not isinstance(target, Container):
            self._users[name].add(container.id)
            return None
        self._users[target.id].add(container.id)
        return target
