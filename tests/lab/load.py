"""Keeps a server under constant load from clients with kept connections, and tells what became of each request."""

from dataclasses import dataclass

from tests.lab import parts
from tests.lab.part import Part
from tests.lab.ports import LOOPBACK
from tests.lab.process import Process
from tests.lab.wait import wait_for

ANSWERED_WITHIN = 30.0
NANOSECONDS = 1e9


@dataclass(frozen=True, slots=True)
class Request:
    """One request: when it was sent and answered, in seconds since 1970, and the status or what went wrong."""

    sent: float
    answered: float
    outcome: str


class Load(Part):
    """Constant load on a port of the loopback address, from its first answer on.

    `rate` is in requests a second, of all clients together; an answer may take `timeout` seconds. It ends by
    itself after `limit` seconds.
    """

    def __init__(
        self, port: int, host: str, *, rate: int = 100, clients: int = 10, timeout: float = 2, limit: int = 110
    ) -> None:
        super().__init__("load")
        self._command = [
            str(parts.load()),
            f"-address={LOOPBACK}:{port}",
            f"-host={host}",
            f"-rate={rate}",
            f"-clients={clients}",
            f"-timeout={timeout}s",
            f"-limit={limit}s",
        ]
        self._read = 0
        self._requests: list[Request] = []

    def start(self) -> None:
        """Begin to send requests."""
        self._process = Process(self._command, self._work.path / "requests")

    def healthy(self) -> bool:
        """Whether there was an answer, whatever it says."""
        return bool(self.requests())

    def requests(self) -> list[Request]:
        """Return what became of all requests that came to an end up to now."""
        with self.process.log.open("rb") as log:
            log.seek(self._read)
            text, newline, _ = log.read().rpartition(b"\n")
        self._read += len(text + newline)
        self._requests += map(_request, text.decode().splitlines())
        return list(self._requests)

    def failed(self) -> list[Request]:
        """Return the requests without an answer, or with any status but 200."""
        return [request for request in self.requests() if request.outcome != "200"]

    def wait_for(self, number: int) -> None:
        """Wait until this many further requests came to an end."""
        wanted = len(self.requests()) + number
        self.process.wait_until(lambda: len(self.requests()) >= wanted, ANSWERED_WITHIN)

    def wait_for_outcome(self, outcome: str, since: float = 0) -> Request:
        """Wait until a request that was sent at this time or later ends like this, and return the first one."""

        def first() -> Request | None:
            return next((it for it in self.requests() if it.outcome == outcome and it.sent >= since), None)

        found = wait_for(first, ANSWERED_WITHIN, self.process.tail)
        assert found
        return found


def _request(line: str) -> Request:
    sent, answered, outcome = line.split(" ", 2)
    return Request(int(sent) / NANOSECONDS, int(answered) / NANOSECONDS, outcome)
