"""Go's regular expressions, with the syntax and matches of Go's regexp, on top of RE2.

Source of the rules: Go's regexp and regexp/syntax.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Protocol, cast

import re2

from bridge.rules.error import RuleError
from bridge.rules.limits import check_length, substituted
from bridge.rules.values import NIL_STRINGS, StringList


class Match(Protocol):
    """A match, as re2 returns it."""

    def start(self) -> int:
        """Return where the match begins."""

    def end(self) -> int:
        """Return where the match ends."""

    def __getitem__(self, group: int | str) -> str | None:
        """Return the text of a group, None if it took no part in the match; raises IndexError if there is none."""


class Expression(Protocol):
    """An expression, as re2 compiles it."""

    groupindex: Mapping[str, int]

    def search(self, text: str) -> Match | None:
        """Return the leftmost match."""

    def finditer(self, text: str) -> Iterator[Match]:
        """Yield the matches that do not overlap, including an empty one right after another match."""


class UnsupportedError(RuleError):
    """An expression that RE2 cannot handle, though Go perhaps can."""


_OF_GO_ALONE = (r"invalid character class range: \p", r"invalid character class range: \P", "pattern too large")
_HINT = r"write shorter repetitions, and classes by short names such as \pL, \p{Lu} and \p{Greek}"
_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
_PIECES = re.compile(r"\\Q.*?(?:\\E|\Z)|\\?.", re.DOTALL)
_GROUP_NUMBER = re.compile("0|[1-9][0-9]{0,8}")
_LONGEST = 1 << 14  # matches at every character may each scan the whole text: quadratic time
# In RE2, since \w means more in Python: ² and Ⅷ would be part of a name.
_REFERENCE = cast(
    Expression, re2.compile(r"\$(?:(?P<dollar>\$)|\{(?P<braced>[\pL\p{Nd}_]+)\}|(?P<name>[\pL\p{Nd}_]+))")
)


@lru_cache
def compiled(pattern: str) -> Expression:
    r"""Return a compiled expression; raises RuleError, also for \C (a single byte), which only RE2 supports."""
    if r"\C" in _PIECES.findall(pattern):
        raise RuleError(rf"the regular expression {pattern} has \C, which Go does not support")
    try:
        return cast(Expression, re2.compile(pattern, _OPTIONS))
    except re2.error as error:
        reason = _reason(error)
        if reason.startswith(_OF_GO_ALONE):
            raise UnsupportedError(f"the regular expression {pattern} is not supported: {reason}", _HINT) from None
        raise RuleError(f"the regular expression {pattern} is wrong: {reason}") from None
    except UnicodeEncodeError:
        raise RuleError("the regular expression is not valid UTF-8") from None


def _reason(error: Exception) -> str:
    reason = error.args[0]
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)


def is_valid(pattern: str) -> bool:
    """Return whether Go accepts an expression; raises UnsupportedError if that is unknown."""
    try:
        compiled(pattern)
    except UnsupportedError:
        raise
    except RuleError:
        return False
    return True


def check_any_text(pattern: str) -> None:
    r"""Raise UnsupportedError if the expression matches as in Go only in ASCII text, because of \B.

    There RE2 looks at bytes, and also matches within a character.
    """
    if r"\B" in _PIECES.findall(pattern):
        raise UnsupportedError(rf"the regular expression {pattern} is not supported: \B in text that is not ASCII")


def matches(pattern: str, text: str) -> bool:
    """Return whether the expression matches anywhere in the text."""
    return compiled(pattern).search(_valid(pattern, text)) is not None


def find(pattern: str, text: str) -> str:
    """Return the leftmost match, "" without one."""
    found = compiled(pattern).search(_valid(pattern, text))
    return (found and found[0]) or ""


def find_all(pattern: str, text: str, most: int) -> StringList:
    """Return the matches that do not overlap, at most `most` of them unless that is negative."""
    parts = [text[found.start() : found.end()] for found in _limited(pattern, text, most)]
    return StringList(parts) if parts else NIL_STRINGS


def _limited(pattern: str, text: str, most: int) -> list[Match]:
    found = list(_matches(pattern, text))
    return found if most < 0 else found[:most]


def _matches(pattern: str, text: str) -> Iterator[Match]:
    """Yield the matches that do not overlap, without empty ones right after another match, as in Go."""
    if len(text) > _LONGEST:
        raise RuleError(f"a text of more than {_LONGEST:,} characters is too long to find all matches in it")
    previous = -1
    for found in compiled(pattern).finditer(_valid(pattern, text)):
        if found.end() > found.start() or found.start() != previous:
            yield found
        previous = found.end()


def _valid(pattern: str, text: str) -> str:
    if not text.isascii():
        check_any_text(pattern)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise RuleError("the text to match is not valid UTF-8") from None
    return text


def replace(pattern: str, text: str, replacement: str) -> str:
    """Return the text with each match replaced; $1, ${1} and ${name} stand for groups, $$ for a dollar sign."""
    groups = compiled(pattern).groupindex

    def expanded(found: Match) -> str:
        return substituted(
            replacement, _REFERENCE.finditer(replacement), lambda reference: _group(found, groups, reference)
        )

    found = list(_matches(pattern, text))
    check_length(len(found) * len(replacement))
    return substituted(text, found, expanded)


def replace_literally(pattern: str, text: str, replacement: str) -> str:
    """Return the text with each match replaced by `replacement` as it is."""
    return substituted(text, _matches(pattern, text), lambda _: replacement)


def _group(found: Match, groups: Mapping[str, int], reference: Match) -> str:
    if reference["dollar"]:
        return "$"
    name = reference["braced"] or reference["name"] or ""
    group: str | int = int(name) if _GROUP_NUMBER.fullmatch(name) else groups.get(name, -1)
    try:
        return found[group] or ""
    except IndexError:
        return ""


def split(pattern: str, text: str, most: int) -> StringList:
    """Return the parts between the matches, at most `most` of them unless that is negative."""
    compiled(pattern)
    if most == 0:
        return NIL_STRINGS
    if pattern and not text:
        return StringList(("",))
    parts: list[str] = []
    beginning = end = 0
    for found in _limited(pattern, text, most):
        if len(parts) == most - 1:
            break
        end = found.start()
        if found.end() != 0:
            parts.append(text[beginning:end])
        beginning = found.end()
    if end != len(text):
        parts.append(text[beginning:])
    return StringList(parts)


def quoted(text: str) -> str:
    """Return an expression that matches exactly this text."""
    return re.sub(r"[\\.+*?()|\[\]{}^$]", r"\\\g<0>", text)
