"""Helpers for requests that the tests of the store often make."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from anyio import fail_after, sleep

from bridge.claims.transaction import Committed, Delete, Put, Transaction
from bridge.store.client import Store
from bridge.store.errors import StoreUnavailable

T = TypeVar("T")


async def write(store: Store, *writes: Put | Delete) -> int:
    """Write unconditionally, and return the revision."""
    committed = await store.commit(Transaction((), writes, ()))
    assert isinstance(committed, Committed)
    return committed.revision


async def insist(ask: Callable[[], Awaitable[T]], deadline: float = 20) -> T:
    """Repeat a request until etcd is available."""
    with fail_after(deadline):
        while True:
            try:
                return await ask()
            except StoreUnavailable:
                await sleep(0.05)
