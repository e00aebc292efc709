"""What would be written for these containers if they were all there is: no engine, no etcd, nothing is touched."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bridge.container import Container
from bridge.problem import Problem
from bridge.routing.options import Options
from bridge.view.model import Publication


@dataclass(frozen=True, slots=True)
class Planned:
    """One container: what it publishes, or the `reason` why nothing."""

    container: str
    publication: Publication | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """All keys with their values, as Traefik would read them (root key included), and how they came about."""

    keys: Mapping[str, str]
    containers: tuple[Planned, ...]
    problems: tuple[Problem, ...]


def plan(containers: Sequence[Container], options: Options, root: str) -> Plan:
    """Route all containers and settle what they share, in the order of creation, then of names."""
    raise NotImplementedError(containers, options, root)
