"""Finds labels that seem meant for Traefik but that it does not read, so that they have no effect.

They drop nothing here either, but are reported. `decode` reports those that Traefik reads but that have no effect.
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
"""The same mistake is often made many times, and a container may have any number of foreign labels."""
_MOST_LOOKED_AT, _LONGEST = MOST_LABELS, 500
"""`excess` does not limit foreign labels, so only this many are compared, and none that is longer."""

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
            "it is a label of Traefik 1: write traefik.http.routers.<name>.rule for a frontend, and"
            " traefik.http.services.<name>.loadbalancer.server.port for a port"
        ),
        r"tls\..*": "labels can set only the default TLS store: use Traefik's file provider for other TLS options",
        rf"({'|'.join(_STATIC)})\..*": (
            "it is part of Traefik's static configuration: set it by a flag, or in the configuration file"
        ),
    }.items()
}
"""Patterns of what belongs to Traefik but cannot be set by labels, each with its hint."""

_NEAR = (*_ELSEWHERE, _OF_THE_PROVIDER, _OF_AN_OBJECT)

_PROTOCOLS = ("http", "tcp", "udp")
_OPTIONS = ("traefik.enable", "traefik.docker.network")
_ALIKE = 0.8
"""The ratio (see `difflib`) from which one name is considered a misspelling of another."""

_UNREAD = "Nothing reads this label."


def passed_over(container: str, labels: Mapping[str, str]) -> tuple[Problem, ...]:
    """Return a problem for each label that seems meant for Traefik but is not read."""
    suspects = islice(filter(None, map(_suspect, sorted(labels))), _MOST_LOOKED_AT)
    hints = ((found[0], hint) for found in suspects if (hint := _hint(found)))
    return tuple(Problem(container, label, _UNREAD, hint) for label, hint in islice(hints, _MOST_TOLD))


def _suspect(label: str) -> re.Match[str] | None:
    """Match a label cheaply against what misplaced labels look like; None if it looks like none of them."""
    if len(label) > _LONGEST or begins(label, _READ):
        return None
    found = next(filter(None, (pattern.fullmatch(label) for pattern in _NEAR)), None)
    return found if found and encodable(label) else None


def _hint(found: re.Match[str]) -> str:
    """Return what to write instead, "" if the label is not meant for Traefik after all."""
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
