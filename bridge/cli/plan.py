"""`plan`: prints what would be written, for the running containers or for the output of `docker inspect`.

For the latter it imports no client of Docker or etcd, so that it can check labels in any CI, and starts fast.
"""

import json
import sys
from pathlib import Path
from typing import Any

from msgspec.structs import asdict, replace

from bridge.cli.command import CommandParser
from bridge.cli.gathered import Gathered
from bridge.container import Container, from_inspect
from bridge.errors import UsageError
from bridge.planning import Plan, plan
from bridge.settings import PlanSettings, load
from bridge.settings.options import options

FILE_HOST = "host"
"""The name of the host if no engine is asked for its own."""


def main(arguments: list[str]) -> int:
    """Print the plan; return 0, or with --strict 1 if there is any problem."""
    parser = _parser()
    given = parser.read(arguments)
    settings = load(PlanSettings, parser.settings(given))
    gathered = _from_engine(settings) if given.file is None else from_file(given.file, settings)
    made = plan(gathered.containers, gathered.options, settings.root_key)
    made = replace(made, problems=gathered.problems + made.problems)
    _print_json(made) if given.output == "json" else _print_text(made, settings.root_key)
    return 1 if given.strict and made.problems else 0


def from_file(name: str, settings: PlanSettings) -> Gathered:
    """Read the output of `docker inspect` from a file, or from standard input if it is "-".

    Raises UsageError if it is invalid. Nothing is looked up: an interface's name is taken for a host name, and no
    network's driver is known.
    """
    if not name:
        raise UsageError("--from is ''; accepted: a file, or - for standard input")
    try:
        text = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        return Gathered(_containers(json.loads(text if text.strip() else "[]")), options(settings, FILE_HOST))
    except OSError as error:
        raise UsageError(f"--from {name} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"--from {name} is not what `docker inspect` prints: {error}") from error


def _containers(inspected: Any) -> tuple[Container, ...]:  # noqa: ANN401 - JSON from outside
    if not isinstance(inspected, list):
        raise ValueError("not an array")  # noqa: TRY004 - one kind of error for the caller
    if not inspected:
        # `docker inspect` prints this also when it fails; in a pipe only the exit code of `plan` counts.
        raise ValueError("it found no container")
    containers = tuple(_container(number, element) for number, element in enumerate(inspected, 1))
    names: dict[str, str] = {}
    for one in containers:
        if (other := names.setdefault(one.short_id, one.name)) != one.name:
            raise ValueError(f"two containers, {other!r} and {one.name!r}, have the id {one.short_id}")
    return containers


def _container(number: int, element: Any) -> Container:  # noqa: ANN401 - JSON from outside
    if not isinstance(element, dict):
        raise ValueError(f"element {number} is not an object")  # noqa: TRY004 - one kind of error for the caller
    try:
        return from_inspect(element)
    except ValueError as error:
        raise ValueError(f"element {number} is not a container: {error}") from error


def _from_engine(settings: PlanSettings) -> Gathered:
    from bridge.cli.engine import gather  # noqa: PLC0415 - Docker's client takes long to import

    return gather(settings)


def _print_json(made: Plan) -> None:
    problems = [asdict(problem) for problem in made.problems]
    json.dump({"keys": dict(sorted(made.keys.items())), "problems": problems}, sys.stdout, indent=2)
    sys.stdout.write("\n")


def _print_text(made: Plan, root: str) -> None:
    from bridge.cli.text import show  # noqa: PLC0415 - not needed for JSON

    show(made, root)


def _parser() -> CommandParser:
    parser = CommandParser(
        "plan",
        "Print the keys that would be written and every problem with labels. Writes nothing and needs no etcd.",
    )
    group = parser.add_argument_group("plan")
    source = "read the output of `docker inspect` (- for standard input) instead of asking the engine"
    group.add_argument("--from", dest="file", metavar="FILE", default=None, help=source)
    group.add_argument("--output", choices=("text", "json"), default="text", help="text for people or JSON")
    strict = "exit with code 1 if there is any problem"
    group.add_argument("--strict", action="store_true", default=False, help=strict)
    return parser
