"""One round: gather what the engine says, let the core decide, apply it to etcd, tell what changed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import structlog

from bridge.claims.gather import Change
from bridge.claims.resync import Resynced
from bridge.claims.settling import Settling
from bridge.daemon.apply import settle, settle_all
from bridge.daemon.draining import Draining
from bridge.daemon.gather import Gatherer, Seen
from bridge.daemon.reports import GONE, Report, Reports, report
from bridge.daemon.session import Session
from bridge.daemon.waiting import Waiting
from bridge.daemon.work import Task
from bridge.engine.model import Unreadable
from bridge.routing.options import Options
from bridge.store.client import Store
from bridge.store.errors import LeaseLost
from bridge.view.model import Mapped
from bridge.view.publish import mapped

log = structlog.get_logger()

DRAINS = "it was told to stop"
SHORT = 12
"""How many characters of a container's id the keys bear, as `docker ps` prints them."""


@dataclass(slots=True)
class Sync:
    """What a round needs, and what is remembered from one to the next beside the claims."""

    options: Options
    gatherer: Gatherer
    store: Store
    draining: Draining
    waiting: Waiting
    reports: Reports = field(default_factory=Reports)

    async def some(self, ids: Iterable[str], session: Session) -> Task:
        """Settle some containers; return those that are to be settled again."""
        seen, unreadable = await self.gatherer.some(ids)
        decided = {one.id: self._decide(one) for one in seen}
        changes = [Change(it.id, it.publication) for it in decided.values()]
        settling = await settle(self.store, session, changes)
        return self._settled(decided, settling, unreadable)

    async def all(self, session: Session) -> Task:
        """Settle all containers of this host and mend the view; return those that are to be settled again."""
        seen, unreadable = await self.gatherer.all()
        decided = {one.id: self._decide(one) for one in seen}
        publications = [it.publication for it in decided.values() if it.publication]
        staying = [gap.container_id[:SHORT] for gap in unreadable]
        resynced = await settle_all(self.store, session, publications, staying)
        for key in resynced.mended:
            log.warning("mended a key that was changed by somebody else", key=key)
        self._forget(decided, unreadable)
        return self._settled(decided, resynced, unreadable)

    def _decide(self, seen: Seen) -> Mapped:
        if seen.container is None:
            return Mapped("", seen.id[:SHORT], None, reason=GONE)
        if self.draining.holds(seen.container):
            return Mapped(seen.container.name, seen.container.short_id, None, reason=DRAINS)
        return mapped(seen.container, self.options, seen.target)

    def _settled(
        self, decided: Mapping[str, Mapped], came: Settling | Resynced, unreadable: Iterable[Unreadable]
    ) -> Task:
        """Tell what came of it; return who is to be settled again."""
        if came.fenced:
            raise LeaseLost("the other bridges took this one for dead")
        for full_id, it in decided.items():
            self.waiting.update(full_id, came.settled.get(it.id))
            self.reports.tell(full_id, report(it, came.settled.get(it.id)))
        for gap in unreadable:
            self.reports.unreadable(gap)
        return Task(frozenset(full_id for full_id, it in decided.items() if it.id in came.unsettled))

    def _forget(self, decided: Mapping[str, Mapped], unreadable: Iterable[Unreadable]) -> None:
        known = decided.keys() | {gap.container_id for gap in unreadable}
        for full_id in self.reports.others(known):
            self.waiting.update(full_id, None)
            self.reports.tell(full_id, Report("", reason=GONE))
