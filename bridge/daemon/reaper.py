"""Watch the other hosts, and remove those that have died or whose time after their goodbye is over.

Every live bridge does so, each after a short delay of its own, so that one does the work and the others find it
done. Time counts only while etcd answers: while the watch is lost it stops, and afterwards it goes on for at least
the length of a lease, so that other hosts can come back, too.
"""

from collections.abc import Callable
from random import uniform

import anyio
from anyio import CancelScope
from anyio.abc import TaskGroup
from msgspec import Struct, field

from bridge.claims.hosts import Departed, departed, removal, unchanged, without_address
from bridge.claims.layout import Layout
from bridge.claims.records import HostRecord, decode_host
from bridge.claims.transaction import KeyValue
from bridge.daemon.apply import drive
from bridge.daemon.backoff import LONGEST_WAIT
from bridge.daemon.session import Session, Terms
from bridge.logs import get_logger
from bridge.store.client import Store
from bridge.store.errors import StoreUnavailable
from bridge.store.watch import Event

log = get_logger()

SPREAD = 0.25
"""The part of the grace period over which the bridges spread their removals."""

STEP = 1.0
"""Seconds between updates of the time that is left."""


class Reaper(Struct):
    """What one session of this bridge sees of the other hosts."""

    store: Store
    layout: Layout
    terms: Terms
    session: Session
    _keys: dict[str, KeyValue] = field(default_factory=dict)
    _graces: dict[Departed, CancelScope] = field(default_factory=dict)
    _left: dict[str, tuple[int, float]] = field(default_factory=dict)
    """For hosts that are gone: the revision of the record, and the seconds that were left when last noted."""
    _told: set[tuple[str, str, int]] = field(default_factory=set)

    async def watch(self) -> None:
        """Keep watching, also after etcd was unavailable."""
        while True:
            try:
                await self._follow()
            except* StoreUnavailable:
                self._graces.clear()
                await anyio.sleep(LONGEST_WAIT)

    async def _follow(self) -> None:
        ranges = self.layout.alive_hosts(), self.layout.hosts()
        listed = await self.store.read(*ranges)
        self._keys = {seen.key: seen for found in listed.found for seen in found}
        async with (
            self.store.watch(*ranges, revision=listed.revision + 1) as changes,
            anyio.create_task_group() as graces,
        ):
            self._look(graces)
            async for batch in changes:
                for event in batch:
                    self._learn(event)
                self._look(graces)

    def _learn(self, event: Event) -> None:
        self._keys.pop(event.key, None)
        if event.value is not None:
            self._keys[event.key] = KeyValue(event.key, event.value, 0, event.revision)

    def _look(self, graces: TaskGroup) -> None:
        """Start the countdown of hosts that are gone, and stop that of hosts that are back."""
        if self.layout.alive() not in self._keys:
            # Somebody has deleted it, and without it the others take this host for dead.
            self.session.over.set()
        elif not self._is_recorded():
            log.warning("the record of this host was changed by somebody else", key=self.layout.host_record())
            self.session.over.set()
        for host in without_address(self._keys, self.layout):
            self._warn_of_same_addresses(host)
        gone, unclear = departed(self._keys, self.layout, self.terms.grace)
        for host, record in unclear.items():
            self._tell(host, log.warning, "a host is gone whose record cannot be read", reason=record.reason)
        for past in self._graces.keys() - set(gone):
            self._graces.pop(past).cancel()
        for back in self._left.keys() - {it.host for it in gone}:
            del self._left[back]
        for it in gone:
            if it not in self._graces:
                self._graces[it] = CancelScope()
                graces.start_soon(self._remove_later, it, self._graces[it])

    def _is_recorded(self) -> bool:
        """Return whether this host's record can be read: else nobody would remove what it leaves when it dies."""
        record = self._keys.get(self.layout.host_record())
        return record is not None and isinstance(decode_host(record.value), HostRecord)

    async def _remove_later(self, gone: Departed, grace: CancelScope) -> None:
        self._tell(gone.host, log.info, "a host is gone: its routes stay for a while", seconds=gone.stays)
        with grace:
            await self._elapse(gone, gone.stays + uniform(0, SPREAD * self.terms.grace))  # noqa: S311
        if not grace.cancelled_caught:
            await self._remove(gone, self.layout.of(gone.host))

    async def _elapse(self, gone: Departed, whole: float) -> None:
        """Wait for `whole` seconds, counting those before the watch was lost; start over if this process froze."""
        revision, left = self._left.get(gone.host, (0, whole))
        left = max(left, self.terms.lease) if revision == gone.record.mod_revision else whole
        while left > 0:
            due = anyio.current_time() + min(left, STEP)
            await anyio.sleep_until(due)
            frozen = anyio.current_time() >= due + self.terms.lease
            left = whole if frozen else left - STEP
            self._left[gone.host] = gone.record.mod_revision, left

    async def _remove(self, gone: Departed, layout: Layout) -> None:
        removed = await drive(self.store, removal(layout, unchanged(layout, None, gone.record)))
        for problem in removed.problems:
            log.warning(problem.message, host=gone.host, container=problem.container, hint=problem.hint)
        if removed.done:
            log.warning("removed a host that is gone", host=gone.host, containers=list(removed.containers))

    def _warn_of_same_addresses(self, host: str) -> None:
        hint = "set BRIDGE_ADVERTISE_ADDRESS on each host, unless all containers are on networks that hosts share"
        event = (
            "neither this host nor another has an advertise address: their containers' addresses may be the same"
        )
        self._tell(host, log.warning, event, hint=hint)

    def _tell(self, host: str, tell: Callable[..., object], event: str, **more: object) -> None:
        """Log an event once for each time that a host comes or goes."""
        seen = self._keys[self.layout.of(host).host_record()]
        told = event, host, seen.mod_revision
        if told not in self._told:
            self._told.add(told)
            tell(event, host=host, **more)
