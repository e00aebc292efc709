"""Limits on evaluating the default rule, whose input is labels, and on the rules that labels contain.

Traefik has no such limits. They are far beyond any rule that etcd could hold or that anybody would write.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

from bridge.rules.error import RuleError

MOST = 1 << 18

MOST_DOTS = 100
_QUOTED = re.compile(r"""`[^`]*(`|\Z)|"([^"\\]|\\.)*("|\\?\Z)""", re.DOTALL)


class _Match(Protocol):
    def start(self) -> int: ...

    def end(self) -> int: ...


_AnyMatch = TypeVar("_AnyMatch", bound=_Match)


def check_length(length: int) -> None:
    """Raise RuleError if a text of this length would be too long."""
    if length > MOST:
        raise RuleError(f"a text of more than {MOST:,} characters is too long")


def has_many_dots(rule: str) -> bool:
    """Return whether a rule has so many dots outside of quotes that it might stall Traefik.

    Parsing them takes time that grows with the square of their number: some 16 s for a rule of 50 kB.
    """
    return rule.count(".") > MOST_DOTS and _QUOTED.sub("", rule).count(".") > MOST_DOTS


def joined(pieces: Iterable[str]) -> str:
    """Return the pieces as one text; raises RuleError as soon as it is too long."""
    kept: list[str] = []
    length = 0
    for piece in pieces:
        length += len(piece)
        check_length(length)
        kept.append(piece)
    return "".join(kept)


def substituted(text: str, found: Iterable[_AnyMatch], replacement: Callable[[_AnyMatch], str]) -> str:
    """Return a text with what was found replaced; raises RuleError as soon as it is too long."""

    def pieces() -> Iterator[str]:
        end = 0
        for match in found:
            yield text[end : match.start()]
            yield replacement(match)
            end = match.end()
        yield text[end:]

    return joined(pieces())
