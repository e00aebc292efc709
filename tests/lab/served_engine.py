"""The fake engine in a process of its own, so that the computations of its user do not slow it down."""

import gc
import os
from collections.abc import Iterable, Sequence
from multiprocessing import get_context
from multiprocessing.managers import BaseManager
from types import TracebackType
from typing import Any, Self

from tests.lab import guard
from tests.lab.fake_engine import FakeContainer, FakeEngine


class ServedEngine:
    """One engine; a context manager that serves it at `url`."""

    url: str

    def __init__(self) -> None:
        self._manager = _Manager(ctx=get_context("spawn"))

    def __enter__(self) -> Self:
        self._manager.start()
        self._far: Any = self._manager.engine()  # type: ignore[attr-defined]  # as registered below
        self.url, pid = self._far.serve()
        self._token = guard.on_death(["kill", "-KILL", str(pid)])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._far.end()
        self._manager.shutdown()
        guard.revoke(self._token)

    def create(self, containers: Iterable[FakeContainer]) -> list[str]:
        """Create containers; return their ids."""
        return list(self._far.create_all(list(containers)))

    def run(self, containers: Iterable[FakeContainer]) -> list[str]:
        """Create and start containers; return their ids."""
        ids = self.create(containers)
        self.have([("start", one) for one in ids])
        return ids

    def have(self, happen: Sequence[tuple[str, str]]) -> list[int]:
        """Call methods of the fake engine, each with the id of a container.

        Returns for each the engine's time of the event of that name, in nanoseconds since 1970.
        """
        return list(self._far.have(happen))

    def inspected(self) -> list[dict[str, Any]]:
        """Return the inspections of all containers."""
        return list(self._far.inspected_all())

    def lists(self) -> int:
        """Return how often all containers have been listed."""
        return int(self._far.lists())


class _Far(FakeEngine):
    """The engine in the other process."""

    def __init__(self) -> None:
        super().__init__()
        self._lists = 0

    def serve(self) -> tuple[str, int]:
        self.__enter__()
        return self.url, os.getpid()

    def end(self) -> None:
        self.__exit__(None, None, None)

    def create_all(self, containers: list[FakeContainer]) -> list[str]:
        ids = [self.create(container) for container in containers]
        gc.freeze()  # otherwise garbage collections of all of them delay some answers
        return ids

    def have(self, happen: list[tuple[str, str]]) -> list[int]:
        return [self._time(action, container_id) for action, container_id in happen]

    def _time(self, action: str, container_id: str) -> int:
        getattr(self, action)(container_id)
        return next(int(it["timeNano"]) for it in reversed(self._past) if it["Action"] == action)

    def inspected_all(self) -> list[dict[str, Any]]:
        return [found for one in self.ids() if (found := self.inspected(one))]

    def listed(self, *, running: bool = False) -> list[dict[str, Any]]:
        self._lists += 1
        return super().listed(running=running)

    def lists(self) -> int:
        return self._lists


class _Manager(BaseManager):
    pass


_Manager.register("engine", _Far, exposed=("serve", "end", "create_all", "have", "inspected_all", "lists"))
