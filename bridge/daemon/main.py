"""The daemon: one task group that keeps both sides connected and settles whatever changes.

There are two kinds of failure: one that may pass is waited out by the task that meets it, and removes nothing; one
that only a person can fix ends the group.
"""

import signal
from collections.abc import AsyncIterator
from functools import partial

import anyio
from anyio.abc import TaskGroup
from msgspec.structs import replace

from bridge.claims.layout import Layout
from bridge.daemon.allocator import trim, use_one_arena
from bridge.daemon.apply import on_thread
from bridge.daemon.backoff import persist
from bridge.daemon.connection import Connection
from bridge.daemon.docker_side import DockerSide
from bridge.daemon.etcd_side import EtcdSide
from bridge.daemon.gather import Gatherer
from bridge.daemon.session import Identity, Session, Terms, introduce
from bridge.daemon.sync import Sync
from bridge.daemon.waiting import Waiting
from bridge.daemon.work import ALL, Task, Work
from bridge.engine.client import Engine
from bridge.engine.errors import EngineUnavailable
from bridge.engine.event import Event
from bridge.health import Status, serve
from bridge.logs import get_logger
from bridge.machine.interface import AddressUnavailableError, located, relocated
from bridge.settings.model import RunSettings
from bridge.settings.options import options
from bridge.store.client import Store
from bridge.store.errors import LeaseLost, StoreError, StoreUnavailable

log = get_logger()

GOODBYE_WITHIN = 1.0
"""Seconds that a stop may spend on its goodbye to etcd, of the two that it may take as a whole."""

WITHDRAWN_WITHIN = 5.0
"""The same if all routes are withdrawn: well below the ten after which Docker kills what does not stop."""


async def run(settings: RunSettings) -> None:
    """Mirror this host's containers into etcd, until SIGTERM or SIGINT.

    Raises what waiting does not fix: FailedError, UsageError, EngineRejected, StoreRejected, HealthSocketError.
    """
    use_one_arena()
    engine, store = Engine(settings.endpoint()), Store(settings.connection())
    try:
        await Daemon(settings, engine, store).run()
    finally:
        with anyio.CancelScope(shield=True):
            await engine.aclose()
            await store.aclose()


class Daemon:
    """The running bridge."""

    def __init__(self, settings: RunSettings, engine: Engine, store: Store) -> None:
        self.settings = settings
        self.store = store
        self.work = Work()
        self.docker = DockerSide(engine, self.work, settings.drain_limit.total_seconds())
        self.etcd = Connection("etcd")
        self.sync: Sync | None = None
        self.synced: tuple[int, int] | None = None
        self.stopping = False

    async def run(self) -> None:
        """Run until a signal comes; further ones do not cut the goodbye short."""
        with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as received:
            await self._run(received)

    async def _run(self, signals: AsyncIterator[signal.Signals]) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._stop_on_signal, signals, tasks)
            await tasks.start(serve, self.settings.health_socket, self.status)
            tasks.start_soon(self.docker.follow, self._concerned)
            identity, self.sync = await self._begin()
            living = EtcdSide(self.store, identity, self.work, self.etcd)
            try:
                await self._bridge(living, self.sync)
            finally:
                await self._leave(living)

    def status(self) -> Status:
        """Return the health of the bridge."""
        docker, synced = self.docker.connection, self.synced == self._falls()
        sync = "committed" if synced else "not committed yet"
        return Status(docker.up and self.etcd.up and synced, docker.state, self.etcd.state, sync)

    def _falls(self) -> tuple[int, int]:
        """Return what changes whenever something may have been missed: an earlier sync no longer counts then."""
        return self.docker.connection.falls, self.etcd.falls

    def _concerned(self, event: Event) -> bool:
        """Return whether an event may change something; until it is known which host this is, every one may."""
        return self.sync is None or self.sync.concerned(event)

    async def _begin(self) -> tuple[Identity, Sync]:
        """Find out which host this is, waiting for its engine."""
        tell = partial(self._tell_unless_away, Connection("the engine's identity"))
        info = await persist(self.docker.engine.info, (EngineUnavailable,), tell)
        asked, address = options(self.settings, info.name), Connection("the advertise address")
        chosen = await persist(partial(located, asked), (AddressUnavailableError,), address.fall)
        log.info(
            "starting",
            host=chosen.host,
            address=chosen.advertise_address,
            docker=info.version,
            api=info.api_version,
        )
        layout = Layout(self.settings.root_key, self.settings.state_key, chosen.host)
        gatherer, waiting = Gatherer(self.docker.engine), Waiting(self.store, self.work)
        identity = Identity(layout, info.id, chosen.advertise_address, _terms(self.settings))
        return identity, Sync(chosen, gatherer, self.store, self.docker.draining, waiting)

    def _tell_unless_away(self, who: Connection, failure: Exception) -> None:
        """Log once why the engine's identity is not known, unless it is away, which the subscription logs."""
        if self.docker.connection.up:
            who.fall(failure)

    async def _bridge(self, living: EtcdSide, sync: Sync) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(living.live)
            tasks.start_soon(self._settle, living, sync)
            tasks.start_soon(sync.waiting.watch)
            tasks.start_soon(sync.gatherer.ask_ahead)
            tasks.start_soon(sync.gatherer.ask_again, self.work.mark_one)
            tasks.start_soon(self._resync)

    async def _resync(self) -> None:
        while True:
            await anyio.sleep(self.settings.resync_interval.total_seconds())
            self.work.mark(ALL)

    async def _settle(self, living: EtcdSide, sync: Sync) -> None:
        """Settle what is marked, one round after the other."""
        while True:
            await living.alive()
            await self.docker.subscribed.wait()
            task = await self.work.take()
            await persist(
                partial(self._round, task, living, sync), (EngineUnavailable, StoreUnavailable), self._fell
            )
            if task.everything:
                await on_thread(trim)

    async def _round(self, task: Task, living: EtcdSide, sync: Sync) -> None:
        session, falls = await living.alive(), self._falls()
        try:
            if task.everything:
                await self._relocate(living, sync, session)
            again = await (sync.all(session, task.ids) if task.everything else sync.some(task.ids, session))
        except LeaseLost as lost:
            # The next session, which may begin in a moment, starts with a resync.
            session.over.set()
            self._fell(lost)
            return
        self.docker.connection.stand()
        self.etcd.stand()
        self.synced = falls
        self.work.mark(again)

    async def _relocate(self, living: EtcdSide, sync: Sync, session: Session) -> None:
        """Follow the advertise address, which may be that of an interface, if it has changed."""
        chosen = await relocated(sync.options, self.settings.advertise_address)
        if chosen != sync.options:
            identity = replace(living.identity, address=chosen.advertise_address)
            await introduce(self.store, identity, session)
            living.identity = identity
            sync.relocate(chosen)
            log.info("the advertise address has changed", address=chosen.advertise_address)

    def _fell(self, failure: Exception) -> None:
        self.synced = None
        side = self.docker.connection if isinstance(failure, EngineUnavailable) else self.etcd
        side.fall(failure)

    async def _stop_on_signal(self, signals: AsyncIterator[signal.Signals], tasks: TaskGroup) -> None:
        async for number in signals:
            log.info("stopping", signal=number.name)
            self.stopping = True
            tasks.cancel_scope.cancel()

    async def _leave(self, living: EtcdSide) -> None:
        """Say goodbye; routes are withdrawn only after a signal to stop, not after a failure."""
        withdraws = self.stopping and self.settings.on_stop == "withdraw"
        goodbye = None if withdraws else self.settings.keep_after_stop.total_seconds()
        with anyio.move_on_after(WITHDRAWN_WITHIN if withdraws else GOODBYE_WITHIN, shield=True):
            try:
                await living.leave(goodbye)
            except StoreError as error:
                log.warning("stopped without saying goodbye in etcd", reason=str(error))


def _terms(settings: RunSettings) -> Terms:
    return Terms(int(settings.host_lease.total_seconds()), settings.host_grace.total_seconds())
