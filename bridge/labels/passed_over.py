"""Labels that were meant for Traefik, as it seems, but that it does not read: their effect is waited for in vain.

They cost nothing here either, but are told. Of those that it reads `decode` tells which have no effect.
"""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from itertools import islice

from bridge.labels import decode, options
from bridge.labels.limits import MOST_LABELS
from bridge.labels.tree import ROOT, begins
from bridge.labels.values import encodable
from bridge.problem import Problem

_READ = (*decode.PREFIXES, *options.PREFIXES)
_MOST_TOLD = 10
"""Whoever misspelt so many did it in the same way; others may write any number of labels that are none of ours."""
_MOST_LOOKED_AT, _LONGEST = MOST_LABELS, 500
"""Nobody counts labels that are not ours (`excess`): only so many are compared, and none that is longer."""

_OF_AN_OBJECT = re.compile(
    r"((?:[^.]{0,20}\.){1,3}?)(router|service|middleware)s?\.([^.]+\..+)", re.IGNORECASE | re.ASCII | re.DOTALL
)
_OF_THE_PROVIDER = re.compile(r"([^.]{1,20})[._-](e[a-z]{4,7}|(?:docker.)?networks?)", re.IGNORECASE | re.ASCII)

_STATIC = (
    "accesslog",
    "api",
    "certificatesresolvers",
    "entrypoints",
    "experimental",
    "log",
    "metrics",
    "providers",
)
_ELSEWHERE = {
    re.compile(rf"{ROOT}\.{rest}", re.IGNORECASE | re.DOTALL): hint
    for rest, hint in {
        r"((?:[^.]*\.)?frontend\..*|backend|port)": (
            "it is one of Traefik 1: write traefik.http.routers.<name>.rule for a frontend, and"
            " traefik.http.services.<name>.loadbalancer.server.port for a port"
        ),
        r"tls\..*": "labels set the default store alone: give Traefik other TLS options in a file",
        rf"({'|'.join(_STATIC)})\..*": "it is Traefik's own configuration: write it as a flag, or in its file",
    }.items()
}
"""What is Traefik's, but read from no label."""

_NEAR = (*_ELSEWHERE, _OF_THE_PROVIDER, _OF_AN_OBJECT)

_PROTOCOLS = ("http", "tcp", "udp")
_OPTIONS = ("traefik.enable", "traefik.docker.network")
_ALIKE = 0.8
"""How much of two names is the same where one is taken for the other, of 1: `difflib` says how that is counted."""

_UNREAD = "Nothing reads this label."


def passed_over(container: str, labels: Mapping[str, str]) -> tuple[Problem, ...]:
    """Return what is to be told of labels that were meant for Traefik, as it seems, but are not read."""
    suspects = islice(filter(None, map(_suspect, sorted(labels))), _MOST_LOOKED_AT)
    hints = ((found[0], hint) for found in suspects if (hint := _hint(found)))
    return tuple(Problem(container, label, _UNREAD, hint) for label, hint in islice(hints, _MOST_TOLD))


def _suspect(label: str) -> re.Match[str] | None:
    """Tell at little cost whether anything may be wrong with a label, by what it looks like."""
    if len(label) > _LONGEST or begins(label, _READ):
        return None
    found = next(filter(None, (pattern.fullmatch(label) for pattern in _NEAR)), None)
    return found if found and encodable(label) else None


def _hint(found: re.Match[str]) -> str:
    """What to write instead; "" for a label that is no such one."""
    if found.re in _ELSEWHERE:
        return _ELSEWHERE[found.re]
    if found.re is _OF_THE_PROVIDER:
        near = get_close_matches(found[0].lower(), _OPTIONS, n=1, cutoff=_ALIKE) if _is_root(found[1]) else []
        return _did_you_mean(*near)
    before, kind, rest = found.groups()
    parts = before.lower().split(".")
    if parts[0] in _PROTOCOLS or _is_root(parts[0]):
        return _did_you_mean(f"{ROOT}.{_protocol(parts)}.{kind.lower()}s.{rest}")
    return ""


def _is_root(part: str) -> bool:
    return bool(get_close_matches(part.lower(), [ROOT], cutoff=_ALIKE))


def _did_you_mean(*labels: str) -> str:
    return "".join(f"did you mean {label}?" for label in labels)


def _protocol(parts: list[str]) -> str:
    nearest = (it for part in parts for it in get_close_matches(part, _PROTOCOLS, n=1))
    return next(nearest, _PROTOCOLS[0])
