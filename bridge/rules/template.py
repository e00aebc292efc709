"""The default rule: a Go template that produces a router's rule for a container.

Source of the rules: MakeDefaultRuleTemplate of Traefik's providers.
"""

from collections.abc import Mapping
from typing import Self

from msgspec import Struct

from bridge.rules import nodes
from bridge.rules.error import RuleError
from bridge.rules.execute import execute
from bridge.rules.functions import FUNCTIONS, check
from bridge.rules.parser import parse
from bridge.rules.values import Model, StringMap


class Template(Struct, frozen=True):
    """A template that Traefik would accept."""

    text: str
    body: nodes.Body

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the template; raises RuleError if Traefik would not start with it."""
        return cls(text, parse(text, check))

    def render(self, *, name: str, container_name: str, labels: Mapping[str, str]) -> str:
        """Return the rule for a container; raises RuleError if Traefik would delete the router.

        `name` is the container's service name as Traefik normalizes it; `container_name` has no slash.
        An empty rule, for which Traefik deletes the router too, is returned as it is.
        """
        model = Model(name, container_name, StringMap(labels))
        rule = execute(self.text, self.body, FUNCTIONS, model)
        if not rule.isprintable() and any("\udc80" <= character <= "\udcff" for character in rule):
            raise RuleError("the rule is not valid UTF-8: the template cuts a character")
        return rule
