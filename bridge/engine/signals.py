"""Reads signals as Docker does, so that a kill event can be compared with a container's stop signal."""

import re
import signal

# Docker's own numbers: a C library may reserve the first real-time signals (musl does).
_REAL_TIME_BOUNDS = {"RTMIN": 34, "RTMAX": 64}

# Few digits: a container's label `signal` replaces this attribute, and Python refuses to parse thousands.
_NUMBER = re.compile(r"0*+([0-9]{0,9})")
_REAL_TIME = re.compile(r"(RTMIN|RTMAX)([+-][0-9]{1,9})?")


def number(text: str) -> int | None:
    """Return the number of a signal given by name (with or without SIG) or by number; None if it is neither.

    Source: ParseSignal in github.com/moby/sys/signal.
    """
    if found := _NUMBER.fullmatch(text):
        return int(found[1] or "0") or None
    name = text.upper().removeprefix("SIG")
    return _real_time(name) if name.startswith("RT") else _named(name)


def _named(name: str) -> int | None:
    found = signal.Signals.__members__.get(f"SIG{name}")
    return found.value if found else None


def _real_time(name: str) -> int | None:
    read = _REAL_TIME.fullmatch(name)
    found = _REAL_TIME_BOUNDS[read[1]] + int(read[2] or "0") if read else 0
    return found if _REAL_TIME_BOUNDS["RTMIN"] <= found <= _REAL_TIME_BOUNDS["RTMAX"] else None
