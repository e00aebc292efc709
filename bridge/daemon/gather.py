"""Gather: the current state of containers, each with those whose network it uses.

An inspection that hangs costs only its container: the others go on, and it is repeated outside the rounds, for as
long as an engine may take. The next round takes that answer, since asking once more would take as long again; but
not after an event, since an answer describes only the moment of its question.

A container that has not changed since it was inspected, as the list of all containers shows, is not inspected
again.
"""

from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress

import anyio
from msgspec import Struct, field
from msgspec.structs import replace

from bridge.container import Container, targets
from bridge.daemon.ahead import Ahead
from bridge.daemon.retries import Retries
from bridge.engine.client import Engine
from bridge.engine.errors import EngineUnavailable
from bridge.engine.model import Unreadable
from bridge.labels.fields import Release
from bridge.labels.options import read_options
from bridge.routing.keep import running

AT_ONCE = 500
"""How many containers are gathered together."""

PATIENCE = 2.0
"""Seconds that a round waits for one inspection; one that takes longer is repeated outside the rounds."""

PATIENCE_TOGETHER = 1.0
"""Seconds for several inspections in one thread; after that they are divided, in the end into single ones."""

NEWEST = max(Release)
"""The release that knows all options; whether an older one keeps a container is decided with its target."""

Inspected = Container | Unreadable | None
"""What the engine says about one container; None if it is gone."""


class Seen(Struct, frozen=True):
    """A container as it is, None if it is gone, and those whose network it uses: none if one of them is missing.

    The last of them owns the network; each one before it uses that of the next.
    """

    id: str
    container: Container | None
    targets: tuple[Container, ...] = ()


class Gathered(Struct, frozen=True):
    """What was seen, what cannot be read, and the full ids of those that are the `same` as when last seen."""

    seen: tuple[Seen, ...]
    unreadable: tuple[Unreadable, ...]
    same: frozenset[str] = frozenset()


class Gatherer(Struct):
    """Inspects containers, and remembers who uses whose network, since a target's event concerns its users.

    It also remembers which could not be read: no round waits for them again, but takes what was answered
    meanwhile.
    """

    engine: Engine
    _users: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _states: dict[str, int | None] = field(default_factory=dict)
    _retries: Retries[Seen] = field(default_factory=Retries)
    _ahead: Ahead[Inspected] = field(default_factory=Ahead)

    def forget(self) -> None:
        """Treat every container as changed."""
        self._states.clear()

    def outdate(self, container_id: str, *, by_start: bool) -> None:
        """Discard earlier answers, since something has happened to this container.

        One that was asked for while it starts, and says that it runs, is as good as one after its start.
        """
        self._retries.outdate(container_id)
        if not by_start:
            self._ahead.drop(container_id)

    def starts(self, container_id: str) -> None:
        """Ask for a container that does not run yet, since it is about to."""
        self._ahead.ask(container_id)

    def is_target(self, container_id: str) -> bool:
        """Return whether other containers use this one's network, or it is being inspected because they do."""
        return container_id in self._users

    async def some(self, ids: Iterable[str]) -> Gathered:
        """Inspect the containers with these full ids, and those that use their networks."""
        wanted = self._with_users(ids)
        answered = self._retries.take(wanted)
        wanted -= self._retries.gaps.keys() | {one.id for one in answered}
        for container_id in wanted:
            self._states.pop(container_id, None)
        gathered = await self._seen(wanted)
        return replace(gathered, seen=(*answered, *gathered.seen))

    async def ask_ahead(self) -> None:
        """Keep asking for those that are about to start."""
        await self._ahead.run(self._inspect_ahead)

    async def ask_again(self, answered: Callable[[str], None]) -> None:
        """Keep asking for those that could not be read; call `answered` with each id that `some` can read now."""
        await self._retries.ask(self._seen_beside, answered)

    async def all(
        self, states: Mapping[str, int | None], restless: Collection[str]
    ) -> AsyncGenerator[Gathered, None]:
        """Inspect those whose state changed since they were last inspected, or that are `restless`.

        They come in parts, since thousands of containers at once would take much memory. Those that could not be
        read are asked for again outside the rounds, as before: waiting for them would delay all others each time.
        """
        known = {i for i, state in states.items() if state is not None and self._states.get(i) == state}
        for target in list(self._users):
            self._users[target] &= states.keys()
            if not self._users[target]:
                del self._users[target]
        changed = (states.keys() - known) | set(restless) | (self._users.keys() - states.keys())
        gaps = tuple(gap for i, gap in self._retries.gaps.items() if i in states)
        self._ahead.clear()
        self._retries.clear()
        self._retries.add(gaps)
        wanted = sorted((self._with_users(changed) & states.keys()) - self._retries.gaps.keys())
        yield Gathered((), gaps, frozenset(known.difference(wanted)))
        gone = set[str]()
        for start in range(0, len(wanted), AT_ONCE):
            part = await self._seen(wanted[start : start + AT_ONCE])
            gone |= {one.id for one in part.seen if one.container is None}
            yield part
        # A container that is listed but not found may be found the next time.
        unread = self._retries.gaps.keys() | gone
        self._states = {i: state for i, state in states.items() if i not in unread}

    def _with_users(self, ids: Iterable[str]) -> set[str]:
        wanted = set(ids)
        return wanted.union(*(self._users[i] for i in wanted if i in self._users))

    async def _seen(self, ids: Collection[str]) -> Gathered:
        known = await self._with_targets(ids, self._inspect)
        for i in [i for i in ids if known[i] is None]:
            self._users.pop(i, None)
        gathered = [self._beside_targets(i, known[i], known) for i in sorted(ids)]
        unreadable = tuple(one for one in gathered if isinstance(one, Unreadable))
        self._retries.add(unreadable)
        return Gathered(tuple(one for one in gathered if isinstance(one, Seen)), unreadable)

    async def _inspect(self, ids: Sequence[str]) -> dict[str, Inspected]:
        with anyio.move_on_after(PATIENCE if len(ids) == 1 else PATIENCE_TOGETHER):
            found = await self._started(ids)
            if others := [i for i in ids if i not in found]:
                found |= await self.engine.inspect_several(others)
            return found
        if len(ids) == 1:
            return {ids[0]: Unreadable(ids[0], f"the engine did not answer within {PATIENCE:g} s")}
        return await self.engine.each(self._inspect, ids)

    async def _started(self, ids: Sequence[str]) -> dict[str, Inspected]:
        """Return those of the containers that were asked for while they started, and run."""
        answers = {i: await self._ahead.take(i) for i in ids}
        return {i: it for i, it in answers.items() if isinstance(it, Container) and running(it)}

    async def _inspect_ahead(self, container_id: str) -> Inspected:
        with suppress(EngineUnavailable):  # the round will ask itself, and wait for the engine
            return await self.engine.inspect(container_id)
        return None

    async def _with_targets(
        self, ids: Collection[str], ask: Callable[[Sequence[str]], Awaitable[dict[str, Inspected]]]
    ) -> dict[str, Inspected]:
        known = await self.engine.each(ask, sorted(ids))
        while missing := {it.network_target for it in known.values() if isinstance(it, Container)} - {"", *known}:
            # An event of one while it is inspected concerns its users, which are not known as such yet.
            for target in missing:
                self._users.setdefault(target, set())
            known |= await self.engine.each(ask, sorted(missing))
        return known

    async def _seen_beside(self, container_id: str, about: set[str]) -> Seen | None:
        async def ask(ids: Sequence[str]) -> dict[str, Inspected]:
            about.update(ids)
            return await self.engine.inspect_several(ids)

        try:
            known = await self._with_targets([container_id], ask)
        except EngineUnavailable:
            return None
        seen = self._beside_targets(container_id, known[container_id], known)
        return seen if isinstance(seen, Seen) else None

    def _beside_targets(
        self, container_id: str, found: Inspected, known: Mapping[str, Inspected]
    ) -> Seen | Unreadable:
        if not isinstance(found, Container):
            return found if isinstance(found, Unreadable) else Seen(container_id, found)
        seen = targets(found, known.__getitem__)
        for name, target in seen.items():
            self._users[target.id if isinstance(target, Container) else name].add(container_id)
            if isinstance(target, Unreadable) and _needs_target(found):
                return Unreadable(container_id, f"the container of its network cannot be read: {target.reason}")
        there = tuple(target for target in seen.values() if isinstance(target, Container))
        return Seen(container_id, found, there if len(there) == len(seen) else ())


def _needs_target(container: Container) -> bool:
    """Return whether its targets matter: unless it runs or is kept without running, it is not routed anyway."""
    return running(container) or read_options(container.name, container.labels, NEWEST).allow_non_running
