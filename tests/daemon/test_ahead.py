"""Which containers are asked for before their start, and which answers about them are taken."""

from contextlib import AbstractAsyncContextManager

import pytest
from anyio import create_task_group, wait_all_tasks_blocked

from bridge.daemon.ahead import AT_ONCE, Ahead
from tests.daemon.asked import Asked
from tests.lab.background import background

pytestmark = pytest.mark.anyio


async def ask(ahead: Ahead[str], *ids: str) -> None:
    """Ask for containers, and wait until they are asked for."""
    await wait_all_tasks_blocked()
    for container_id in ids:
        ahead.ask(container_id)
    await wait_all_tasks_blocked()


def asking(ahead: Ahead[str], engine: Asked) -> AbstractAsyncContextManager[None]:
    """Answer questions until the block ends."""
    return background(ahead.run, lambda container_id: engine.find(container_id, set()))


async def test_answer_is_taken_once() -> None:
    """An answer is taken once, and nothing about a container that was not asked for."""
    ahead, engine = Ahead[str](), Asked()
    async with asking(ahead, engine):
        await ask(ahead, "a")
        engine.answer("a", "a1")
        assert await ahead.take("b") is None
        assert await ahead.take("a") == "a1"
        assert await ahead.take("a") is None


async def test_answer_is_waited_for() -> None:
    """Whoever takes an answer that has not come yet waits for it."""
    ahead, engine, taken = Ahead[str](), Asked(), list[str | None]()

    async def take() -> None:
        taken.append(await ahead.take("a"))

    async with asking(ahead, engine), create_task_group() as tasks:
        await ask(ahead, "a")
        tasks.start_soon(take)
        await wait_all_tasks_blocked()
        assert not taken
        engine.answer("a", "a1")
        await wait_all_tasks_blocked()
        assert taken == ["a1"]


async def test_question_without_answer() -> None:
    """A question to which the engine has no answer leaves nothing to take."""
    ahead, engine = Ahead[str](), Asked()
    async with asking(ahead, engine):
        await ask(ahead, "a")
        engine.answer("a", None)
        assert await ahead.take("a") is None


async def test_container_is_asked_for_once() -> None:
    """A container is asked for once, however many networks it joins."""
    ahead, engine = Ahead[str](), Asked()
    async with asking(ahead, engine):
        await ask(ahead, "a", "a")
        engine.answer("a", "a1")
        await ask(ahead, "a")
        assert engine.asked == ["a"]


@pytest.mark.parametrize("dropped", [True, False], ids=["dropped", "cleared"])
async def test_dropped_answer_is_not_taken(dropped: bool) -> None:  # noqa: FBT001
    """A dropped answer is not taken, whether it has come or not, nor in place of that to a later question."""
    ahead, engine = Ahead[str](), Asked()

    def drop() -> None:
        if dropped:
            ahead.drop("a")
        else:
            ahead.clear()

    async with asking(ahead, engine):
        ahead.drop("a")
        await ask(ahead, "a")
        engine.answer("a", "a1")
        drop()
        assert await ahead.take("a") is None
        await ask(ahead, "a")
        drop()
        await ask(ahead, "a")
        engine.answer("a", "a2")
        engine.answer("a", "a3")
        assert await ahead.take("a") == "a3"


async def test_event_of_one_drops_no_other() -> None:
    """What happens to one container drops no answer about another."""
    ahead, engine = Ahead[str](), Asked()
    async with asking(ahead, engine):
        await ask(ahead, "a", "b")
        ahead.drop("a")
        engine.answer("b", "b1")
        assert await ahead.take("b") == "b1"


async def test_few_are_asked_for_together() -> None:
    """Only a few are asked for at a time; one that could not be is not taken, and can be asked for later."""
    ahead, engine = Ahead[str](), Asked()
    ids = [str(number) for number in range(AT_ONCE + 1)]
    async with asking(ahead, engine):
        await ask(ahead, *ids)
        assert engine.asked == ids[:-1]
        assert await ahead.take(ids[-1]) is None
        engine.answer(ids[0], "0")
        await ask(ahead, ids[-1])
        assert engine.asked == ids


async def test_nothing_is_asked_for_unless_it_runs() -> None:
    """Before and after it runs, containers are not asked for, and nobody waits for them."""
    ahead, engine = Ahead[str](), Asked()
    await ask(ahead, "a")
    assert await ahead.take("a") is None
    async with asking(ahead, engine):
        await wait_all_tasks_blocked()
    await ask(ahead, "a")
    assert await ahead.take("a") is None
    assert not engine.asked
