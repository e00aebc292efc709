"""Each kind of compare is needed: without it, a change between decision and commit breaks a rule on etcd."""

from collections.abc import Awaitable, Callable

import pytest

from bridge.claims.hosts import removal
from bridge.daemon.apply import drive
from bridge.view.model import Publication
from tests.lab.etcd import Etcd
from tests.store.bridges import FENCE, Meddling, item, publication
from tests.store.test_concurrent_bridges import World, world

pytestmark = pytest.mark.anyio

Step = Callable[[World], Awaitable[object]]


def has(host: int, name: str, version: str = "1", created: int = 1, application: str = "web") -> Step:
    """Return a step: a container publishes one object in a version, a word for each leaf ("bare" for none)."""
    rule, *more = version.split()
    called, _, box = name.partition("@")
    leaves = {"bare": ""} if rule == "bare" else {"rule": rule, "service": "s", **dict.fromkeys(more, "1")}
    made = publication(box or f"c{host}", item(called, **leaves), application=application, created=created)
    return lambda it: it.bridges[host].settle(made)


def gone(host: int, box: str = "") -> Step:
    """Return a step: a container leaves."""
    made: Publication = publication(box or f"c{host}")
    return lambda it: it.bridges[host].settle(made.id)


def hand(path: str) -> Step:
    """Return a step: a stranger writes a key."""
    return lambda it: it.hand(f"http/routers/{path}")


def dies(it: World) -> Awaitable[object]:
    """Let the first host be taken for dead."""
    return it.bridges[0].lose()


def moves(it: World) -> Awaitable[object]:
    """Give the first host's container another address."""
    made = publication("c0", item("s", rule="1", service="s"), host="moved")
    return it.bridges[0].settle(made)


async def purged(it: World) -> None:
    """Remove the first host's claims by hand while it is alive."""
    bridge = it.bridges[0]
    await drive(it.bridges[1].store, removal(bridge.layout, bridge.session.fence, forget=False))


# By kind of compare: the steps before, what the first host then decides, and what happens before its commit.
CASES: dict[str, tuple[list[Step], Step, list[Step]]] = {
    FENCE: ([], has(0, "r"), [dies]),
    "own: the record is unchanged": ([has(0, "s")], moves, [purged]),
    "define: the object is absent": ([], has(0, "r"), [has(1, "R")]),
    "define: the view has nothing below the name": ([], has(0, "r"), [hand("r/rule")]),
    "define: the view has no bare leaf": ([], has(0, "r", "bare"), [hand("r")]),
    "redefine: the object is unchanged": ([has(1, "r")], has(0, "r", "2", 2), [gone(1)]),
    "redefine: no claim is newer": ([has(1, "r")], has(0, "r", "2", 2), [has(2, "r", "1", 1, "api")]),
    "redefine: an added leaf is absent": ([has(1, "r")], has(0, "r", "1 tls", 2), [hand("r/tls")]),
    "join: the object is unchanged": ([has(1, "r"), lambda it: it.bridges[0].resync()], has(0, "r"), [gone(1)]),
    "leave: the object is unchanged": ([has(1, "r"), has(0, "r")], gone(0), [gone(1)]),
    "last: there is no other claim": ([has(0, "r")], gone(0), [has(1, "r")]),
    "succession: no claim is newer": (
        [has(0, "r", "1", 2), has(1, "r", "2", 1)],
        gone(0),
        [has(2, "r", "1", 3, "api")],
    ),
    "succession: the successor's claim is unchanged": ([has(0, "r"), has(1, "r")], gone(0), [gone(1)]),
    "wait: the object is unchanged": (
        [has(1, "r"), lambda it: it.bridges[0].resync()],
        has(0, "r", "2", 2, "api"),
        [gone(1)],
    ),
}


async def broken(etcd: Etcd, everything: str, kind: str, *, drops: bool) -> str:
    """Run a case, and return which rule is broken, "" for none."""
    before, decides, between = CASES[kind]
    async with world(etcd, everything, foreign=False) as it:
        for step in before:
            await step(it)

        async def meanwhile() -> None:
            for step in between:
                await step(it)

        meddling = it.bridges[0].store.meddling = Meddling(kind, drops, meanwhile)
        try:
            await decides(it)
            await it.history.follow()
            await it.rest()
        except AssertionError as error:
            return str(error) or "broken"
        finally:
            it.bridges[0].store.meddling = Meddling("")
            assert meddling.meanwhile is None, "nothing was compared for this reason"
        return ""


@pytest.mark.parametrize("kind", CASES)
async def test_rule_is_broken_without_compare(each_etcd: Etcd, root_key: str, kind: str) -> None:
    """With all compares no rule is broken; without those of this kind, one is."""
    assert not await broken(each_etcd, f"{root_key}-all", kind, drops=False)
    assert await broken(each_etcd, f"{root_key}-less", kind, drops=True)
