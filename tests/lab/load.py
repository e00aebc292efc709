"""Keeps a server under constant load over persistent connections, and records the outcome of each request."""

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
    """One request: when it was sent and answered, in seconds since 1970, and its status or error."""

    sent: float
    answered: float
    outcome: str


class Load(Part):
    """Constant load on a port of the loopback address; ready after the first answer.

    `rate` is the number of requests a second of all clients together; a request may take `timeout` seconds. The
    load ends by itself after `limit` seconds.
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
        """Start sending requests."""
        self._process = Process(self._command, self._work.path / "requests")

    def healthy(self) -> bool:
        """Return whether any request has ended."""
        return bool(self.requests())

    def requests(self) -> list[Request]:
        """Return all requests that have ended so far."""
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
        """Wait until this many more requests have ended."""
        wanted = len(self.requests()) + number
        self.process.wait_until(lambda: len(self.requests()) >= wanted, ANSWERED_WITHIN)

    def wait_for_outcome(self, outcome: str, since: float = 0) -> Request:
        """Wait for a request with this outcome that was sent at this time or later, and return the first one."""

        def first() -> Request | None:
            return next((it for it in self.requests() if it.outcome == outcome and it.sent >= since), None)

        found = wait_for(first, ANSWERED_WITHIN, self.process.tail)
        assert found
        return found


def _request(line: str) -> Request:
    sent, answered, outcome = line.split(" ", 2)
    return Request(int(sent) / NANOSECONDS, int(answered) / NANOSECONDS, outcome)
