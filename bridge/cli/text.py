"""Prints a plan for people: coloured on a terminal, unless NO_COLOR is set.

Otherwise it prints the same text, without importing the package that colours it.
"""

import os
import sys
from collections.abc import Iterator, Mapping

from bridge.labels.folding import fold
from bridge.labels.model import Leaf, called
from bridge.masking import escaped, masked
from bridge.planning import Plan, Planned
from bridge.problem import Problem
from bridge.view.keys import key
from bridge.view.model import Item

Line = tuple[tuple[str, str], ...]
"""The parts of a line, each with its style."""


def show(plan: Plan, root: str) -> None:
    """Print each container with its objects and keys, then the problems, then a summary."""
    lines = _lines(plan, root)
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        _colour(lines)
    else:
        sys.stdout.writelines("".join(text for text, _ in line) + "\n" for line in lines)


def _colour(lines: Iterator[Line]) -> None:
    from rich.console import Console  # noqa: PLC0415 - slow to import, and only needed for a terminal
    from rich.text import Text  # noqa: PLC0415 - as above

    console = Console(soft_wrap=True)
    for line in lines:
        console.print(Text.assemble(*line))


def _lines(plan: Plan, root: str) -> Iterator[Line]:
    in_force = {fold(name): name for name in plan.keys}
    for planned in plan.containers:
        yield from _container(planned, plan.keys, in_force, root)
    for problem in plan.problems:
        yield from _problem(problem)
    yield _summary(plan)


def _container(
    planned: Planned, keys: Mapping[str, str], in_force: Mapping[str, str], root: str
) -> Iterator[Line]:
    if planned.publication is None:
        reason = f": {escaped(planned.reason)}" if planned.reason else ""
        yield (escaped(planned.container), "bold"), (f" is not routed{reason}", "")
    else:
        yield ((escaped(planned.container), "bold"),)
        for item in planned.publication.items:
            yield _object(item)
            for leaf in item.leaves:
                wanted = f"{root}/{key(item.ref, leaf.path)}"
                name = in_force.get(fold(wanted), "")
                yield _leaf(name, leaf) if keys.get(name) == leaf.value else _overruled(wanted, leaf)
    yield ()


def _object(item: Item) -> Line:
    return ((f"  {escaped(called(item.ref))}", "cyan"),)


def _leaf(name: str, leaf: Leaf) -> Line:
    source = leaf.rule or ", ".join(leaf.labels)
    told = f"   ({escaped(source)})" if source else ""
    return (f"    {escaped(name)} = ", ""), (escaped(masked(name, leaf.value)), "green"), (told, "dim")


def _overruled(name: str, leaf: Leaf) -> Line:
    """Return the line of a value that is not in force, because others define the object differently."""
    shown, value, source = _leaf(name, leaf)
    return shown, (value[0], "yellow"), source, ("   not in force", "yellow")


def _problem(problem: Problem) -> Iterator[Line]:
    label, message, hint = (escaped(masked("", it)) for it in (problem.label, problem.message, problem.hint))
    told = (escaped(problem.container), "bold"), (f" {label}: {message}" if label else f": {message}", "")
    yield ("problem ", "bold red"), *told
    if hint:
        yield ("   hint ", "yellow"), (hint, "")


def _summary(plan: Plan) -> Line:
    routed = sum(planned.publication is not None for planned in plan.containers)
    parts = (
        _count(len(plan.containers), "container"),
        f"{routed} routed",
        _count(len(plan.keys), "key"),
        _count(len(plan.problems), "problem"),
    )
    return ((", ".join(parts), "red" if plan.problems else "green"),)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
