"""`python -m tests.bench [NAME ...]`: run all or some of the benchmarks, and write the results."""

import argparse
import sys
from importlib import import_module

from tests.bench import report
from tests.lab.shell import PartUnavailableError, say

BENCHMARKS = (
    *("burst", "cold", "events", "mapping", "rereads", "resident", "routing", "scale", "simulation", "starting"),
    "updating",
)
"""The modules of the benchmarks; each has a function `measured() -> Result`."""


def main() -> int:
    """Run the requested benchmarks; return 1 if a part that one needs is unavailable."""
    return max([_run(name) for name in _arguments()], default=0)


def _run(name: str) -> int:
    say(f"benchmark {name} ...")
    try:
        report.write(name, import_module(f"tests.bench.{name}").measured())
    except PartUnavailableError as error:
        say(f"{name}: cannot be had: {error}")
        return 1
    return 0


def _arguments() -> list[str]:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    names: list[str] = parser.parse_args().names
    if unknown := set(names) - set(BENCHMARKS):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    return names or list(BENCHMARKS)


if __name__ == "__main__":
    sys.exit(main())
