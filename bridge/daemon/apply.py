"""Apply: carry out the core's requests to etcd, one after another."""

from collections.abc import Callable, Generator, Mapping
from functools import partial
from typing import Generic, TypeVar

from msgspec import Struct

from bridge import threads
from bridge.claims.gather import Change
from bridge.claims.resync import Resynced, resync
from bridge.claims.settling import Answer, Settling
from bridge.claims.transaction import Read, Transaction
from bridge.daemon.session import Session
from bridge.store.client import Store
from bridge.store.errors import StoreUnavailable
from bridge.view.model import Publication

Result = TypeVar("Result")


async def settle(store: Store, session: Session, changes: list[Change]) -> Settling:
    """Settle the changes of some containers. Raises the store's errors."""
    await session.ascertain(store)
    settling = Settling(changes, session.memory, session.fence)
    while request := settling.request:
        try:
            settling.answer(await _carry_out(store, request))
        except StoreUnavailable:
            settling.lost()
            session.uncertain = True
            raise
    return settling


async def settle_all(
    store: Store, session: Session, publications: Mapping[str, Publication], keeps: list[str]
) -> Resynced:
    """List what is in etcd and settle all containers of this host; see `resync`. Raises the store's errors."""
    await session.ascertain(store)
    try:
        return await drive(store, resync(publications, session.memory, session.fence, keeps))
    except StoreUnavailable:
        session.uncertain = True
        raise


async def drive(store: Store, steps: Generator[Transaction | Read, Answer, Result]) -> Result:
    """Carry out steps of the core to their end; a failure of etcd is thrown into them, and then raised."""
    step = await on_thread(_step, steps, None)
    while not isinstance(step, _Done):
        try:
            answer = await _carry_out(store, step)
        except StoreUnavailable as error:
            steps.throw(error)
            raise
        step = await on_thread(_step, steps, answer)
    result: Result = step.result
    return result


class _Done(Struct, Generic[Result], frozen=True):
    result: Result


def _step(
    steps: Generator[Transaction | Read, Answer, Result], answer: Answer | None
) -> Transaction | Read | _Done[Result]:
    try:
        return next(steps) if answer is None else steps.send(answer)
    except StopIteration as done:
        return _Done(done.value)


async def on_thread(function: Callable[..., Result], *arguments: object) -> Result:
    """Compute in a thread what takes long for thousands of containers: the lease must be refreshed meanwhile."""
    return await threads.run(partial(function, *arguments))


async def _carry_out(store: Store, request: Transaction | Read) -> Answer:
    if isinstance(request, Transaction):
        return await store.commit(request)
    return await store.read(*request.ranges)
