"""What a plan starts from."""

from dataclasses import dataclass

from bridge.container import Container
from bridge.problem import Problem


@dataclass(frozen=True, slots=True)
class Gathered:
    """The containers of one host, and the problems of those that could not be read."""

    containers: tuple[Container, ...]
    host: str
    problems: tuple[Problem, ...] = ()
