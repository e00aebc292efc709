"""A relay before a real engine, which lets a test meddle: hold a request back, answer it, cut or tear answers."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

Meddle = Callable[[str], bytes | None]


def pass_on(_: str) -> None:
    """Pass every request on."""


@dataclass
class Relay:
    """Listens on a unix socket; what goes through it can be cut at any time.

    `meddle` sees the first line of every request; what it returns is the answer, None passes it on. Of the next
    piece of an answer that contains `torn`, half is passed on, then everything is cut.
    """

    path: Path
    target: Path
    meddle: Meddle = pass_on
    torn: bytes = b""
    _open: list[socket.socket] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The endpoint."""
        return f"unix://{self.path}"

    def cut(self) -> None:
        """Break all connections."""
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def serve(self, listener: socket.socket) -> None:
        """Relay connections until the listener is shut down."""
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
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
    """Relay until the end of the block."""
    started = Relay(path, target)
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(str(path))
        listener.listen()
        thread = Thread(target=started.serve, args=(listener,), daemon=True)
        thread.start()
        yield started
        started.cut()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
