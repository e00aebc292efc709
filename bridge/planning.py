"""Plan what would be written if these containers were the only ones, without an engine and without etcd."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from bridge.claims.decide import Settled
from bridge.claims.layout import Layout
from bridge.claims.offline import settle_offline
from bridge.claims.problems import WAITS
from bridge.container import Container, targets
from bridge.problem import Problem
from bridge.routing.options import Options
from bridge.view.model import Mapped, Publication
from bridge.view.publish import mapped


class Planned(Struct, frozen=True):
    """One container: what it publishes, or the `reason` why it publishes nothing."""

    container: str
    publication: Publication | None
    reason: str = ""


class Plan(Struct, frozen=True):
    """All keys with their values, as Traefik would read them (root key included), and how they came about."""

    keys: Mapping[str, str]
    containers: tuple[Planned, ...]
    problems: tuple[Problem, ...]


def plan(containers: Sequence[Container], options: Options, root: str) -> Plan:
    """Route all containers and settle what they share, in the order of creation, then of name."""
    known = {name: one for one in containers for name in (one.id, one.name)}
    made = [mapped(one, options, _targets(one, known)) for one in containers]
    offline = settle_offline([it.publication for it in made if it.publication], Layout(root, "", options.host))
    planned = [_planned(it, offline.settled.get(it.id)) for it in made]
    waiting = tuple(
        problem for it in made if it.id in offline.settled for problem in offline.settled[it.id].problems
    )
    return Plan(offline.keys, tuple(planned), tuple(problem for it in made for problem in it.problems) + waiting)


def _targets(container: Container, known: Mapping[str, Container]) -> list[Container]:
    """Return the containers whose network it uses; none if one of them is missing."""
    found = targets(container, known.get).values()
    return [one for one in found if one] if all(found) else []


def _planned(it: Mapped, settled: Settled | None) -> Planned:
    if settled and not settled.published:
        return Planned(it.container, None, WAITS)
    return Planned(it.container, it.publication, it.reason)
