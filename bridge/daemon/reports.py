"""What is logged about containers: each change once, and nothing while a container stays as it is."""

from collections.abc import Collection

from msgspec import Struct, field
from msgspec.structs import replace

from bridge.claims.decide import Settled
from bridge.claims.problems import WAITS
from bridge.engine.model import Unreadable
from bridge.logs import get_logger
from bridge.problem import Problem
from bridge.view.model import Mapped

log = get_logger()

DRAINS = "it was told to stop"
GONE = "it is gone"


class Report(Struct, frozen=True):
    """The state of one container: the names of its objects that are `routed`, or the `reason` why none are."""

    container: str
    routed: tuple[str, ...] = ()
    reason: str = ""
    problems: tuple[Problem, ...] = ()


def promised(it: Mapped) -> Report:
    """Return how a container will stand once what it publishes is settled."""
    refs = [item.ref for item in it.publication.items] if it.publication else ()
    routed = tuple(f"{ref.protocol}/{ref.kind}/{ref.name}" for ref in refs)
    return Report(it.container, routed, it.reason, it.problems)


def kept(promise: Report, settled: Settled | None) -> Report:
    """Return how a container stands after it was settled, or after there was nothing to settle."""
    problems = promise.problems + (settled.problems if settled else ())
    if settled is None or not settled.published:
        return Report(promise.container, (), promise.reason or WAITS, problems)
    return replace(promise, reason="", problems=problems)


class Reports(Struct):
    """The last report of each container, by its full id."""

    _last: dict[str, Report] = field(default_factory=dict)
    _unreadable: dict[str, str] = field(default_factory=dict)

    def others(self, known: Collection[str]) -> list[str]:
        """Return the containers that were reported and are not among the `known`."""
        return [container_id for container_id in self._last if container_id not in known]

    def restless(self) -> set[str]:
        """Return the containers that wait, drain or have problems: changes that no list shows may end that."""
        return {i for i, last in self._last.items() if last.problems or last.reason in (WAITS, DRAINS)}

    def unreadable(self, gap: Unreadable) -> None:
        """Log that a container cannot be read, once for each reason."""
        if self._unreadable.get(gap.container_id) != gap.reason:
            log.warning("a container cannot be read; it stays as it is", id=gap.container_id, reason=gap.reason)
        self._unreadable[gap.container_id] = gap.reason

    def tell(self, container_id: str, new: Report) -> None:
        """Log what is new about a container."""
        self._unreadable.pop(container_id, None)
        last = self._last.pop(container_id, Report(new.container))
        if new.reason == GONE:
            new = replace(new, container=last.container)
        else:
            self._last[container_id] = new
        _tell_problems(last, new)
        _tell_routing(last, new)


def _tell_problems(last: Report, new: Report) -> None:
    known = set(last.problems)
    for problem in new.problems:
        if problem not in known:
            about = {"label": problem.label} if problem.label else {}
            log.warning(problem.message, container=problem.container, **about, hint=problem.hint)


def _tell_routing(last: Report, new: Report) -> None:
    if new.routed and new.routed != last.routed:
        log.info("routed", container=new.container, objects=list(new.routed))
    elif last.routed and not new.routed:
        log.info("no longer routed", container=new.container, reason=new.reason)
    elif new.reason != last.reason:
        log.debug("not routed", container=new.container, reason=new.reason)
