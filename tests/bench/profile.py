"""Profile a function, or a whole run of the product, without paths of the machine in the result.

`python -m tests.bench.profile FILE ARGUMENT ...` runs the product and writes FILE at its end. All threads are
profiled by their own processor time, so that waiting counts as none. SIGUSR1 discards what was recorded so far.
"""

import cProfile
import io
import pstats
import runpy
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.lab.process import Process
from tests.lab.shell import Command

LINES = 30
MOST = 4
WRITTEN_WITHIN = 120.0


def profiled(action: Callable[[], object]) -> str:
    """Return the parts that took most time, then functions by their own time, then by cumulative time."""
    profile = cProfile.Profile()
    profile.runcall(action)
    return _text([profile])


def bound(profile: str) -> str:
    """Return a sentence that says what most of the time of a profile is spent on."""
    shares = [line.split(maxsplit=2) for line in profile.splitlines()[1 : 1 + MOST]]
    return "bound by " + ", ".join(f"{part} ({share})" for _, share, part in shares)


def profiling(file: Path) -> Command:
    """Return the command that runs the product under the profiler."""
    return [sys.executable, "-m", "tests.bench.profile", file]


def ended(process: Process, file: Path) -> str:
    """Stop a profiled process and return its result; adding up the threads takes a while."""
    process.end(WRITTEN_WITHIN)
    return file.read_text()


def _text(profiles: list[cProfile.Profile]) -> str:
    text = io.StringIO()
    stats = pstats.Stats(*profiles, stream=text)
    parts: Counter[str] = Counter()
    for (file, _, function), (_, _, alone, _, _) in stats.stats.items():  # type: ignore[attr-defined]
        parts[_part(file, function)] += alone
    print(f"{parts.total():.3f} s, of which in", file=text)
    for part, alone in parts.most_common(LINES):
        print(f"{alone:9.3f} {alone / parts.total():6.1%} {part}", file=text)
    stats.strip_dirs()
    stats.sort_stats("tottime").print_stats(LINES)
    stats.sort_stats("cumtime").print_stats(2 * LINES)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"


def _part(file: str, function: str) -> str:
    """Return the product's subpackage, the package, the standard library's module, or the built-in function."""
    path = Path(file)
    if "bridge" in path.parts:
        return ".".join(path.parts[path.parts.index("bridge") :][:2]).removesuffix(".py")
    if "site-packages" in path.parts:
        return path.parts[path.parts.index("site-packages") + 1].removesuffix(".py")
    return path.stem if path.is_absolute() else f"built in: {function}" if file == "~" else file


class _OfThread(cProfile.Profile):
    """The profile of one thread, by its own processor time."""

    def __init__(self) -> None:
        super().__init__(time.thread_time)

    def create_stats(self) -> None:
        """Leave out calls that have not ended: ending them here would measure them by this thread's clock."""
        self.snapshot_stats()


def main() -> None:
    """Run the product to its end."""
    file, *arguments = sys.argv[1:]
    profiles: list[cProfile.Profile] = []

    def begin(*_: object) -> None:
        profile = _OfThread()
        profiles.append(profile)
        profile.enable()

    def begin_anew(*_: object) -> None:
        for profile in profiles:
            profile.clear()

    signal.signal(signal.SIGUSR1, begin_anew)
    threading.setprofile(begin)
    sys.argv = ["docker-event-bridge", *arguments]
    begin()
    try:
        runpy.run_module("bridge", run_name="__main__")
    finally:
        sys.setprofile(None)
        Path(file).write_text(_text([it for it in profiles if it.getstats()]))


if __name__ == "__main__":
    main()
