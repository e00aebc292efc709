"""What all parts have in common: a directory, a process, and a removal that always happens."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from tests.lab.process import Process
from tests.lab.workdir import WorkDirectory

READY_WITHIN = 20.0


class Part(ABC):
    """One running part; a context manager that starts it, waits until it is healthy, and removes it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._work = WorkDirectory(name)
        self._process: Process | None = None

    @property
    def process(self) -> Process:
        """The running process."""
        assert self._process, f"{self._name} was not started"
        return self._process

    def __enter__(self) -> Self:
        try:
            self.start()
            self.wait_until_healthy()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()

    @abstractmethod
    def start(self) -> None:
        """Start the process with its existing data, without waiting."""

    @abstractmethod
    def healthy(self) -> bool:
        """Return whether the part works."""

    def wait_until_healthy(self) -> None:
        """Wait until the part works; fail with its log if it does not."""
        self.process.wait_until(self.healthy, READY_WITHIN)

    def remove(self) -> None:
        """Kill the process and remove its files."""
        if self._process:
            self._process.kill()
        self._work.remove()
