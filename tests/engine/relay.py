"""A relay in front of a real engine, with which a test can hold back or answer requests, or break answers off."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

Meddle = Callable[[str], bytes | None]


def pass_on(_: str) -> None:
    """Pass on every request."""


@dataclass
class Relay:
    """Listens at `url`; its connections can be cut at any time.

    `meddle` gets the first line of every request and returns the answer, or None to pass the request on. Of the
    next part of an answer that contains `torn`, half is passed on, then everything is cut. `connections` is the
    number of accepted connections.
    """

    url: str
    target: Path
    meddle: Meddle = pass_on
    torn: bytes = b""
    _open: list[socket.socket] = field(default_factory=list)
    connections: int = 0

    def cut(self) -> None:
        """Cut all connections."""
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def serve(self, listener: socket.socket) -> None:
        """Relay connections until the listener is shut down."""
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                self.connections += 1
                self._open.append(client)
                Thread(target=self._relay, args=(client,), daemon=True).start()

    def _relay(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as engine, suppress(OSError):
            engine.connect(str(self.target))
            self._open.append(engine)
            Thread(target=self._copy, args=(engine, client), daemon=True).start()
            while request := client.recv(65536):
                answer = self.meddle(request.decode().splitlines()[0])
                _send(client if answer else engine, answer or request)

    def _copy(self, engine: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := engine.recv(65536):
                if self.torn and self.torn in data:
                    self.torn = b""
                    client.sendall(data[: len(data) // 2])
                    self.cut()
                client.sendall(data)
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)


def _send(to: socket.socket, data: bytes) -> None:
    to.sendall(data)


@contextmanager
def relay(path: Path, target: Path) -> Iterator[Relay]:
    """Relay from a unix socket until the block ends."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        with _serving(Relay(f"unix://{path}", target), listener) as started:
            yield started


@contextmanager
def relay_from_tcp(target: Path) -> Iterator[Relay]:
    """Relay from a port of the loopback address until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        with _serving(Relay(url, target), listener) as started:
            yield started


@contextmanager
def _serving(started: Relay, listener: socket.socket) -> Iterator[Relay]:
    thread = Thread(target=started.serve, args=(listener,), daemon=True)
    thread.start()
    try:
        yield started
    finally:
        started.cut()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
