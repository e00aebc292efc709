"""Measurements for the summary at the end of a run."""

_notes: dict[str, list[tuple[float, float]]] = {}


def note(name: str, value: float, limit: float) -> None:
    """Record a value and its limit."""
    _notes.setdefault(name, []).append((value, limit))


def lines() -> list[str]:
    """Return one line for each name: the number of values, the median, the worst and the limit."""
    return [_line(name, values) for name, values in _notes.items()]


def _line(name: str, values: list[tuple[float, float]]) -> str:
    seen = sorted(value for value, _ in values)
    middle, worst = seen[len(seen) // 2], seen[-1]
    return f"{name:60} n={len(seen):<4} median={middle:<8.3g} worst={worst:<8.3g} limit={values[0][1]:g}"
