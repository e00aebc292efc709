"""Parses a template into a tree, with the errors that Go's text/template reports before running it.

Templates within templates (`define`, `template`, `block`) and complex numbers are refused: no rule needs them.
Source of the rules: Go's text/template/parse.
"""

from collections.abc import Callable

from bridge.rules import literals, nodes
from bridge.rules.error import RuleError, place
from bridge.rules.lexer import Kind, Token, tokens

_CONSTANTS = frozenset({Kind.BOOL, Kind.CHARACTER, Kind.DOT, Kind.NUMBER, Kind.NIL, Kind.STRING})
_OPERANDS = _CONSTANTS | {Kind.FIELD, Kind.IDENTIFIER, Kind.VARIABLE, Kind.OPEN}
_LARGEST = 2**63 - 1


def parse(text: str, check_function: Callable[[str], None]) -> nodes.Body:
    """Return the tree of a template; raises RuleError, also if `check_function` does so for a function's name."""
    try:
        return _Parser(text, check_function).template()
    except RecursionError:
        raise RuleError("the template is nested too deeply") from None


class _Parser:
    def __init__(self, text: str, check_function: Callable[[str], None]) -> None:
        self._text = text
        self._check_function = check_function
        self._tokens = list(tokens(text))
        self._at = 0
        self._variables = ["$"]
        self._ranges = 0

    def template(self) -> nodes.Body:
        body, end = self._body()
        if end.kind is not Kind.END:
            raise self._error(end, f"{end.text} has nothing to end")
        return body

    def _error(self, token: Token, message: str, hint: str = "") -> RuleError:
        return RuleError(f"{place(self._text, token.position)}: {message}", hint)

    def _unexpected(self, token: Token, context: str) -> RuleError:
        return self._error(token, f"{token.text} is not expected, {context}")

    def _peek(self) -> Token:
        return self._tokens[self._at]

    def _next(self) -> Token:
        self._at += 1
        return self._tokens[self._at - 1]

    def _peek_past_space(self) -> Token:
        while self._peek().kind is Kind.SPACE:
            self._at += 1
        return self._peek()

    def _next_past_space(self) -> Token:
        self._peek_past_space()
        return self._next()

    def _close(self, context: str) -> None:
        if (token := self._next_past_space()).kind is not Kind.RIGHT:
            raise self._unexpected(token, context)

    def _body(self) -> tuple[nodes.Body, Token]:
        """Parse up to `end`, `else` or the end of the template; return that token, consumed."""
        body: list[nodes.Node] = []
        while True:
            token = self._next()
            if token.kind is Kind.END:
                return tuple(body), token
            if token.kind is Kind.TEXT:
                body.append(nodes.Text(token.text))
                continue
            keyword = self._peek_past_space()
            if keyword.text in ("end", "else"):
                return tuple(body), self._next()
            body.append(self._action(keyword))

    def _action(self, first: Token) -> nodes.Node:
        if first.kind is not Kind.KEYWORD:
            return nodes.Action(self._pipe(Kind.RIGHT, "a value is missing"))
        self._next()
        match first.text:
            case "if" | "with":
                return self._branch(first)
            case "range":
                return self._range(first)
            case "break" | "continue":
                return self._jump(first)
        raise self._error(first, f"{first.text} is not supported in a rule")

    def _jump(self, keyword: Token) -> nodes.Node:
        self._close(f"nothing may follow {keyword.text}")
        if not self._ranges:
            raise self._error(keyword, f"{keyword.text} stands outside of a range")
        return nodes.Break() if keyword.text == "break" else nodes.Continue()

    def _branch(self, keyword: Token) -> nodes.Branch:
        mark = len(self._variables)
        pipe = self._pipe(Kind.RIGHT, f"{keyword.text} needs a value")
        body, end = self._body()
        otherwise = self._otherwise(keyword, end)
        del self._variables[mark:]
        return nodes.Branch(pipe, body, otherwise, sets_dot=keyword.text == "with")

    def _range(self, keyword: Token) -> nodes.Range:
        mark = len(self._variables)
        pipe = self._pipe(Kind.RIGHT, "range needs a value", is_range=True)
        self._ranges += 1
        body, end = self._body()
        self._ranges -= 1
        otherwise = self._otherwise(keyword, end)
        del self._variables[mark:]
        return nodes.Range(pipe, body, otherwise, keyword.position)

    def _otherwise(self, keyword: Token, end: Token) -> nodes.Body:
        if end.kind is Kind.END:
            raise self._error(keyword, f"{keyword.text} has no end")
        if end.text == "else":
            following = self._peek_past_space()
            if following.text == keyword.text and keyword.text in ("if", "with"):
                return (self._branch(self._next()),)
            self._close("nothing but the same kind of condition may follow else")
            body, end = self._body()
            if end.text != "end":
                raise self._error(keyword, f"{keyword.text} has no end after its else")
            self._close("nothing may follow end")
            return body
        self._close("nothing may follow end")
        return ()

    def _pipe(self, end: Kind, context: str, *, is_range: bool = False) -> nodes.Pipe:
        variables, assigns = self._declarations(is_range=is_range)
        commands: list[nodes.Command] = []
        while (token := self._peek_past_space()).kind is not end:
            if token.kind not in _OPERANDS:
                raise self._unexpected(token, context)
            if commands and token.kind in _CONSTANTS:
                raise self._error(token, f"{token.text} cannot take the value before the pipe")
            commands.append(self._command())
        if not commands:
            raise self._error(token, context)
        self._next()
        return nodes.Pipe(tuple(commands), variables, assigns)

    def _declarations(self, *, is_range: bool) -> tuple[tuple[str, ...], bool]:
        names: list[str] = []
        while (token := self._peek_past_space()).kind is Kind.VARIABLE:
            start = self._at
            self._next()
            following = self._next_past_space()
            if following.kind in (Kind.ASSIGN, Kind.DECLARE):
                self._variables.append(token.text)
                return (*names, token.text), following.kind is Kind.ASSIGN
            if following.text != ",":
                self._at = start
                break
            if not is_range or names:
                raise self._error(following, "only range sets two variables, and nothing sets more")
            names.append(token.text)
            self._variables.append(token.text)
            if self._peek_past_space().kind is not Kind.VARIABLE:
                raise self._error(self._peek(), "range needs a variable after the comma")
        return tuple(names), False

    def _command(self) -> nodes.Command:
        position = self._peek().position
        operands: list[nodes.Operand] = []
        while self._peek_past_space().kind in _OPERANDS:
            operands.append(self._operand())
            if self._peek().kind is not Kind.SPACE:
                break
        token = self._peek()
        if token.kind is Kind.PIPE:
            self._next()
        elif token.kind not in (Kind.RIGHT, Kind.CLOSE):
            raise self._unexpected(token, "a space, a pipe or the end should follow")
        return nodes.Command(tuple(operands), position)

    def _operand(self) -> nodes.Operand:
        token = self._next()
        operand = self._term(token)
        while self._peek().kind is Kind.FIELD:
            if token.kind in _CONSTANTS:
                raise self._error(token, f"{token.text} has no fields")
            operand = nodes.Chain(operand, self._next().text[1:])
        return operand

    def _term(self, token: Token) -> nodes.Operand:
        match token.kind:
            case Kind.IDENTIFIER:
                return self._function(token)
            case Kind.VARIABLE:
                return self._variable(token)
            case Kind.OPEN:
                return self._pipe(Kind.CLOSE, "a value is missing in the parentheses")
            case Kind.STRING | Kind.CHARACTER | Kind.NUMBER:
                return self._literal(token)
        return _word(token)

    def _function(self, token: Token) -> nodes.Function:
        try:
            self._check_function(token.text)
        except RuleError as error:
            raise self._error(token, error.message, error.hint) from None
        return nodes.Function(token.text)

    def _variable(self, token: Token) -> nodes.Variable:
        if token.text not in self._variables:
            raise self._error(token, f"the variable {token.text} is not set before it is used")
        return nodes.Variable(token.text)

    def _literal(self, token: Token) -> nodes.Constant | nodes.Number:
        try:
            match token.kind:
                case Kind.STRING:
                    return nodes.Constant(literals.unquote(token.text))
                case Kind.CHARACTER:
                    code = literals.character(token.text)
                    return nodes.Number(token.text, code, float(code), is_float=False)
            return _number(token.text)
        except ValueError as error:
            hint = literals.QUOTES_HINT if token.text[0] == "'" else ""
            raise self._error(token, f"{token.text}: {error}", hint) from None


def _word(token: Token) -> nodes.Operand:
    match token.kind:
        case Kind.DOT:
            return nodes.Dot()
        case Kind.FIELD:
            return nodes.Field(token.text[1:])
        case Kind.BOOL:
            return nodes.Constant(token.text == "true")
    return nodes.Nil()


def _number(text: str) -> nodes.Number:
    looks_floating = any(mark in text for mark in ".eEpP") and not _is_hexadecimal(text)
    integer = literals.integer(text)
    if integer is not None and not -_LARGEST - 1 <= integer <= 2 * _LARGEST + 1:
        raise ValueError("an integer of more than 64 bits")
    floating = literals.floating(text) if integer is None else float(integer)
    if floating is None or (integer is None and not looks_floating):
        raise ValueError("not a number, or one that is too large")
    if integer is None and floating.is_integer():
        integer = int(floating)
    if integer is not None and not -_LARGEST - 1 <= integer <= _LARGEST:
        integer = None
    return nodes.Number(text, integer, floating, looks_floating)


def _is_hexadecimal(text: str) -> bool:
    return text[:2] in ("0x", "0X") and "p" not in text.lower()
