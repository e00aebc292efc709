"""Ask Traefik's own code, through the program in `oracle`, how it evaluates default rules and constraints."""

from collections.abc import Mapping

from tests.lab.oracle import Oracle

Answer = str | None  # None: an error


class Traefik(Oracle):
    """The oracle; answers are what it prints, None for an error."""

    def rule(self, template: str, *, name: str, container_name: str, labels: Mapping[str, str]) -> Answer:
        """Return the rule that a template makes for a container."""
        model = {"name": name, "containerName": container_name, "labels": labels}
        return _result(self.ask({"template": template, **model}))

    def matches(self, expression: str, labels: Mapping[str, str]) -> Answer:
        """Return whether labels satisfy a constraint, as "true" or "false"."""
        return _result(self.ask({"expression": expression, "labels": labels}))


def _result(answer: Mapping[str, object]) -> Answer:
    return None if answer["error"] else str(answer["result"])
