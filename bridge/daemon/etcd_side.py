"""The etcd side: this host's `alive`, held in one session after another."""

from functools import partial

import anyio
from msgspec import Struct, field

from bridge.claims.hosts import removal
from bridge.daemon import session as sessions
from bridge.daemon.apply import drive
from bridge.daemon.backoff import persist
from bridge.daemon.connection import Connection
from bridge.daemon.reaper import Reaper
from bridge.daemon.session import Identity, Session
from bridge.daemon.work import ALL, Work
from bridge.logs import get_logger
from bridge.store.client import Store
from bridge.store.errors import LeaseLost, StoreUnavailable

log = get_logger()


class EtcdSide(Struct):
    """Keeps this host alive; `session` is None while it is not."""

    store: Store
    identity: Identity
    work: Work
    connection: Connection
    session: Session | None = None
    _begun: anyio.Event = field(default_factory=anyio.Event)

    async def live(self) -> None:
        """Begin a session whenever the last one is over."""
        while True:
            begin = partial(sessions.begin, self.store, self.identity, log.warning)
            self.session = await persist(begin, (StoreUnavailable,), self.connection.fall)
            self.connection.stand()
            self.work.mark(ALL)
            self._begun.set()
            await self._hold(self.session)
            self.session, self._begun = None, anyio.Event()

    async def alive(self) -> Session:
        """Wait for a session."""
        while self.session is None:
            await self._begun.wait()
        return self.session

    async def leave(self, goodbye: float | None) -> None:
        """End the session, if there is one: the routes stay for `goodbye` seconds, or are withdrawn now (None).

        Raises the store's errors.
        """
        if self.session and goodbye is not None:
            await sessions.end(self.store, self.identity, self.session, goodbye)
        elif self.session:
            await self._withdraw(self.session)

    async def _withdraw(self, session: Session) -> None:
        # A write that was in progress when the signal came must not take effect after this.
        session.uncertain = True
        await session.ascertain(self.store)
        await drive(self.store, removal(self.identity.layout, session.fence))
        await self.store.revoke(session.lease)

    async def _hold(self, session: Session) -> None:
        """Return when the session is over: its lease is lost, or a transaction found that it is."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._refresh, session)
            tasks.start_soon(Reaper(self.store, self.identity.layout, self.identity.terms, session).watch)
            await session.over.wait()
            tasks.cancel_scope.cancel()

    async def _refresh(self, session: Session) -> None:
        alive = partial(self.store.read, *(compare.range for compare in session.fence))
        while not session.over.is_set():
            try:
                await self.store.hold(session.lease)
            except LeaseLost as lost:
                self.connection.fall(lost)
                session.over.set()
            except StoreUnavailable as gone:
                self.connection.fall(gone)
                await persist(alive, (StoreUnavailable,), self.connection.fall)
                self.connection.stand()
                # It may have been restored from a backup: what was read from it before is void.
                session.memory.revision = 0
                self.work.mark(ALL)
