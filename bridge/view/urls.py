"""Which URLs of servers Traefik can parse: one that it cannot makes it drop the service with everybody's servers.

The rules are those of Go's net/url.Parse, whose earlier releases accept a few more hosts with brackets or colons.
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
    """Return why a URL cannot be parsed; None if it can, which does not mean that it leads anywhere."""
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
            return Fault("scheme", "the part before its first colon is not a scheme")
    elif rest.startswith("//") and (scheme or not rest.startswith("///")):
        authority, slash, path = rest[2:].partition("/")
        path = slash + path
    if _BROKEN_ESCAPE.search(path) or _BROKEN_ESCAPE.search(fragment):
        return Fault("path", "it has a % without two hexadecimal digits after it")
    return _in_authority(authority)


def _in_authority(authority: str) -> Fault | None:
    user, _, place = authority.rpartition("@")
    if not _USER.fullmatch(user) or _BROKEN_ESCAPE.search(user):
        return Fault("user", "its user or password has a character that must be escaped")
    end = place.rfind("]") + 1 if place.startswith("[") else len(place.partition(":")[0])
    host, port = place[:end], place[end:]
    if not _PORT.fullmatch(port):
        return Fault("port", "its port is not a number")
    return None if _is_host(host) else Fault("host", "its host is neither a name nor an address")


def _is_host(host: str) -> bool:
    if bracketed := _BRACKETED.fullmatch(host):
        return isinstance(parsed_ip(bracketed[1]), IPv6Address)
    return bool(_HOST.fullmatch(host))
