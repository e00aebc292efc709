"""Which URLs of servers Traefik can parse: it gives a service up for one that it cannot, with everybody's servers.

As `Parse` of Go's package net/url reads them; its earlier releases take some hosts with brackets or colons more.
"""

import re
from ipaddress import IPv6Address
from typing import NamedTuple

from bridge.labels.own import parsed_ip

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_USER = re.compile(r"[A-Za-z0-9._:~!$&'()*+,;=%@-]*")
_HOST = re.compile(r"""(?:[A-Za-z0-9._~!$&'()*+,;=<>"\]-]|[^\x00-\x7f]|%25|%[89A-Fa-f][0-9A-Fa-f])*""")
_BRACKETED = re.compile(r"\[([^\[\]%]*)(?:%25[A-Za-z0-9._~-]*)?\]")
_PORT = re.compile(r"(?::[0-9]*)?")


class Fault(NamedTuple):
    """Why a URL cannot be parsed, and in which part: "port", "scheme", or another."""

    part: str
    reason: str


def fault(url: str) -> Fault | None:
    """Return what is wrong with a URL; None where it can be parsed, which does not mean that it leads anywhere."""
    rest, _, fragment = url.partition("#")
    if _CONTROL.search(rest):
        return Fault("text", "it has a control character")
    scheme = _SCHEME.match(rest)
    rest = rest[scheme.end() if scheme else 0 :].partition("?")[0]
    authority, path = "", rest
    if not rest.startswith("/"):
        if scheme:
            path = ""  # what follows is opaque
        elif ":" in rest.partition("/")[0]:
            return Fault("scheme", "what stands before its first colon is no scheme")
    elif rest.startswith("//") and (scheme or not rest.startswith("///")):
        authority, slash, path = rest[2:].partition("/")
        path = slash + path
    if _BROKEN_ESCAPE.search(path) or _BROKEN_ESCAPE.search(fragment):
        return Fault("path", "it has a % that no two hexadecimal digits follow")
    return _in_authority(authority)


def _in_authority(authority: str) -> Fault | None:
    user, _, place = authority.rpartition("@")
    if not _USER.fullmatch(user) or _BROKEN_ESCAPE.search(user):
        return Fault("user", "its user or password has a character that has to be escaped")
    end = place.rfind("]") + 1 if place.startswith("[") else len(place.partition(":")[0])
    host, port = place[:end], place[end:]
    if not _PORT.fullmatch(port):
        return Fault("port", "its port is no number")
    return None if _is_host(host) else Fault("host", "its host is neither a name nor an address")


def _is_host(host: str) -> bool:
    if bracketed := _BRACKETED.fullmatch(host):
        return isinstance(parsed_ip(bracketed[1]), IPv6Address)
    return bool(_HOST.fullmatch(host))
