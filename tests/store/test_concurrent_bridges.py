"""Three bridges that share objects on a real etcd: the rules hold at every revision, whatever they do at once."""

import itertools
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from random import Random

import pytest
from anyio import create_task_group

from bridge.claims.layout import Layout
from bridge.claims.transaction import Put
from bridge.store.connection import Connection
from bridge.view.model import Item, Publication
from tests.claims.world import identifier
from tests.lab.etcd import Etcd
from tests.store.answers import write
from tests.store.bridges import (
    Bridge,
    History,
    MeddledStore,
    at_rest,
    history,
    item,
    publication,
)

pytestmark = pytest.mark.anyio

SEED = os.environ.get("BRIDGES_SEED", "1")
HOSTS = ("h1", "h2", "h3")
ALONE, ROUNDS, AT_ONCE = 300, 12, 35
SETTLED_WITHIN = 30
FOREIGN = {
    "http/routers/rtheirs/rule": "by hand",
    "http/routers/RCased/rule": "by hand",
    "http/middlewares/mtheirs": "by hand",
    "http/unknown/thing": "by hand",
    "elsewhere": "by hand",
}


def layout(everything: str, host: str) -> Layout:
    """Return a layout with root and state below one key, so that one range covers both."""
    return Layout(f"{everything}/traefik", f"{everything}/docker-event-bridge", host)


class World:
    """Three bridges, the keys of strangers, and the history of all changes."""

    def __init__(self, bridges: list[Bridge], told: History) -> None:
        self.bridges = bridges
        self.history = told
        self.created = itertools.count(1)

    async def rest(self) -> None:
        """Let the bridges decide again until nothing changes, then resync until nothing changes."""
        await self._woken()
        at_rest(self.history.keys, self.bridges, self.history.foreign)
        for _ in range(SETTLED_WITHIN):
            for bridge in self.bridges:
                await bridge.resync()
            if not await self.history.follow():
                break
            await self._woken()
        else:
            pytest.fail("resyncs never come to rest")
        at_rest(self.history.keys, self.bridges, self.history.foreign)

    async def _woken(self) -> None:
        for _ in range(SETTLED_WITHIN):
            await self.history.follow()
            late = [
                (it, name) for it in self.bridges for name, told in it.settled.items() if self.history.late(told)
            ]
            if not late:
                return
            for bridge, name in late:
                await bridge.settle(bridge.wanted[name])
        pytest.fail("containers wake each other for ever")

    async def hand(self, path: str) -> None:
        """Write a key of the view as a stranger does."""
        await self.history.follow()
        key = f"{self.bridges[0].layout.root_key}/{path}"
        self.history.foreign[key] = "by hand"
        await write(self.history.store, Put(key, "by hand"))


@asynccontextmanager
async def world(etcd: Etcd, everything: str, *, foreign: bool) -> AsyncIterator[World]:
    """Start three bridges."""
    async with AsyncExitStack() as stack:
        stores = [MeddledStore(Connection((etcd.endpoint,))) for _ in (*HOSTS, "watches")]
        for store in stores:
            stack.push_async_callback(store.aclose)
        first = layout(everything, HOSTS[0])
        planted = {f"{first.root_key}/{path}": value for path, value in FOREIGN.items() if foreign}
        permanent = Put(first.permanent.key, first.permanent.value)
        await write(stores[-1], permanent, *(Put(*pair) for pair in planted.items()))
        told = await stack.enter_async_context(history(stores[-1], first, everything, planted))
        bridges = [Bridge(store, layout(everything, host)) for store, host in zip(stores, HOSTS, strict=False)]
        for bridge in bridges:
            await bridge.begin()
        try:
            yield World(bridges, told)
        finally:
            for bridge in bridges:
                await bridge.lose()


class Life:
    """Random events of one host's containers."""

    def __init__(self, world_: World, bridge: Bridge) -> None:
        self.world = world_
        self.bridge = bridge
        self.random = Random(f"{SEED} {bridge.layout.host}")
        self.events = [(self.publish, 6), (self.redefine, 5), (self.recreate, 5), (self.leave, 4)]
        self.others = [(self.bridge.resync, 1), (self.kill, 1)]

    async def event(self) -> None:
        """Make one random event of a container happen."""
        await self._one_of(self.events)

    async def step(self) -> None:
        """Make any random event happen, resyncs and lost leases included."""
        await self._one_of([*self.events, *self.others])

    async def _one_of(self, events: Sequence[tuple[Callable[[], Awaitable[None]], int]]) -> None:
        calls, weights = zip(*events, strict=True)
        await self.random.choices(calls, weights)[0]()

    async def publish(self) -> None:
        """Start a container, or remove one if there are many."""
        if len(self.bridge.wanted) > 4:
            await self.leave()
        else:
            await self.bridge.settle(self._made(f"{self.bridge.layout.host[1]}{next(self.world.created):04}"))

    async def redefine(self) -> None:
        """Change what a container publishes."""
        if old := self._any():
            again = self._made(old.container, old.application)
            await self.bridge.settle(
                Publication(again.container, again.id, old.application, old.created, again.items)
            )

    async def recreate(self) -> None:
        """Replace a container by a newer one of its application."""
        if old := self._any():
            number = next(self.world.created)
            new = self._made(f"{self.bridge.layout.host[1]}{number:04}", old.application)
            await self.bridge.settle(old.id, new)

    async def leave(self) -> None:
        """Remove a container."""
        if old := self._any():
            await self.bridge.settle(old.id)

    async def kill(self) -> None:
        """Make another bridge lose its lease."""
        await self.random.choice([it for it in self.world.bridges if it is not self.bridge]).lose()

    def _any(self) -> Publication | None:
        known = sorted(self.bridge.wanted.values(), key=lambda it: it.container)
        return self.random.choice(known) if known else None

    def _made(self, name: str, application: str = "") -> Publication:
        names = self.random.sample(["r1", "r2", "r3", "s1", "s2", "m1", "m2"], self.random.randrange(1, 4))
        names += [one for one in ("rtheirs", "rcased", "mtheirs") if self.random.random() < 0.02]
        if self.random.random() < 0.1 and "r1" in names:
            names[names.index("r1")] = "R1"
        application = application or self.random.choice(("web", "web", "shop", "api"))
        items = [self._item(one) for one in names]
        created = next(self.world.created)
        return publication(name, *items, application=application, created=created, host=self.bridge.layout.host)

    def _item(self, name: str) -> Item:
        version = self.random.choice(("1", "1", "1", "2", "3"))
        more = {"priority": version} if version != "1" else {}
        return item(name, rule=version, **more)


async def test_rules_hold_after_each_event_of_one_bridge_at_a_time(each_etcd: Etcd, root_key: str) -> None:
    """An event of one container makes at most one revision, after which all rules hold."""
    print("BRIDGES_SEED", SEED)
    async with world(each_etcd, root_key, foreign=True) as it:
        lives, random = [Life(it, bridge) for bridge in it.bridges], Random(SEED)
        await it.history.follow()
        for _ in range(ALONE):
            life = random.choice(lives)
            await life.event()
            assert len(await it.history.follow()) <= 1
        await it.rest()


async def test_rules_hold_at_every_revision_of_three_bridges(each_etcd: Etcd, root_key: str) -> None:
    """Whatever three bridges do at once, all rules hold at each revision, and the bridges come to rest."""
    print("BRIDGES_SEED", SEED)
    async with world(each_etcd, root_key, foreign=True) as it:
        lives = [Life(it, bridge) for bridge in it.bridges]

        async def live(life: Life) -> None:
            for _ in range(AT_ONCE):
                await life.step()

        for _ in range(ROUNDS):
            async with create_task_group() as tasks:
                for life in lives:
                    tasks.start_soon(live, life)
            await it.rest()
        assert all(bridge.restarts for bridge in it.bridges)


async def test_event_of_container_with_60_routers_is_one_revision(each_etcd: Etcd, root_key: str) -> None:
    """The start, the change and the end of a container with 60 routers are one revision each."""
    async with world(each_etcd, root_key, foreign=True) as it:
        await it.history.follow()
        for version in ("1", "2"):
            routers = [item(f"r{number}", rule=version, priority=version) for number in range(60)]
            await it.bridges[0].settle(publication("big", *routers, item("s1"), host="h1"))
            assert len(await it.history.follow()) == 1
        await it.bridges[0].settle(identifier("big"))
        assert len(await it.history.follow()) == 1
        assert not it.bridges[0].wanted
        at_rest(it.history.keys, it.bridges, it.history.foreign)
