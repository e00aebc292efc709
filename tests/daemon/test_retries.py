"""Which unreadable containers are asked for again, and which answers about them are taken."""

from contextlib import AbstractAsyncContextManager

import pytest
from anyio import current_time, wait_all_tasks_blocked

from bridge.daemon.backoff import LONGEST_WAIT
from bridge.daemon.retries import CONCURRENT_RETRIES, Retries
from bridge.engine.model import Unreadable
from tests.daemon.asked import Asked
from tests.lab.background import background

pytestmark = pytest.mark.anyio


def asking(retries: Retries[str], engine: Asked) -> AbstractAsyncContextManager[None]:
    """Keep asking the engine until the block ends."""
    return background(retries.ask, engine.find, engine.ready.append)


def gaps(*ids: str) -> list[Unreadable]:
    """Return containers that could not be read."""
    return [Unreadable(it, "slow") for it in ids]


async def test_answer_is_taken_while_others_hang() -> None:
    """A container is answered while others hang, taken once, and then no longer asked for."""
    retries, engine = Retries[str](), Asked()
    retries.add(gaps("a", "b", "c"))
    async with asking(retries, engine):
        await engine.until(3)
        assert retries.take("abc") == []
        engine.answer("b", "of b")
        engine.answer("c", "of c")
        await wait_all_tasks_blocked()
        assert sorted(engine.ready) == ["b", "c"]
        assert retries.take("ac") == ["of c"]
        assert retries.take("abc") == ["of b"]
        assert retries.take("abc") == []
        assert retries.gaps.keys() == {"a"}
        retries.add(gaps("d"))
        await engine.until(4)
        assert sorted(engine.asked) == ["a", "b", "c", "d"]


async def test_unreadable_container_is_asked_for_again() -> None:
    """Who is still unreadable is asked for again after a while, and is not told to be answered."""
    retries, engine = Retries[str](), Asked()
    retries.add(gaps("a"))
    async with asking(retries, engine):
        await engine.until(1)
        engine.answer("a", None)
        began = current_time()
        await engine.until(2)
        assert current_time() - began > LONGEST_WAIT / 2
        assert engine.ready == []
        assert retries.take("a") == []
        engine.answer("a", "of a")
        await wait_all_tasks_blocked()
        assert retries.take("a") == ["of a"]


async def test_event_outdates_answer_and_question() -> None:
    """Once something happens to what a question is about, answered or not, it is asked again; others are not."""
    retries, engine = Retries[str](), Asked()
    retries.add(gaps("a", "b", "c", "d", "e"))
    async with asking(retries, engine):
        await engine.until(5)
        for answered in ("a", "b", "e"):
            engine.answer(answered, f"of earlier, of {answered}")
        await wait_all_tasks_blocked()
        for happens_to in ("a", "target of b", "c", "target of d"):
            retries.outdate(happens_to)
        assert retries.take("abcd") == []
        await engine.until(9)
        assert sorted(engine.asked[5:]) == ["a", "b", "c", "d"]
        assert retries.take("abcde") == ["of earlier, of e"]


async def test_answer_to_outdated_question_is_dropped() -> None:
    """The answer to an outdated question is not taken, even if it comes while the next one is asked."""
    retries, engine = Retries[str](), Asked(deaf=True)
    retries.add(gaps("a"))
    async with asking(retries, engine):
        await engine.until(1)
        retries.outdate("a")
        await engine.until(2)
        engine.answer("a", "of earlier")
        await wait_all_tasks_blocked()
        assert (engine.ready, retries.take("a")) == ([], [])
        engine.answer("a", "of now")
        await wait_all_tasks_blocked()
        assert (engine.ready, retries.take("a")) == (["a"], ["of now"])


async def test_clear_drops_gaps_and_answers() -> None:
    """Once all is cleared there is neither a gap nor an answer, and who is added later is asked for."""
    retries, engine = Retries[str](), Asked()
    retries.add(gaps("a", "b"))
    async with asking(retries, engine):
        await engine.until(2)
        engine.answer("b", "of b")
        await wait_all_tasks_blocked()
        retries.clear()
        assert (retries.gaps, retries.take("ab")) == ({}, [])
        retries.add(gaps("b"))
        await engine.until(3)
        assert engine.asked[2:] == ["b"]


async def test_concurrent_questions_are_limited() -> None:
    """Only so many are asked for at the same time; the next one as soon as one is answered."""
    retries, engine = Retries[str](), Asked()
    retries.add(gaps(*(f"{number}" for number in range(CONCURRENT_RETRIES + 1))))
    async with asking(retries, engine):
        await engine.until(CONCURRENT_RETRIES)
        assert len(engine.asked) == CONCURRENT_RETRIES
        engine.answer(engine.asked[0], "of the first")
        await engine.until(CONCURRENT_RETRIES + 1)
