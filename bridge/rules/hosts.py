"""The hosts that a router's rule is limited to, told only where it is certain.

Unlike Traefik's reader of rules, this one takes nothing that releases or syntaxes (v2, v3) could read differently:
no escapes, no comments, no names that are not plain words. Who is told "not certain" can always write it plainly.
"""

import re
from collections.abc import Iterator

_TOKEN = re.compile(
    r"""(?P<blank>[ \t\r\n]+)|(?P<string>`[^`\0-\x1f]*`|"[^"\\\0-\x1f]*")|(?P<name>[A-Za-z]+)
      |(?P<operator>&&|\|\||[!(),])|(?P<other>.)|(?P<end>\Z)""",
    re.VERBOSE | re.DOTALL,
)
_EXACT = {"host", "hostsni", "hostheader"}
_DEEPEST = 50

Hosts = frozenset[str] | None


class _UncertainError(Exception):
    """The rule is not plain."""


def hosts(rule: str) -> Hosts:
    """Return hosts outside which the rule matches no request, as written; None where there may be others.

    Only `Host`, `HostSNI` and `HostHeader` name hosts. A pattern (`HostRegexp`) or a negation limits nothing; of
    `||` both sides must be limited, of `&&` one.
    """
    try:
        return _Parser(rule).rule()
    except _UncertainError:
        return None


class _Parser:
    def __init__(self, rule: str) -> None:
        self._tokens = _tokens(rule)
        self._kind, self._text = next(self._tokens)
        self._depth = 0

    def rule(self) -> Hosts:
        found = self._disjunction()
        self._expect("end")
        return found

    def _disjunction(self) -> Hosts:
        sides = [self._conjunction()]
        while self._accepts("||"):
            sides.append(self._conjunction())
        limited = [side for side in sides if side is not None]
        return frozenset().union(*limited) if len(limited) == len(sides) else None

    def _conjunction(self) -> Hosts:
        sides = [self._operand()]
        while self._accepts("&&"):
            sides.append(self._operand())
        limited = [side for side in sides if side is not None]
        return frozenset().union(*limited) if limited else None

    def _operand(self) -> Hosts:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _UncertainError
        if self._accepts("!"):
            self._operand()
            found = None
        elif self._accepts("("):
            found = self._disjunction()
            self._expect("operator", ")")
        else:
            found = self._matcher()
        self._depth -= 1
        return found

    def _matcher(self) -> Hosts:
        name = self._expect("name")
        self._expect("operator", "(")
        arguments = [] if self._text == ")" else [self._expect("string")]
        while self._accepts(","):
            arguments.append(self._expect("string"))
        self._expect("operator", ")")
        if name.lower() not in _EXACT or not arguments:
            return None
        return frozenset(argument[1:-1] for argument in arguments)

    def _accepts(self, operator: str) -> bool:
        accepted = (self._kind, self._text) == ("operator", operator)
        if accepted:
            self._advance()
        return accepted

    def _expect(self, kind: str, operator: str = "") -> str:
        text = self._text
        if self._kind != kind or (operator and text != operator):
            raise _UncertainError
        self._advance()
        return text

    def _advance(self) -> None:
        self._kind, self._text = next(self._tokens, ("end", ""))


def _tokens(rule: str) -> Iterator[tuple[str, str]]:
    found = ((it.lastgroup or "", it[0]) for it in _TOKEN.finditer(rule))
    return (token for token in found if token[0] != "blank")
