"""What an exception of the client libraries means, and what is said to do about it."""

import socket
import ssl
from collections.abc import Callable

import paramiko
import pytest
import requests
from urllib3.exceptions import ProtocolError

from bridge.engine.errors import EngineRejected, EngineUnavailable
from bridge.engine.faults import shown, translated
from bridge.engine.model import Endpoint
from bridge.engine.package import APIError, DockerException, InvalidVersion, TLSParameterError

ENGINE = "Docker engine at tcp://node:1"
FORMS = "this is not an endpoint; accepted: unix:///PATH, tcp://HOST:PORT, https://HOST:PORT or ssh://USER@HOST"
PROXY = (
    "; if that is a proxy, check that it may use the engine's socket (its group, DOCKER_GID), and that the engine"
    " is running"
)


def answer(status: int, said: str | None) -> APIError:
    """Return the error for an answer of the engine."""
    response = requests.Response()
    response.status_code = status
    return APIError("", response, said)


def untrusted() -> ssl.SSLError:
    """Return the error for a certificate that nobody we trust has signed."""
    error = ssl.SSLCertVerificationError(1, "long words")
    error.verify_message = "self-signed certificate"
    return error


def tls(reason: str) -> ssl.SSLError:
    """Return an error of TLS."""
    error = ssl.SSLError(1, "long words")
    error.reason = reason
    return error


def caused(error: Exception, by: Exception) -> Exception:
    """Return an error with its cause."""
    error.__cause__ = by
    return error


def beside(error: Exception, other: Exception) -> Exception:
    """Return an error that was raised while another one was handled."""
    error.__context__ = other
    return error


def instead(error: Exception, other: Exception) -> Exception:
    """Return an error that was raised from None while another one was handled."""
    error.__suppress_context__ = True
    return beside(error, other)


@pytest.mark.parametrize(
    ("error", "kind", "told"),
    [
        *(
            pytest.param(
                answer(status, "no"),
                EngineRejected,
                f"it answered {status} (no); check what a proxy or an authorization plugin allows",
                id=f"{status}",
            )
            for status in (401, 403)
        ),
        pytest.param(
            answer(400, "Client sent an HTTP request to an HTTPS server."),
            EngineRejected,
            "it speaks TLS; set the CA, or https:// instead of tcp://",
            id="plain-to-tls",
        ),
        *(
            pytest.param(
                answer(status, "no"), EngineUnavailable, f"it answered {status} (no){PROXY}", id=f"{status}"
            )
            for status in (502, 503, 504)
        ),
        pytest.param(answer(500, "broken"), EngineUnavailable, "it answered 500 (broken)", id="500"),
        pytest.param(answer(500, None), EngineUnavailable, "it answered 500 (None)", id="500-without-message"),
        pytest.param(
            untrusted(),
            EngineRejected,
            "its certificate is not trusted (self-signed certificate); check CA and host name",
            id="untrusted",
        ),
        *(
            pytest.param(
                error,
                EngineUnavailable,
                "it closed the TLS connection; if it always does, check the client's certificate",
                id=type(error).__name__,
            )
            for error in (ssl.SSLEOFError(), ssl.SSLZeroReturnError())
        ),
        pytest.param(
            tls("WRONG_VERSION_NUMBER"),
            EngineRejected,
            "no TLS connection (WRONG_VERSION_NUMBER); check that it speaks TLS on this port, and the client's"
            " certificate and key",
            id="no-tls",
        ),
        pytest.param(
            TLSParameterError("no such file"),
            EngineRejected,
            "no such file; check the endpoint, the CA, the certificate, the key",
            id="files",
        ),
        pytest.param(
            paramiko.AuthenticationException("bad key"),
            EngineRejected,
            "ssh refused the login (bad key); check the user and the key",
            id="ssh",
        ),
        pytest.param(
            PermissionError(),
            EngineRejected,
            "no permission; run as root or as a member of the socket's group (often docker)",
            id="permission",
        ),
        pytest.param(
            FileNotFoundError(),
            EngineUnavailable,
            "there is no such socket; is the engine running, and is the socket mounted?",
            id="no-socket",
        ),
        pytest.param(
            ConnectionRefusedError(),
            EngineUnavailable,
            "nobody listens there; is the engine running?",
            id="no-listener",
        ),
        pytest.param(
            socket.gaierror(-2, "no such name"),
            EngineUnavailable,
            "its host name cannot be resolved (no such name)",
            id="host-name",
        ),
        *(
            pytest.param(error, EngineUnavailable, "it did not answer in time", id=type(error).__name__)
            for error in (TimeoutError(), requests.Timeout())
        ),
        pytest.param(
            requests.exceptions.ChunkedEncodingError(),
            EngineUnavailable,
            "the connection broke off",
            id="broke-off",
        ),
        *(
            pytest.param(error, EngineRejected, FORMS, id=type(error).__name__)
            for error in (
                requests.exceptions.InvalidURL(),
                requests.exceptions.InvalidSchema(),
                DockerException(),
            )
        ),
        pytest.param(InvalidVersion("1.1"), EngineRejected, "its API is too old (1.1)", id="version"),
        *(
            pytest.param(
                error,
                EngineUnavailable,
                f"the connection broke, or the answer is not Docker's ({error!r})",
                id=type(error).__name__,
            )
            for error in (
                requests.ConnectionError("x"),
                EOFError("x"),
                ValueError("x"),
                KeyError("x"),
                TypeError("x"),
                AttributeError("x"),
                RecursionError("x"),
            )
        ),
    ],
)
def test_exceptions_are_classified_and_described(error: Exception, kind: type[Exception], told: str) -> None:
    """Each is worth a retry or not; the line names the endpoint, what happened, and what to look at."""
    with pytest.raises((EngineRejected, EngineUnavailable)) as raised, translated(Endpoint("tcp://me:pw@node:1")):
        raise error
    assert (type(raised.value), str(raised.value)) == (kind, f"{ENGINE}: {told}")


@pytest.mark.parametrize(
    ("outer", "told"),
    [
        pytest.param(lambda inner: caused(DockerException(), inner), "no permission", id="cause"),
        pytest.param(lambda inner: beside(DockerException(), inner), "no permission", id="context"),
        pytest.param(
            lambda inner: requests.ConnectionError(ProtocolError("x", inner)), "no permission", id="inside"
        ),
        pytest.param(lambda inner: caused(TimeoutError(), beside(ValueError(), inner)), "no permission", id="two"),
        pytest.param(lambda inner: instead(TimeoutError(), inner), "it did not answer in time", id="hidden"),
        pytest.param(
            lambda _: caused(DockerException(), OSError("x")),
            r"the answer is not Docker's \(OSError",
            id="unknown",
        ),
        pytest.param(
            lambda _: beside(DockerException(), OSError("x")), r"the answer is not Docker's \(OSError", id="beside"
        ),
    ],
)
def test_innermost_meaningful_exception_is_reported(outer: Callable[[Exception], Exception], told: str) -> None:
    """What is told is the innermost exception that means something: the packages wrap each other's."""
    error = outer(PermissionError())
    with (
        pytest.raises((EngineRejected, EngineUnavailable), match=told) as raised,
        translated(Endpoint("tcp://a:1")),
    ):
        raise error
    assert raised.value.__cause__ is error


def test_docker_host_is_shown_without_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an endpoint of ours that of DOCKER_HOST is shown, likewise without password."""
    monkeypatch.setenv("DOCKER_HOST", "ssh://root:pw@node")
    assert [shown(Endpoint()), shown(Endpoint("tcp://other:1"))] == ["ssh://node", "tcp://other:1"]
