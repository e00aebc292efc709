"""The input of a plan."""

from msgspec import Struct

from bridge.container import Container
from bridge.problem import Problem
from bridge.routing.options import Options


class Gathered(Struct, frozen=True):
    """The containers of one host, its options, and the problems of containers that could not be read."""

    containers: tuple[Container, ...]
    options: Options
    problems: tuple[Problem, ...] = ()
