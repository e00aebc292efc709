"""The processor time and memory that processes use, according to the kernel."""

import time
from pathlib import Path

from tests.lab.wait import DeadlineError

RESTS, BUSY = 0.3, 0.01
"""A process that uses at most BUSY seconds of processor time during RESTS seconds has nothing left to do."""

WITHIN = 60.0


def used(pid: int) -> float:
    """Return the seconds of processor time that a process has used."""
    # The clock of clock_getcpuclockid(3), since /proc only counts hundredths of a second.
    return time.clock_gettime(~pid << 3 | 2)


def wait_for_rest(*pids: int) -> None:
    """Wait until processes have nothing left to do."""
    end = time.monotonic() + WITHIN
    before, since = -1.0, time.monotonic()
    while time.monotonic() - since < RESTS:
        now = sum(map(used, pids))
        if now - before > BUSY:
            before, since = now, time.monotonic()
        if since > end:
            raise DeadlineError(f"busy for longer than {WITHIN:g} s")
        time.sleep(RESTS / 10)


def megabytes(pid: int | str, field: str = "VmRSS") -> float:
    """Return a process's resident memory, or with "VmHWM" its peak."""
    return _megabytes(Path(f"/proc/{pid}/status").read_text(), field)


def _megabytes(status: str, field: str) -> float:
    [line] = [line for line in status.splitlines() if line.startswith(f"{field}:")]
    return int(line.split()[1]) * 1024 / 1e6  # the kernel's kB are 1,024 bytes
