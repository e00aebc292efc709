"""Asks Traefik's own code what it makes of a default rule or a constraint (the program in `oracle`)."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

Answer = str | None  # None: an error


class Traefik:
    """The oracle, running; answers are what it prints, None for an error."""

    def __init__(self, program: Path) -> None:
        self._program = program

    def __enter__(self) -> Self:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen([self._program], stdin=pipe, stdout=pipe, encoding="utf-8")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def rule(self, template: str, *, name: str, container_name: str, labels: Mapping[str, str]) -> Answer:
        """Return what a default rule makes of a container."""
        model = {"name": name, "containerName": container_name, "labels": labels}
        return self._ask({"template": template, **model})

    def matches(self, expression: str, labels: Mapping[str, str]) -> Answer:
        """Return whether labels satisfy a constraint, as "true" or "false"."""
        return self._ask({"expression": expression, "labels": labels})

    def _ask(self, question: Mapping[str, object]) -> Answer:
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps(question), file=self._process.stdin, flush=True)
        answer = json.loads(self._process.stdout.readline())
        return None if answer["error"] else str(answer["result"])
