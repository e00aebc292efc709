"""Start the bridge so that it is harmed just before or after one of its calls to etcd.

    python -m tests.faults.launcher run

FAULT_CALL names the call: `Txn 2` is the second transaction, `call 4` the fourth of all calls, `removal 3` the
third while it removes another host, `goodbye 1` the first while it stops. FAULT_MOMENT is `before` or `after` (for
a stream: after its first answer). FAULT_HARM is KILL, STOP or LOSE: the bridge runs on, but the call is lost.
"""

import os
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from bridge.__main__ import main
from bridge.daemon.etcd_side import EtcdSide
from bridge.daemon.reaper import Reaper
from bridge.store.errors import EndpointLost
from bridge.store.session import Session, Stream

CALL, MOMENT, HARM = (os.environ[f"FAULT_{name}"] for name in ("CALL", "MOMENT", "HARM"))
REACHED = "fault point reached\n"

_numbers = Counter[str]()
_within = ContextVar("_within", default="")
_reached = False
_ask, _login, _stream = Session.ask, Session._login, Session.stream  # noqa: SLF001 - a login is a call, too


class Call:
    """A call that begins, with the names under which it is counted."""

    def __init__(self, kind: str) -> None:
        kinds = [name for name in (kind, _within.get(), "call") if name]
        _numbers.update(kinds)
        self.names = [f"{name} {_numbers[name]}" for name in kinds]

    def come_to(self, moment: str) -> None:
        """Harm the bridge if this is the configured point."""
        global _reached  # noqa: PLW0603 - a process has one fault point
        if _reached or moment != MOMENT or CALL not in self.names:
            return
        _reached = True
        os.write(2, REACHED.encode())
        if HARM == "LOSE":
            raise EndpointLost(f"{CALL}: lost {moment} it")
        os.kill(os.getpid(), signal.Signals[f"SIG{HARM}"])


async def ask(session: Session, method: Any, *asked: Any) -> Any:  # noqa: ANN401 - those of Session
    """Ask etcd."""
    return await _called(_name(method), _ask(session, method, *asked))


async def login(session: Session) -> Any:  # noqa: ANN401 - that of Session
    """Log in."""
    return await _called("login", _login(session))


async def _called(kind: str, answer: Awaitable[Any]) -> Any:  # noqa: ANN401 - whatever etcd answers
    call = Call(kind)
    call.come_to("before")
    answered = await answer
    call.come_to("after")
    return answered


class Answers:
    """The answers of a stream; the bridge may be harmed after the first one."""

    def __init__(self, stream: Stream, call: Call) -> None:
        self.stream, self.call = stream, call

    async def next(self, deadline: float | None = None) -> Any:  # noqa: ANN401 - that of Stream
        """Return the next answer."""
        answer = await self.stream.next(deadline)
        self.call.come_to("after")
        return answer


@contextmanager
def stream(session: Session, method: Any, requests: Sequence[Any], metadata: Any = ()) -> Iterator[Answers]:  # noqa: ANN401
    """Open a stream."""
    call = Call(_name(method))
    call.come_to("before")
    with _stream(session, method, requests, metadata) as answers:
        yield Answers(answers, call)


def _name(method: Any) -> str:  # noqa: ANN401 - that of Session
    return str(method._method.decode().rpartition("/")[2])  # noqa: SLF001 - only gRPC knows the name


def _named(name: str, method: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """Count the calls made within a method under this name, too."""

    async def within(*arguments: object) -> None:
        token = _within.set(name)
        try:
            await method(*arguments)
        finally:
            _within.reset(token)

    return within


for _owner, _method, _replacement in (
    (Session, "ask", ask),
    (Session, "_login", login),
    (Session, "stream", stream),
    (Reaper, "_remove", _named("removal", Reaper._remove)),  # noqa: SLF001 - the whole of a removal
    (EtcdSide, "leave", _named("goodbye", EtcdSide.leave)),
):
    setattr(_owner, _method, _replacement)
main()
