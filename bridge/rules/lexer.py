"""Splits a template into tokens as Go's text/template does, including the trimming of white space.

Source of the rules: Go's text/template/parse.
"""

import re
from collections.abc import Generator, Iterator
from enum import Enum, auto

from msgspec import Struct

from bridge.rules.error import RuleError, place


class Kind(Enum):
    """The kind of a token."""

    TEXT = auto()
    LEFT = auto()
    RIGHT = auto()
    SPACE = auto()
    DOT = auto()
    FIELD = auto()
    VARIABLE = auto()
    IDENTIFIER = auto()
    KEYWORD = auto()
    BOOL = auto()
    NIL = auto()
    STRING = auto()
    CHARACTER = auto()
    NUMBER = auto()
    PIPE = auto()
    OPEN = auto()
    CLOSE = auto()
    ASSIGN = auto()
    DECLARE = auto()
    OTHER = auto()
    END = auto()


class Token(Struct, frozen=True):
    """A piece of a template, and the position at which it begins."""

    kind: Kind
    text: str
    position: int


_SPACES = " \t\r\n"
_KEYWORDS = frozenset(["block", "break", "continue", "define", "else", "end", "if", "range", "template", "with"])
_RIGHT = re.compile(r"[ \t\r\n]-\}\}[ \t\r\n]*|\}\}")
_COMMENT = re.compile(r"\{\{(?:-[ \t\r\n])?/\*")
_TOKENS = re.compile(
    r"""(?P<space>[ \t\r\n]+?(?=[ \t\r\n]-\}\})|[ \t\r\n]+)
      |(?P<declare>:=)|(?P<assign>=)|(?P<pipe>\|)|(?P<open>\()|(?P<close>\))
      |(?P<string>"(?:[^"\\\n]|\\[^\n])*"|`[^`]*`)|(?P<character>'(?:[^'\\\n]|\\[^\n])*')
      |(?P<number>(?=[+\-0-9]|\.[0-9])[+-]?
          (?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?
            |0[oO][0-7_]*(?:\.[0-7_]*)?|0[bB][01_]*(?:\.[01_]*)?
            |[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)i?)
    """,
    re.VERBOSE,
)
_UNCLOSED = {
    '"': "a string is not closed by a quote on its line",
    "`": "a string is not closed by a backtick",
    "'": "a character is not closed by a quote",
    ":": "a colon is not followed by an equals sign",
}


def tokens(text: str) -> Iterator[Token]:
    """Yield the tokens of a template, the last one of kind END; raises RuleError where Go's lexer would fail."""
    position = 0
    while (left := text.find("{{", position)) >= 0:
        plain = text[position:left]
        trimmed = plain.rstrip(_SPACES) if _is_trim_marker(text, left + 2) else plain
        if trimmed:
            yield Token(Kind.TEXT, trimmed, position)
        if comment := _COMMENT.match(text, left):
            position = _end_of_comment(text, comment)
        else:
            position = yield from _action(text, left)
    if position < len(text):
        yield Token(Kind.TEXT, text[position:], position)
    yield Token(Kind.END, "", len(text))


def _is_trim_marker(text: str, position: int) -> bool:
    return text.startswith("-", position) and text[position + 1 : position + 2] in tuple(_SPACES)


def _end_of_comment(text: str, comment: re.Match[str]) -> int:
    end = text.find("*/", comment.end())
    if end < 0:
        raise RuleError(f"{place(text, comment.start())}: the comment is not closed")
    right = _RIGHT.match(text, end + 2)
    if not right:
        raise RuleError(f"{place(text, end)}: the comment does not end right before the closing braces")
    return right.end()


def _action(text: str, left: int) -> Generator[Token, None, int]:
    yield Token(Kind.LEFT, "{{", left)
    position = left + (4 if _is_trim_marker(text, left + 2) else 2)
    depth = 0
    while not (right := _RIGHT.match(text, position)):
        if position >= len(text):
            raise RuleError(f"{place(text, left)}: the action is not closed by two braces")
        token = _token(text, position)
        depth += (token.kind is Kind.OPEN) - (token.kind is Kind.CLOSE)
        if depth < 0:
            raise RuleError(f"{place(text, position)}: a closing parenthesis has no opening one")
        yield token
        position += len(token.text)
    if depth:
        raise RuleError(f"{place(text, position)}: a parenthesis is not closed")
    yield Token(Kind.RIGHT, "}}", position)
    return right.end()


def _token(text: str, position: int) -> Token:
    found = _TOKENS.match(text, position)
    if not found:
        return _word(text, position)
    kind = Kind[(found.lastgroup or "").upper()]
    following = text[found.end() : found.end() + 1]
    if kind is Kind.NUMBER and following and (_is_word(following) or following in "+-"):
        raise RuleError(f"{place(text, found.end())}: {following} cannot be part of a number")
    return Token(kind, found[0], position)


def _word(text: str, position: int) -> Token:
    start = end = position + (text[position] in ".$")
    while end < len(text) and _is_word(text[end]):
        end += 1
    if end == position:
        return _other(text, position)
    if not _is_terminated(text, end):
        hint = "read a label with index .Labels and its name in quotes" if text[position] == "." else ""
        raise RuleError(f"{place(text, end)}: {text[end]} cannot be part of a name", hint)
    return Token(_kind(text[position], text[start:end]), text[position:end], position)


def _is_word(character: str) -> bool:
    return character == "_" or character.isalpha() or character.isdecimal()


def _is_terminated(text: str, end: int) -> bool:
    return end == len(text) or text[end] in " \t\r\n.,|:)(" or text.startswith("}}", end)


def _kind(first: str, word: str) -> Kind:
    if first == "$":
        return Kind.VARIABLE
    if first == ".":
        return Kind.FIELD if word else Kind.DOT
    if word in _KEYWORDS:
        return Kind.KEYWORD
    return {"true": Kind.BOOL, "false": Kind.BOOL, "nil": Kind.NIL}.get(word, Kind.IDENTIFIER)


def _other(text: str, position: int) -> Token:
    character = text[position]
    if character in _UNCLOSED:
        raise RuleError(f"{place(text, position)}: {_UNCLOSED[character]}")
    return Token(Kind.OTHER, character, position)
