"""Says where the time goes, without paths of the machine: of a function, or of a whole run of the product.

`python -m tests.bench.profile FILE ARGUMENT ...` runs the product and writes FILE at its end. All threads are
profiled, by the processor time that each of them uses, so that who waits takes none. SIGUSR1 begins anew.
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
    """Return the parts that took most time, then the functions by themselves, then with what they called."""
    profile = cProfile.Profile()
    profile.runcall(action)
    return _text([profile])


def bound(profile: str) -> str:
    """Say in a sentence what most of the time of a profile goes into."""
    shares = [line.split(maxsplit=2) for line in profile.splitlines()[1 : 1 + MOST]]
    return "bound by " + ", ".join(f"{part} ({share})" for _, share, part in shares)


def profiling(file: Path) -> Command:
    """Return the program that is to be started instead of the product."""
    return [sys.executable, "-m", "tests.bench.profile", file]


def ended(process: Process, file: Path) -> str:
    """Stop a profiled process; return what it wrote: each thread's part has to be added up."""
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
    """The room of the product, the package, or the module of the standard library; built-in functions by name."""
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
        """Leave out what has not ended: to end it here would take this thread's clock for its own."""
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
