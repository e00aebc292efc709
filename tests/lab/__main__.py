"""`python -m tests.lab parts [NAME ...]`: build or install all parts, or the named ones, on this machine."""

import argparse
import sys

from tests.lab import cache, parts
from tests.lab.shell import PartUnavailableError, say


def main() -> int:
    """Build or install the requested parts and return the exit code: 1 if one is unavailable."""
    wanted = _arguments().names or list(parts.BY_NAME)
    say(f"Parts are kept in {cache.root()}")
    return max([_put(name) for name in wanted], default=0)


def _put(name: str) -> int:
    try:
        say(f"{name}: {parts.BY_NAME[name]()}")
    except PartUnavailableError as error:
        say(f"{name}: cannot be had: {error}")
        return 1
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("parts", help="build or install parts")
    command.add_argument("names", nargs="*", metavar="NAME", help=", ".join(parts.BY_NAME))
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(parts.BY_NAME):
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(parts.BY_NAME)}")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
