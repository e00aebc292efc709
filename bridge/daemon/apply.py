"""Apply: carry out what the core asks of etcd, request by request, until it has what it decided."""

from collections.abc import Generator
from typing import TypeVar

from bridge.claims.gather import Change
from bridge.claims.resync import Resynced, resync
from bridge.claims.settling import Answer, Settling
from bridge.claims.transaction import Found, Read, Transaction
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
    store: Store, session: Session, publications: list[Publication], keeps: list[str]
) -> Resynced:
    """List what is in etcd and settle all containers of this host. Raises the store's errors."""
    await session.ascertain(store)
    try:
        return await drive(store, resync(publications, session.memory, session.fence, keeps))
    except StoreUnavailable:
        session.uncertain = True
        raise


async def drive(store: Store, steps: Generator[Transaction | Read, Answer, Result]) -> Result:
    """Carry out steps of the core to their end; where etcd fails, they are told and it is raised."""
    request = next(steps)
    while True:
        try:
            answer = await _carry_out(store, request)
        except StoreUnavailable as error:
            steps.throw(error)
            raise
        try:
            request = steps.send(answer)
        except StopIteration as done:
            result: Result = done.value
            return result


async def _carry_out(store: Store, request: Transaction | Read) -> Answer:
    if isinstance(request, Transaction):
        return await store.commit(request)
    snapshot = await store.read(*request.ranges)
    return Found(snapshot.revision, snapshot.found)
