"""Reads signals as Docker does, so that a kill event can be compared with a container's stop signal."""

import signal

# Docker's own numbers: a C library may keep the first real-time signals for itself (musl does).
_REAL_TIME_BOUNDS = {"RTMIN": 34, "RTMAX": 64}


def number(text: str) -> int | None:
    """Return the number of a signal given as name or number, with or without SIG; None if it is neither.

    Source: ParseSignal in github.com/moby/sys/signal.
    """
    if text.isascii() and text.isdigit():
        return int(text) or None
    name = text.upper().removeprefix("SIG")
    return _real_time(name) if name.startswith("RT") else _named(name)


def _named(name: str) -> int | None:
    found = signal.Signals.__members__.get(f"SIG{name}")
    return found.value if found else None


def _real_time(name: str) -> int | None:
    base, sign, offset = name[:5], name[5:6], name[6:]
    if base not in _REAL_TIME_BOUNDS or (name[5:] and not (offset.isascii() and offset.isdigit())):
        return None
    found = _REAL_TIME_BOUNDS[base] + int(f"{sign}{offset}" or "0")
    return found if _REAL_TIME_BOUNDS["RTMIN"] <= found <= _REAL_TIME_BOUNDS["RTMAX"] else None
