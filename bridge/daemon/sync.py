"""One round: gather what the engine says, let the core decide, apply it to etcd, report what changed."""

from collections.abc import Iterable, Mapping

import anyio.lowlevel
from msgspec import Struct, field

from bridge.claims.gather import Change
from bridge.claims.resync import Resynced
from bridge.claims.settling import Settling
from bridge.container import SHORT
from bridge.daemon.apply import on_thread, settle, settle_all
from bridge.daemon.draining import Draining
from bridge.daemon.gather import Gathered, Gatherer, Seen
from bridge.daemon.packed import Packed
from bridge.daemon.reports import DRAINS, GONE, Report, Reports, kept, promised
from bridge.daemon.running import Running
from bridge.daemon.session import Session
from bridge.daemon.waiting import Waiting
from bridge.daemon.work import Task
from bridge.engine.event import NETWORK_ACTIONS, Action, Event
from bridge.engine.model import Listed, Unreadable
from bridge.labels.options import LabelOptions, read_options
from bridge.logs import get_logger
from bridge.routing.keep import excluded, exposed
from bridge.routing.options import Options
from bridge.store.client import Store
from bridge.store.errors import LeaseLost
from bridge.view.model import Mapped, Publication
from bridge.view.publish import mapped

log = get_logger()

LITTLE = 5_000
"""Characters of labels up to which a decision is made without a thread: changing threads would take longer."""


STARTING = {Action.CONNECT, Action.START}
"""What happens to a container that starts, in this order."""


class Sync(Struct):
    """What a round needs, and what is remembered from one to the next besides the claims."""

    options: Options
    gatherer: Gatherer
    store: Store
    draining: Draining
    waiting: Waiting
    reports: Reports = field(default_factory=Reports)
    _excluded_ids: set[str] = field(default_factory=set)
    _kept_ids: set[str] = field(default_factory=set)
    _running: Running = field(default_factory=Running)
    _settled_in: Session | None = None

    def concerned(self, event: Event) -> bool:
        """Return whether an event may change what is published; its attributes hold a container's labels."""
        if event.action is Action.KILL and not self.draining.stops(event.container_id, event.signal):
            return False
        if event.action is Action.CREATE:
            # Unless it is kept without running, it is looked at when it starts.
            return self._read(event).allow_non_running and event.container_id not in self._excluded_ids
        starts = event.action in STARTING and event.container_id not in self._running.ids
        self._running.follow(event)
        self.gatherer.outdate(event.container_id, by_start=starts)
        if event.action not in NETWORK_ACTIONS:
            self._sort_out(event)
        if self.gatherer.is_target(event.container_id):
            return True
        if event.container_id in self._excluded_ids:
            return False
        if event.action in NETWORK_ACTIONS and self._settled_in and event.container_id not in self._running.ids:
            # They come before its start or after its end. Which containers run is known once all were gathered.
            if starts:
                self.gatherer.starts(event.container_id)
            return False
        return True

    def _sort_out(self, event: Event) -> None:
        """Note once whether a container is excluded: its labels, of which there may be many, never change."""
        if event.container_id not in self._excluded_ids and event.container_id not in self._kept_ids:
            self._read(event)
        if event.action is Action.DESTROY:
            self._kept_ids.discard(event.container_id)

    def _read(self, event: Event) -> LabelOptions:
        """Read a container's options, and note whether they exclude it."""
        said = read_options(event.container_id, event.attributes, self.options.release)
        kept = said.problems or exposed(said, self.options)
        (self._kept_ids if kept else self._excluded_ids).add(event.container_id)
        return said

    async def some(self, ids: Iterable[str], session: Session) -> Task:
        """Settle some containers; return those that are to be settled again.

        A session begins with all of them: until the state is listed, it is not known what they hold already.
        """
        if session is not self._settled_in:
            return await self.all(session, ids)
        gathered = await self.gatherer.some(ids)
        self._learn_who_runs(gathered)
        little = sum(map(_characters, gathered.seen)) < LITTLE
        decided = self._decided(gathered.seen) if little else await on_thread(self._decided, gathered.seen)
        changes = [Change(it.id, it.publication) for it in decided.values()]
        settling = await settle(self.store, session, changes)
        return await self._settled({i: promised(it) for i, it in decided.items()}, settling, gathered)

    def relocate(self, options: Options) -> None:
        """Use other options for this host; containers that are the same may have another address now."""
        self.options = options
        self.gatherer.forget()

    async def all(self, session: Session, ids: Iterable[str] = ()) -> Task:
        """Settle all containers of this host and mend the view; return those that are to be settled again.

        `ids` are containers to which something may have happened that no list shows.
        """
        if session is not self._settled_in:
            self.gatherer.forget()
        self._settled_in = None
        promises, publications = Packed[Report](), Packed[Publication]()
        excluded, states = await self._listed()
        promises.update(excluded)
        unreadable: list[Unreadable] = []
        same = frozenset[str]()
        restless = {*self.reports.restless(), *self.draining.signalled(), *ids}
        async for part in self.gatherer.all(states, restless):
            self._learn_who_runs(part)
            decided = await on_thread(self._decided, part.seen)
            publications.update({it.id: it.publication for it in decided.values() if it.publication})
            promises.update({i: promised(it) for i, it in decided.items()})
            unreadable += part.unreadable
            same |= part.same
        staying = [i[:SHORT] for i in (*same, *(gap.container_id for gap in unreadable))]
        resynced = await settle_all(self.store, session, publications, staying)
        for key in resynced.mended:
            log.warning("mended a key that was changed by somebody else", key=key)
        gathered = Gathered((), tuple(unreadable), same)
        self._forget(promises, gathered)
        again = await self._settled(promises, resynced, gathered)
        self._settled_in = session
        return again

    async def _listed(self) -> tuple[dict[str, Report], dict[str, int | None]]:
        """List all containers; return those that their labels exclude, and the states of the others."""
        remembered = self.draining.ids() | self._running.ids
        listed = await self.gatherer.engine.list_all(self._sorted_out)
        gone = remembered.difference(i for i, _, _ in listed)
        self.draining.forget(*gone)
        self._running.ids -= gone
        excluded = {i: report for i, _, report in listed if report}
        self._excluded_ids = set(excluded)
        self._kept_ids &= {i for i, _, _ in listed}
        return excluded, {i: state for i, state, report in listed if not report}

    def _learn_who_runs(self, gathered: Gathered) -> None:
        self._running.learn((one.id, one.container) for one in gathered.seen if one.container)

    def _sorted_out(self, listed: Listed) -> tuple[str, int | None, Report | None]:
        why = self._excluded(listed)
        return listed.id, listed.state, Report(listed.name, reason=why) if why else None

    def _excluded(self, listed: Listed) -> str:
        said = read_options(listed.name, listed.labels, self.options.release)
        return "" if said.problems else excluded(listed.labels, said, self.options)

    def _decided(self, seen: Iterable[Seen]) -> dict[str, Mapped]:
        return {one.id: self._decide(one) for one in seen}

    def _decide(self, seen: Seen) -> Mapped:
        if seen.container is None:
            return Mapped("", seen.id[:SHORT], None, reason=GONE)
        if self.draining.holds(seen.container):
            return Mapped(seen.container.name, seen.container.short_id, None, reason=DRAINS)
        return mapped(seen.container, self.options, seen.targets)

    async def _settled(
        self, promises: Mapping[str, Report], came: Settling | Resynced, gathered: Gathered
    ) -> Task:
        """Report the outcome; return what is to be settled again."""
        if came.fenced:
            raise LeaseLost("the other bridges declared this one dead")
        for full_id, promise in promises.items():
            settled = came.settled.get(full_id[:SHORT])
            self.waiting.update(full_id, settled)
            self.reports.tell(full_id, kept(promise, settled))
            if promise.problems:  # which may take long: a lease has to be refreshed meanwhile
                await anyio.lowlevel.checkpoint()
        for gap in gathered.unreadable:
            self.reports.unreadable(gap)
        unsettled = set(came.unsettled).difference(gap.container_id[:SHORT] for gap in gathered.unreadable)
        again = frozenset(i for i in (*promises, *gathered.same) if i[:SHORT] in unsettled)
        # Containers that went while this bridge did not run are known only from the state.
        return Task(again, everything=len(again) < len(unsettled))

    def _forget(self, promises: Mapping[str, Report], gathered: Gathered) -> None:
        known = promises.keys() | gathered.same | {gap.container_id for gap in gathered.unreadable}
        for full_id in self.reports.others(known):
            self.waiting.update(full_id, None)
            self.reports.tell(full_id, Report("", reason=GONE))


def _characters(seen: Seen) -> int:
    """Return the size, in characters, of the labels that decide about a container."""
    found = (seen.container, *seen.targets) if seen.container else ()
    return sum(len(name) + len(value) for it in found for name, value in it.labels.items())
