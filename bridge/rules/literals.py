"""Go's literals: the values of quoted strings, characters and numbers in Go syntax.

A Go string consists of bytes, a Python string does not: bytes that are not UTF-8 become surrogate escapes.
Source of the rules: Go's strconv.Unquote, strconv.UnquoteChar, strconv.ParseInt and ParseFloat.
"""

import math
import re

QUOTES_HINT = 'write strings in `backticks` or "double quotes"'

_SIMPLE = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 92}
_ESCAPE = re.compile(
    r"""\\(?:(?P<simple>[abfnrtv\\])|(?P<quote>['"])|(?P<octal>[0-7]{3})|x(?P<byte>[0-9a-fA-F]{2})
        |u(?P<short>[0-9a-fA-F]{4})|U(?P<long>[0-9a-fA-F]{8}))""",
    re.VERBOSE,
)
_OCTAL = re.compile(r"([+-]?)0(_?[0-7][0-7_]*)")
_INTEGER = re.compile(r"[+-]?[0-9][0-9a-zA-Z_]*")
_HEX_FLOAT = re.compile(r"[+-]?0[xX](?:[0-9a-fA-F]+(?:\.[0-9a-fA-F]*)?|\.[0-9a-fA-F]+)[pP][+-]?[0-9]+")


def to_bytes(text: str) -> bytes:
    """Return the bytes of a Go string."""
    return text.encode("utf-8", "surrogateescape")


def from_bytes(data: bytes) -> str:
    """Return a Go string of these bytes."""
    return data.decode("utf-8", "surrogateescape")


def unquote(literal: str) -> str:
    """Return the value of a string literal in double quotes or backticks; raises ValueError if it is invalid."""
    quote, body = literal[0], literal[1:-1]
    if quote == "`":
        return body.replace("\r", "")
    data, position = bytearray(), 0
    while position < len(body):
        piece, position = _next(body, position, quote)
        data += piece
    return from_bytes(bytes(data))


def character(literal: str) -> int:
    """Return the code point of the character in single quotes; raises ValueError if it is not exactly one."""
    body = literal[1:-1]
    if not body:
        raise ValueError("an empty character")
    if body[0] != "\\":
        code, end = ord(body[0]), 1
    else:
        code, end = _escaped(body, 0, "'")
    if end != len(body):
        raise ValueError("more than one character in single quotes")
    return code


def _next(body: str, position: int, quote: str) -> tuple[bytes, int]:
    if body[position] != "\\":
        return to_bytes(body[position]), position + 1
    code, end = _escaped(body, position, quote)
    is_byte = body[position + 1] in "x01234567"
    return (bytes([code]) if is_byte else chr(code).encode()), end


def _escaped(body: str, position: int, quote: str) -> tuple[int, int]:
    found = _ESCAPE.match(body, position)
    if not found or found["quote"] not in (None, quote):
        raise ValueError(f"unknown escape {body[position : position + 2]}")
    code = _code(found)
    limit = 0xFF if found["octal"] else 0x10FFFF
    if code > limit or 0xD800 <= code <= 0xDFFF:
        raise ValueError(f"escape {found[0]} is not a character")
    return code, found.end()


def _code(found: re.Match[str]) -> int:
    if found["simple"]:
        return _SIMPLE[found["simple"]]
    if found["quote"]:
        return ord(found["quote"])
    if found["octal"]:
        return int(found["octal"], 8)
    return int(found["byte"] or found["short"] or found["long"], 16)


def integer(text: str) -> int | None:
    """Return the integer, of any size, that a text in Go syntax stands for; None if it is not one."""
    if octal := _OCTAL.fullmatch(text):
        text = f"{octal[1]}0o{octal[2]}"
    try:
        return int(text, 0) if _INTEGER.fullmatch(text) else None
    except ValueError:
        return None


def floating(text: str) -> float | None:
    """Return the float64 that a text in Go syntax stands for; None if it is not one or is too large."""
    try:
        value = float.fromhex(text) if _HEX_FLOAT.fullmatch(text) else float(text)
    except (ValueError, OverflowError):
        return None
    return value if math.isfinite(value) and text.isascii() and text == text.strip() else None
