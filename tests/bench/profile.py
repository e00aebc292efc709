"""Says where the time goes: the functions of a profile that took most, without paths of the machine."""

import cProfile
import io
import pstats
from collections.abc import Callable

LINES = 30


def profiled(action: Callable[[], object]) -> str:
    """Return the functions that took most time by themselves, then those that took most with what they called."""
    profile = cProfile.Profile()
    profile.runcall(action)
    text = io.StringIO()
    stats = pstats.Stats(profile, stream=text).strip_dirs()
    stats.sort_stats("tottime").print_stats(LINES)
    stats.sort_stats("cumtime").print_stats(LINES)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines())
