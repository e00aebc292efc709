"""Parses the values of settings from the text that a user wrote; a ValueError says what is accepted."""

import re
from datetime import timedelta
from ipaddress import IPv6Address
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator

from bridge.labels.own import is_host

_DURATION = re.compile(r"(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,6})s?)?")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?")
_HOST_PATTERN = re.compile(r"\*|(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*")
# The kernel accepts no longer names. Those of VLANs are not valid host names: eth0.100.
_INTERFACE = re.compile(r"(?=.*[a-z])[\w.-]{1,15}", re.ASCII | re.IGNORECASE)
# Addresses to listen on; a client that connects to one reaches its own machine.
_ANYWHERE = "0.0.0.0", "::"  # noqa: S104 - refused
_NODE = r"(?P<node>[^\s:/?#@\[\],]+|\[[0-9a-fA-F:.]+\])"
_PORT = r"(?::(?P<port>[0-9]{1,5}))"
_ENDPOINT = re.compile(rf"(https?://)?{_NODE}{_PORT}")
_ENGINES = tuple(
    map(
        re.compile,
        (
            r"unix:///\S+",
            rf"(tcp|https?)://{_NODE}{_PORT}(/[^\s?#]*)?",
            # The docker package does not support passwords for ssh.
            rf"ssh://([^\s:/?#@]+@)?{_NODE}{_PORT}?",
        ),
    )
)
# In a Compose list and in `docker run --env-file`, the quotes of NAME="value" are part of the value.
_KEY = re.compile(r"[^/\s\"']+(/[^/\s\"']+)*")

# The kernel's limit for the path of a unix socket, without its terminating null byte.
_SOCKET_PATH_BYTES = 107


def _duration(text: str) -> timedelta:
    match = _DURATION.fullmatch(text)
    if match is None or not any(int(part or 0) for part in match.groups()):
        raise ValueError("accepted: a duration above zero such as 30s, 5m or 1h30m, or a number of seconds")
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)


def _endpoints(text: str) -> tuple[str, ...]:
    endpoints = tuple(part.strip() for part in text.split(","))
    if not all(_fits(_ENDPOINT, endpoint) for endpoint in endpoints):
        raise ValueError(
            "accepted: host:port or http[s]://host:port, several separated by commas, ports from 1 to 65535,"
            " IPv6 addresses in brackets"
        )
    return endpoints


def _engine(text: str) -> str:
    return checked_engine(text) if text else ""


def checked_engine(text: str) -> str:
    """Return a valid endpoint of an engine; raises ValueError with what is accepted."""
    if not any(_fits(engine, text) for engine in _ENGINES):
        raise ValueError(
            "accepted: unix:///path, tcp://host:port, http[s]://host:port or ssh://user@host, without a password,"
            " ports from 1 to 65535"
        )
    return text


def _fits(pattern: re.Pattern[str], text: str) -> bool:
    found = pattern.fullmatch(text)
    if not found:
        return False
    node, port = (found.groupdict().get(name) for name in ("node", "port"))
    return (node is None or _is_node(node)) and (port is None or 0 < int(port) < 1 << 16)


def _is_node(text: str) -> bool:
    """Return whether libraries that parse the endpoint later accept this host name or bracketed address, too."""
    try:
        text.encode()
        urlsplit(f"//{text}")
        if text.startswith("["):
            IPv6Address(text[1:-1])
    except ValueError:
        return False
    return True


def _names(text: str) -> tuple[str, ...]:
    names = tuple(part.strip() for part in text.split(",")) if text.strip() else ()
    if not all(names):
        raise ValueError("accepted: names, separated by commas")
    return names


def _host_patterns(text: str) -> tuple[str, ...]:
    patterns = _names(text.lower())
    if not all(_HOST_PATTERN.fullmatch(pattern) for pattern in patterns):
        raise ValueError("accepted: host names, *.name for all below a name, or *; several separated by commas")
    return patterns


def _middleware_types(text: str) -> tuple[str, ...]:
    types = _names(text.lower())
    known = _known_middleware_types() if types else ()
    if unknown := next((name for name in types if name not in known), ""):
        raise ValueError(f"{unknown} is not a type of middleware; accepted: {', '.join(sorted(known))}")
    return types


def _known_middleware_types() -> set[str]:
    from bridge.labels.fields import Release, fields  # noqa: PLC0415 - slow, and rarely needed

    root = fields(max(Release))
    kinds = (root.children[protocol].children["middlewares"].each for protocol in ("http", "tcp"))
    return {name for kind in kinds for name, field in kind.children.items() if field.kv}


def checked_host(text: str) -> str:
    """Return a valid name of a host, its identity among all bridges; raises ValueError with what is accepted."""
    if not _HOST.fullmatch(text):
        raise ValueError("accepted: 1 to 63 of a-z, 0-9, '.' and '-', beginning and ending with a letter or digit")
    return text


def _own_host_name(text: str) -> str:
    return checked_host(text) if text else ""


def _address(text: str) -> str:
    if text and not is_host(text) and not _INTERFACE.fullmatch(text):
        raise ValueError("accepted: an IP address, a host name or the name of a network interface")
    if text in _ANYWHERE:
        raise ValueError("accepted: an address at which Traefik reaches this host; this one is Traefik's own")
    return text


def _key(text: str) -> str:
    if not _KEY.fullmatch(text):
        raise ValueError(
            "accepted: a key such as traefik or infra/traefik, without spaces, quotes, or a slash at either end"
        )
    return text


def _file(text: str) -> str:
    if not text:
        return ""
    try:
        Path(text).open("rb").close()
    except (OSError, ValueError) as error:
        raise ValueError(f"accepted: a file that can be read ({getattr(error, 'strerror', error)})") from error
    return text


def _socket(text: str) -> str:
    if "\0" in text or not 0 < len(text.encode()) <= _SOCKET_PATH_BYTES:
        raise ValueError(f"accepted: a path of 1 to {_SOCKET_PATH_BYTES} bytes")
    return text


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Endpoints = Annotated[tuple[str, ...], BeforeValidator(_endpoints)]
EngineEndpoint = Annotated[str, BeforeValidator(_engine)]
HostName = Annotated[str, BeforeValidator(_own_host_name)]
Names = Annotated[tuple[str, ...], BeforeValidator(_names)]
HostPatterns = Annotated[tuple[str, ...], BeforeValidator(_host_patterns)]
MiddlewareTypes = Annotated[tuple[str, ...], BeforeValidator(_middleware_types)]
Address = Annotated[str, BeforeValidator(_address)]
Key = Annotated[str, BeforeValidator(_key)]
ReadableFile = Annotated[str, BeforeValidator(_file)]
SocketPath = Annotated[str, BeforeValidator(_socket)]
LogLevel = Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(str.lower)]
OnStop = Literal["keep", "withdraw"]
LogFormat = Literal["auto", "console", "json"]


def _template(text: str) -> str:
    from bridge.rules.template import Template  # noqa: PLC0415 - not every command needs it

    Template.parse(text)
    return text


def _expression(text: str) -> str:
    from bridge.rules.constraints import Constraints  # noqa: PLC0415 - as above

    Constraints.parse(text)
    return text


TemplateText = Annotated[str, BeforeValidator(_template)]
ExpressionText = Annotated[str, BeforeValidator(_expression)]
