"""`python -m tests.bench.sampled FILE ARGUMENT ...`: run the product, and keep where its processor time went.

Looks at all threads again and again, and puts down what each has used of the processor since then to where it is:
who waits counts nothing, which a profile of calls could not tell. SIGUSR1 begins anew.
"""

import runpy
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from tests.lab.shell import Command

INTERVAL = 0.002
LINES = 30
OWN = ("bridge",)


class Sampler:
    """The processor time of every thread, by function: its own, and with what it called."""

    def __init__(self) -> None:
        self._used: dict[int, int] = {}
        self.alone: Counter[str] = Counter()
        self.together: Counter[str] = Counter()

    def run(self) -> None:
        """Look, for ever."""
        me = threading.get_ident()
        while True:
            time.sleep(INTERVAL)
            frames = sys._current_frames()  # noqa: SLF001 - there is no other way
            for thread in threading.enumerate():
                if thread.ident in frames and thread.ident != me and thread.native_id:
                    self._count(thread.native_id, frames[thread.ident])

    def restart(self) -> None:
        """Forget what was seen."""
        self.alone, self.together = Counter(), Counter()

    def _count(self, thread: int, frame: FrameType) -> None:
        try:
            used = int(Path(f"/proc/self/task/{thread}/schedstat").read_text().split()[0])
        except FileNotFoundError:
            return
        spent, self._used[thread] = used - self._used.get(thread, 0), used
        functions = [*_functions(frame)]
        self.alone[functions[0]] += spent
        for function in dict.fromkeys(functions):
            self.together[function] += spent

    def text(self) -> str:
        """Return what took most: by package, by function alone, by function with what it called."""
        packages: Counter[str] = Counter()
        for function, spent in self.alone.items():
            packages[_package(function)] += spent
        parts = {"package": packages, "function alone": self.alone, "function with all it called": self.together}
        whole = self.alone.total()
        lines = [f"{whole / 1e6:.0f} ms of processor time"]
        for name, counter in parts.items():
            lines += ["", f"{'ms':>9} {'share':>6}  {name}"]
            lines += [
                f"{spent / 1e6:9.1f} {spent / whole:6.1%}  {what}" for what, spent in counter.most_common(LINES)
            ]
        return "\n".join(lines) + "\n"


def sampled(file: Path) -> Command:
    """Return the program that is to be started instead of the product."""
    return [sys.executable, "-m", "tests.bench.sampled", file]


def _functions(frame: FrameType | None) -> Iterator[str]:
    while frame:
        yield f"{frame.f_globals.get('__name__', '?')}:{frame.f_code.co_qualname}"
        frame = frame.f_back


def _package(function: str) -> str:
    names = function.partition(":")[0].split(".")
    return ".".join(names[: 2 if names[0] in OWN else 1])


def main() -> None:
    """Run the product to its end."""
    file, *arguments = sys.argv[1:]
    sampler = Sampler()
    signal.signal(signal.SIGUSR1, lambda *_: sampler.restart())
    threading.Thread(target=sampler.run, daemon=True).start()
    sys.argv = ["docker-event-bridge", *arguments]
    try:
        runpy.run_module("bridge", run_name="__main__")
    finally:
        Path(file).write_text(sampler.text())


if __name__ == "__main__":
    main()
