"""Constraints: which containers are exposed, given as an expression on their labels in Go's syntax.

Source of the rules: Traefik's pkg/provider/constraints, which reads the expression with Go's own parser.
"""

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Self

from msgspec import Struct

from bridge.rules import literals, regex
from bridge.rules.error import RuleError, place


class Label(Struct, frozen=True):
    """`Label(name, value)`; a missing label has the value ""."""

    name: str
    value: str

    def match(self, labels: Mapping[str, str]) -> bool:
        """Return whether the label has exactly this value."""
        return labels.get(self.name, "") == self.value


class LabelRegex(Struct, frozen=True):
    """`LabelRegex(name, expression)`; a label that is not valid Unicode does not match."""

    name: str
    expression: str

    def match(self, labels: Mapping[str, str]) -> bool:
        """Return whether the expression matches anywhere in the label's value."""
        try:
            return regex.matches(self.expression, labels.get(self.name, ""))
        except RuleError:
            return False


class Not(Struct, frozen=True):
    """`!`."""

    operand: "Expression"

    def match(self, labels: Mapping[str, str]) -> bool:
        """Return whether the operand does not match."""
        return not self.operand.match(labels)


class And(Struct, frozen=True):
    """`&&`; without operands it is true."""

    operands: tuple["Expression", ...]

    def match(self, labels: Mapping[str, str]) -> bool:
        """Return whether all operands match."""
        return all(operand.match(labels) for operand in self.operands)


class Or(Struct, frozen=True):
    """`||`."""

    operands: tuple["Expression", ...]

    def match(self, labels: Mapping[str, str]) -> bool:
        """Return whether one of the operands matches."""
        return any(operand.match(labels) for operand in self.operands)


Expression = Label | LabelRegex | Not | And | Or


class Constraints(Struct, frozen=True):
    """An expression that Traefik would accept."""

    text: str
    expression: Expression

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the constraints; an empty text matches everything.

        Raises RuleError if Traefik would drop every container, as it does for blank text.
        """
        try:
            return cls(text, _Parser(text).expression() if text else And(()))
        except RecursionError:
            raise RuleError("the expression is nested too deeply") from None

    def match(self, labels: Mapping[str, str]) -> bool:
        """Return whether a container with these labels is exposed."""
        return self.expression.match(labels)


def _label_regex(name: str, expression: str) -> Expression:
    # Both raise: what is invalid matches nothing in Traefik, which nobody wants; what only Go supports may match.
    regex.compiled(expression)
    regex.check_any_text(expression)
    return LabelRegex(name, expression)


_FUNCTIONS: Mapping[str, Callable[[str, str], Expression]] = {"Label": Label, "LabelRegex": _label_regex}
_ILLEGAL = re.compile(r"[\0\ud800-\udfff]|(?!\A)\ufeff")
_TOKENS = re.compile(
    r"""(?P<blank>(?:\A\ufeff|[ \t\r]|//[^\n]*|/\*[^\n]*?\*/)+)|(?P<lines>\n|/\*.*?\*/)
      |(?P<string>"(?:[^"\\\n]|\\[^\n])*"|`[^`]*`)|(?P<name>[^\W\d]\w*)|(?P<operator>&&|\|\||\.\.\.|[!(),])
      |(?P<character>')|(?P<other>.)|(?P<end>\Z)""",
    re.VERBOSE | re.DOTALL,
)


class _Token(Struct, frozen=True):
    kind: str
    text: str
    position: int


def _tokens(text: str) -> list[_Token]:
    """Return the tokens; a line break after an operand ends the expression, as in Go."""
    if illegal := _ILLEGAL.search(text):
        raise RuleError(f"{place(text, illegal.start())}: {illegal[0]!a} is not allowed, not even in a string")
    tokens: list[_Token] = []
    for found in _TOKENS.finditer(text):
        kind = found.lastgroup or ""
        if kind == "lines" and tokens and (tokens[-1].kind in ("string", "name") or tokens[-1].text == ")"):
            tokens.append(_Token("newline", "a new line", found.start()))
        elif kind not in ("blank", "lines"):
            tokens.append(_Token(kind, found[0], found.start()))
    return tokens


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._at = 0

    def expression(self) -> Expression:
        expression = self._disjunction()
        token = self._next()
        if token.kind != "end" and not (token.kind == "newline" and self._peek().kind == "end"):
            raise self._unexpected(token)
        return expression

    def _peek(self) -> _Token:
        return self._tokens[self._at]

    def _next(self) -> _Token:
        self._at += 1
        return self._tokens[self._at - 1]

    def _accepts(self, text: str) -> bool:
        accepted = self._peek().text == text
        self._at += accepted
        return accepted

    def _error(self, token: _Token, message: str, hint: str = "") -> RuleError:
        return RuleError(f"{place(self._text, token.position)}: {message}", hint)

    def _unexpected(self, token: _Token) -> RuleError:
        if token.kind == "newline":
            hint = "end the line with && or ||, or write the expression on one line"
            return self._error(token, "a new line ends the expression here", hint)
        if token.kind == "end":
            return self._error(token, "the expression is not complete")
        if token.text in ('"', "`"):
            return self._error(token, "a string is not closed")
        hint = literals.QUOTES_HINT if token.text == "'" else ""
        shown = token.text if token.text.isprintable() else repr(token.text)
        return self._error(token, f"{shown} is not expected here", hint)

    def _disjunction(self) -> Expression:
        operands = [self._conjunction()]
        while self._accepts("||"):
            operands.append(self._conjunction())
        return operands[0] if len(operands) == 1 else Or(tuple(operands))

    def _conjunction(self) -> Expression:
        operands = [self._negation()]
        while self._accepts("&&"):
            operands.append(self._negation())
        return operands[0] if len(operands) == 1 else And(tuple(operands))

    def _negation(self) -> Expression:
        if self._accepts("!"):
            return Not(self._negation())
        if self._accepts("("):
            expression = self._disjunction()
            self._close()
            return expression
        return self._call()

    def _close(self) -> None:
        if (token := self._next()).text != ")":
            raise self._unexpected(token)

    def _call(self) -> Expression:
        name = self._next()
        if name.kind != "name":
            raise self._unexpected(name)
        if name.text not in _FUNCTIONS:
            raise self._error(name, f"there is no function {name.text}", _function_hint(name.text))
        if not self._accepts("("):
            raise self._unexpected(self._next())
        arguments = self._arguments()
        if len(arguments) != 2:
            hint = f"write {name.text}(`name`, `{'value' if name.text == 'Label' else 'expression'}`)"
            raise self._error(name, f"{name.text} takes two strings, not {len(arguments)}", hint)
        try:
            return _FUNCTIONS[name.text](*arguments)
        except RuleError as error:
            raise self._error(name, error.message, error.hint) from None

    def _arguments(self) -> list[str]:
        arguments: list[str] = []
        while self._peek().text != ")":
            arguments.append(self._string())
            is_last = self._accepts("...")
            if not self._accepts(",") or is_last:
                break
        self._close()
        return arguments

    def _string(self) -> str:
        token = self._next()
        if token.kind == "name":
            raise self._error(token, f"{token.text} is not a string", literals.QUOTES_HINT)
        if token.kind != "string":
            raise self._unexpected(token)
        try:
            return literals.unquote(token.text)
        except ValueError as error:
            raise self._error(token, f"{token.text}: {error}") from None


def _function_hint(name: str) -> str:
    nearest = get_close_matches(name, _FUNCTIONS, n=1)
    return f"did you mean {nearest[0]}?" if nearest else "there are Label and LabelRegex"
