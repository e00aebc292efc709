"""The hosts that a router's rule names and is limited to, found only if they are certain.

Unlike Traefik's parser, this one rejects everything that releases or syntaxes (v2, v3) could read differently:
escapes, comments, names that are not plain words. A rule that is rejected can always be written more plainly.
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


class _UncertainError(Exception):
    """The rule contains something that could be read differently."""


def hosts(rule: str) -> frozenset[str] | None:
    """Return the hosts that a rule names, as written; None if it may match requests for other hosts.

    Only `Host`, `HostSNI` and `HostHeader` name hosts. A pattern (`HostRegexp`) or a negation limits nothing; with
    `||` both sides must be limited, with `&&` one. A host counts wherever it occurs: even if it is negated or no
    request can match it, Traefik chooses TLS options and requests certificates for it.
    """
    try:
        return _Parser(rule).rule()
    except _UncertainError:
        return None


class _Parser:
    """Parses a rule; the methods for its parts return whether the part is limited to hosts."""

    def __init__(self, rule: str) -> None:
        self._tokens = _tokens(rule)
        self._kind, self._text = next(self._tokens)
        self._depth = 0
        self._named: set[str] = set()

    def rule(self) -> frozenset[str] | None:
        limited = self._disjunction()
        self._expect("end")
        return frozenset(self._named) if limited else None

    def _disjunction(self) -> bool:
        sides = [self._conjunction()]
        while self._accepts("||"):
            sides.append(self._conjunction())
        return all(sides)

    def _conjunction(self) -> bool:
        sides = [self._operand()]
        while self._accepts("&&"):
            sides.append(self._operand())
        return any(sides)

    def _operand(self) -> bool:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _UncertainError
        if self._accepts("!"):
            self._operand()
            limited = False
        elif self._accepts("("):
            limited = self._disjunction()
            self._expect("operator", ")")
        else:
            limited = self._matcher()
        self._depth -= 1
        return limited

    def _matcher(self) -> bool:
        name = self._expect("name")
        self._expect("operator", "(")
        arguments = [self._expect("string")]
        while self._accepts(","):
            arguments.append(self._expect("string"))
        self._expect("operator", ")")
        if name.lower() not in _EXACT:
            return False
        self._named.update(argument[1:-1] for argument in arguments)
        return True

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
