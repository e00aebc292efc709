"""Points at which `launcher` harms a bridge or a command of the product."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

REACHED = "fault point reached"


@dataclass(frozen=True, slots=True)
class Point:
    """Where and how a bridge is harmed: before or after which of its calls to etcd; see the launcher."""

    call: str
    moment: str
    harm: str

    @property
    def program(self) -> tuple[str, ...]:
        """The command that starts a bridge to be harmed there."""
        variables = f"FAULT_CALL={self.call}", f"FAULT_MOMENT={self.moment}", f"FAULT_HARM={self.harm}"
        return ("env", *variables, sys.executable, "-m", "tests.faults.launcher")


Points = list[Point]


def every(calls: Sequence[str], *harms: str) -> list[object]:
    """Return every point of these calls, four to a parameter, for a long test."""
    points = [Point(call, moment, harm) for harm in harms for moment in ("before", "after") for call in calls]
    return [
        pytest.param(points[first : first + 4], marks=pytest.mark.faults, id=f"every-{first}")
        for first in range(0, len(points), 4)
    ]
