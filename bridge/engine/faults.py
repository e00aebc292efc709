"""Turns exceptions of the client libraries into our two kinds of error, with messages that say what to do."""

import os
import re
import socket
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import requests

from bridge.engine.errors import EngineRejected, EngineUnavailable
from bridge.engine.model import Endpoint
from bridge.engine.package import (
    DEFAULT_UNIX_SOCKET,
    APIError,
    DockerException,
    InvalidVersion,
    TLSParameterError,
)

_REFUSALS = {requests.codes.unauthorized, requests.codes.forbidden}
# The answers of a proxy that cannot reach the engine.
_OF_PROXIES = {requests.codes.bad_gateway, requests.codes.unavailable, requests.codes.gateway_timeout}
_FORMS = "unix:///PATH, tcp://HOST:PORT, https://HOST:PORT or ssh://USER@HOST"
# The last four are what the docker package or JSON raises for an answer that is not Docker's.
_RAISED = (
    requests.RequestException, DockerException, OSError, EOFError, ValueError, LookupError, TypeError,
    AttributeError, RecursionError,
)  # fmt: skip

Meaning = EngineUnavailable | EngineRejected


def shown(endpoint: Endpoint) -> str:
    """Return the endpoint's address as it may be logged, without user and password."""
    url = endpoint.url or os.environ.get("DOCKER_HOST") or DEFAULT_UNIX_SOCKET.removeprefix("http+")
    return re.sub(r"(?<=//)[^/]*@", "", url)


def is_refusal(error: APIError) -> bool:
    """Return whether the engine, or a proxy in front of it, does not allow the request."""
    return error.status_code in _REFUSALS


@contextmanager
def translated(endpoint: Endpoint) -> Iterator[None]:
    """Raise EngineUnavailable or EngineRejected for what the client libraries raise inside the block."""
    try:
        yield
    except _raised() as error:
        raise _meaning(f"Docker engine at {shown(endpoint)}", list(_chain(error))) from error


def _raised() -> tuple[type[Exception], ...]:
    # While another thread is still importing the package, the exception does not exist yet.
    ssh = getattr(sys.modules.get("paramiko"), "SSHException", None)
    return (*_RAISED, ssh) if ssh else _RAISED


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        hidden = error.__suppress_context__  # such as JSON's, whose context adds nothing
        error = error.__cause__ or (None if hidden else error.__context__) or _wrapped(error)


def _wrapped(error: BaseException) -> BaseException | None:
    """Return the exception that urllib3 wrapped without chaining it."""
    return next((part for part in error.args if isinstance(part, BaseException)), None)


def _meaning(engine: str, chain: list[BaseException]) -> Meaning:
    for error in reversed(chain):
        for reader in (_of_answer, _of_tls, _of_ssh, _of_system, _of_timeout, _of_setup):
            if meaning := reader(engine, error):
                return meaning
    return EngineUnavailable(f"{engine}: the connection broke, or the answer is not Docker's ({chain[-1]!r})")


def _of_answer(engine: str, error: BaseException) -> Meaning | None:
    if not isinstance(error, APIError):
        return None
    said = f"it answered {error.status_code} ({error.explanation})"
    if is_refusal(error):
        return EngineRejected(f"{engine}: {said}; check what a proxy or an authorization plugin allows")
    if "HTTPS server" in (error.explanation or ""):
        return EngineRejected(f"{engine}: it speaks TLS; set the CA, or https:// instead of tcp://")
    if error.status_code in _OF_PROXIES:
        said += (
            "; if that is a proxy, check that it may use the engine's socket (its group, DOCKER_GID), and that the"
            " engine is running"
        )
    return EngineUnavailable(f"{engine}: {said}")


def _of_tls(engine: str, error: BaseException) -> Meaning | None:
    match error:
        case ssl.SSLCertVerificationError():
            return EngineRejected(
                f"{engine}: its certificate is not trusted ({error.verify_message}); check CA and host name"
            )
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            return EngineUnavailable(
                f"{engine}: it closed the TLS connection; if it always does, check the client's certificate"
            )
        case ssl.SSLError():
            return EngineRejected(
                f"{engine}: no TLS connection ({error.reason}); check that it speaks TLS on this port, "
                "and the client's certificate and key"
            )
        case TLSParameterError():
            return EngineRejected(f"{engine}: {error.msg}; check the endpoint, the CA, the certificate, the key")
        case _:
            return None


def _of_ssh(engine: str, error: BaseException) -> Meaning | None:
    if "paramiko" not in sys.modules:
        return None
    from bridge.engine import ssh  # noqa: PLC0415 - few need it

    return ssh.meaning(engine, error)


def _of_system(engine: str, error: BaseException) -> Meaning | None:
    match error:
        case PermissionError():
            return EngineRejected(
                f"{engine}: no permission; run as root or as a member of the socket's group (often docker)"
            )
        case FileNotFoundError():
            return EngineUnavailable(
                f"{engine}: there is no such socket; is the engine running, and is the socket mounted?"
            )
        case ConnectionRefusedError():
            return EngineUnavailable(f"{engine}: nobody listens there; is the engine running?")
        case socket.gaierror():
            return EngineUnavailable(f"{engine}: its host name cannot be resolved ({error.strerror})")
        case _:
            return None


def _of_timeout(engine: str, error: BaseException) -> Meaning | None:
    match error:
        case TimeoutError() | requests.Timeout():
            return EngineUnavailable(f"{engine}: it did not answer in time")
        case requests.exceptions.ChunkedEncodingError():
            return EngineUnavailable(f"{engine}: the connection broke off")
        case _:
            return None


def not_an_endpoint(engine: str) -> EngineRejected:
    """Return the error for a malformed endpoint."""
    return EngineRejected(f"{engine}: this is not an endpoint; accepted: {_FORMS}")


def _of_setup(engine: str, error: BaseException) -> Meaning | None:
    """Return the meaning of errors that only the endpoint itself can have caused."""
    is_alone = not (error.__cause__ or error.__context__)
    match error:
        case requests.exceptions.InvalidURL() | requests.exceptions.InvalidSchema():
            return not_an_endpoint(engine)
        case InvalidVersion():
            return EngineRejected(f"{engine}: its API is too old ({error})")
        case DockerException() if is_alone:
            return not_an_endpoint(engine)
        case _:
            return None
