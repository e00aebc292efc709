"""Gather: what the engine says of containers now, each together with the one whose network it uses."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from bridge.container import Container
from bridge.engine.client import Engine
from bridge.engine.model import Unreadable


@dataclass(frozen=True, slots=True)
class Seen:
    """A container as it is, None where it is gone, and the container whose network it uses."""

    id: str
    container: Container | None
    target: Container | None = None


class Gatherer:
    """Inspects containers, and remembers who uses whose network, since a target's event concerns its users."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._users: defaultdict[str, set[str]] = defaultdict(set)

    async def some(self, ids: Iterable[str]) -> tuple[list[Seen], list[Unreadable]]:
        """Inspect the containers of these full ids and those that use their networks."""
        wanted = set(ids).union(*(self._users[i] for i in ids if i in self._users))
        return await self._seen([(i, await self._engine.inspect(i)) for i in sorted(wanted)])

    async def all(self) -> tuple[list[Seen], list[Unreadable]]:
        """Inspect all containers there are."""
        self._users.clear()
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
        return seen, [one for _, one in found if isinstance(one, Unreadable)]

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
