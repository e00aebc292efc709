"""The types of Traefik's fields: which label values they accept, and how these are written to etcd."""

import re
from collections.abc import Callable, Mapping
from typing import Final

ACCEPTED: Final[Mapping[str, str]] = {
    "string": "valid Unicode text",
    "raw": "valid Unicode text",
    "list": "valid Unicode text",
    "bool": "true or false",
    "int": "a whole number",
    "uint32": "a whole number from 0 to 4294967295",
    "bounded": "a whole number up to 1073741824",
    "connections": "a whole number from 0 to 65535",
    "duration": 'a number with a unit, such as "500ms", "10s" or "1m30s"',
}

_BOOLEANS = dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), "true") | dict.fromkeys(
    ("0", "f", "F", "FALSE", "false", "False"), "false"
)
# What Go's strings.TrimSpace removes; Python's strip removes more.
_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_INT64 = 1 << 63
_NANOSECONDS = {
    "ns": 1,
    "us": 10**3,
    "\u00b5s": 10**3,
    "\u03bcs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)
# In characters: parsing takes time for each part, and nobody needs many.
_LONGEST_DURATION = 1_000
_PART = re.compile(r"([0-9]*)(?:\.([0-9]*))?([^.0-9]+)")


def normalise(kind: str, text: str) -> str | None:
    """Return the text as it is written to a key of this type, None if Traefik would not accept it.

    The result reads back as the same value, whichever of the two decoders reads it.
    """
    return _NORMALISE[kind](text) if encodable(text) else None


def encodable(text: str) -> bool:
    """Return whether the text can be encoded in UTF-8: it contains no surrogates."""
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)


def printable(text: str) -> str:
    """Escape what cannot be encoded in UTF-8."""
    return text.encode(errors="backslashreplace").decode()


def _string(text: str) -> str:
    return text


def _list(text: str) -> str:
    trimmed = ",".join(part.strip(_SPACE) for part in text.split(","))
    return trimmed or (text[:1] and " ")


def _int(text: str) -> str | None:
    number = _integer(text)
    return None if number is None else str(number)


def _integer(text: str) -> int | None:
    # The length limit keeps Python from refusing, or taking long over, numbers of thousands of digits.
    if not _INTEGER.fullmatch(text) or len(digits := text.lstrip("+-0")) > 19:
        return None
    number = int(digits or "0") * (-1 if text.startswith("-") else 1)
    return number if -_INT64 <= number < _INT64 else None


def _uint32(text: str) -> str | None:
    number = None if text.startswith(("+", "-")) else _integer(text)
    return None if number is None or number >= 1 << 32 else str(number)


def _bounded(text: str) -> str | None:
    # Traefik allocates the allowed body size at each request: too large a size kills it. Too large a rate makes it
    # divide by zero, after which it applies no new configuration. Both affect everybody.
    number = _integer(text)
    return None if number is None or number > 1 << 30 else str(number)


def _connections(text: str) -> str | None:
    # Traefik allocates all of them at once: a negative or huge number makes it panic, after which it applies no
    # new configuration, for anybody.
    number = _integer(text)
    return None if number is None or not 0 <= number < 1 << 16 else str(number)


def _duration(text: str) -> str | None:
    seconds = _integer(text)
    if seconds is None:
        return None if _total(text) is None else text
    # A number of seconds that overflows wraps around; Traefik accepts it only without a unit.
    return f"{seconds}s" if abs(seconds) * 10**9 < _INT64 else str(seconds)


def seconds(text: str) -> float | None:
    """Return the seconds of a duration, read as Traefik does; None if it is not one."""
    whole = _integer(text)
    total = _total(text) if whole is None else whole * 10**9
    return None if total is None else total / 10**9


def _total(text: str) -> int | None:
    """Return the nanoseconds of a duration, None if Go's `time.ParseDuration` refuses it, or for a bare zero."""
    if len(text) > _LONGEST_DURATION:
        return None
    unsigned = text[1:] if text.startswith(("+", "-")) else text
    total, at = 0, 0
    while part := _PART.match(unsigned, at):
        number = _nanoseconds(*part.groups(default=""))
        if number is None:
            return None
        total, at = total + number, part.end()
    largest = _INT64 if text.startswith("-") else _INT64 - 1
    if not 0 < at == len(unsigned) or total > largest:
        return None
    return -total if text.startswith("-") else total


def _nanoseconds(whole: str, fraction: str, unit: str) -> int | None:
    scale = _NANOSECONDS.get(unit)
    if scale is None or not (whole or fraction):
        return None
    digits = fraction[:18]
    return int(whole or "0") * scale + int(int(digits or "0") * (scale / 10.0 ** len(digits)))


_NORMALISE: Final[Mapping[str, Callable[[str], str | None]]] = {
    "string": _string,
    "raw": _string,
    "list": _list,
    "bool": _BOOLEANS.get,
    "int": _int,
    "uint32": _uint32,
    "bounded": _bounded,
    "connections": _connections,
    "duration": _duration,
}
