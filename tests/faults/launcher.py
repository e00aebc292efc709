"""Starts the bridge so that it kills or freezes itself just before or after one of its calls to etcd.

    python -m tests.faults.launcher run

FAULT_CALL is the number of the call, FAULT_MOMENT is `before` or `after`, FAULT_SIGNAL is KILL or STOP.
"""

import os
import signal
from itertools import count
from typing import Any

from bridge.__main__ import main
from bridge.store.session import Session

CALL = int(os.environ["FAULT_CALL"])
MOMENT = os.environ["FAULT_MOMENT"]
SIGNAL = signal.Signals[f"SIG{os.environ['FAULT_SIGNAL']}"]

_calls = count(1)
_ask = Session.ask


async def ask(session: Session, method: Any, request: Any) -> Any:  # noqa: ANN401 - those of Session
    """Ask etcd, or come to harm."""
    number = next(_calls)
    _pass(number, "before")
    answer = await _ask(session, method, request)
    _pass(number, "after")
    return answer


def _pass(number: int, moment: str) -> None:
    if (number, moment) == (CALL, MOMENT):
        os.kill(os.getpid(), SIGNAL)


setattr(Session, "ask", ask)  # noqa: B010 - the type of a method that is replaced
main()
