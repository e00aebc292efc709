"""A plan for people: coloured on a terminal, unless NO_COLOR is set."""

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from bridge.labels.model import Leaf
from bridge.masking import escaped, masked
from bridge.planning import Plan, Planned
from bridge.problem import Problem
from bridge.view.keys import key
from bridge.view.model import Item


def show(plan: Plan, root: str) -> None:
    """Print each container with its objects and keys, then the problems, then a summary."""
    console = Console(soft_wrap=True)
    for line in _lines(plan, root):
        console.print(line)


def _lines(plan: Plan, root: str) -> Iterator[Text]:
    for planned in plan.containers:
        yield from _container(planned, root)
    for problem in plan.problems:
        yield from _problem(problem)
    yield _summary(plan)


def _container(planned: Planned, root: str) -> Iterator[Text]:
    if planned.publication is None:
        reason = f": {escaped(planned.reason)}" if planned.reason else ""
        yield Text.assemble((escaped(planned.container), "bold"), f" is not routed{reason}")
    else:
        yield Text(escaped(planned.container), "bold")
        for item in planned.publication.items:
            yield from _object(item, root)
    yield Text()


def _object(item: Item, root: str) -> Iterator[Text]:
    ref = item.ref
    yield Text(f"  {ref.protocol} {ref.kind.removesuffix('s')} {escaped(ref.name)}", "cyan")
    for leaf in item.definition + item.server:
        yield _leaf(f"{root}/{key(ref, leaf.path)}", leaf)


def _leaf(name: str, leaf: Leaf) -> Text:
    source = f"   ({escaped(leaf.rule)})" if leaf.rule else ""
    return Text.assemble(f"    {escaped(name)} = ", (escaped(masked(name, leaf.value)), "green"), (source, "dim"))


def _problem(problem: Problem) -> Iterator[Text]:
    label = f" {escaped(problem.label)}" if problem.label else ""
    message = f": {escaped(problem.message)}"
    yield Text.assemble(("problem ", "bold red"), (escaped(problem.container), "bold"), label, message)
    if problem.hint:
        yield Text.assemble(("   hint ", "yellow"), escaped(problem.hint))


def _summary(plan: Plan) -> Text:
    routed = sum(planned.publication is not None for planned in plan.containers)
    parts = (
        _count(len(plan.containers), "container"),
        f"{routed} routed",
        _count(len(plan.keys), "key"),
        _count(len(plan.problems), "problem"),
    )
    return Text(", ".join(parts), "red" if plan.problems else "green")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
