"""Docker's own variables apply if no endpoint is set, and wrong ones are reported like settings."""

import os
from pathlib import Path

import pytest

from bridge.engine.model import Endpoint
from bridge.errors import UsageError
from bridge.settings import PlanSettings, load

VARIABLES = ("DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")
FILES = ("ca.pem", "cert.pem", "key.pem")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test a home and a working directory of its own, and none of Docker's variables."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.parametrize(
    "host",
    [
        "",
        "unix://",
        "unix:///run/docker.sock",
        "http+unix:///run/docker.sock",
        "tcp://node:2375",
        "node:2375",
        " ssh://root@node",
    ],
)
def test_valid_docker_host(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A valid DOCKER_HOST is left to the docker package."""
    monkeypatch.setenv("DOCKER_HOST", host)
    assert load(PlanSettings, {}).endpoint() == Endpoint()


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("tcp://node", "tcp://node"),
        ("tcp://node:70000", "tcp://node:70000"),
        ("node", "node"),
        ("ftp://node:1", "ftp://node:1"),
        ("ssh://root:hunter2@node", "ssh://***@node"),
    ],
)
def test_invalid_docker_host(host: str, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An invalid DOCKER_HOST is reported in one line, without its password."""
    monkeypatch.setenv("DOCKER_HOST", host)
    with pytest.raises(UsageError) as error:
        load(PlanSettings, {}).endpoint()
    assert str(error.value).startswith(f"DOCKER_HOST is {shown!r}; accepted: unix:///path, tcp://host:port")


def test_tls_without_certificates(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DOCKER_TLS_VERIFY without the files is reported in one line that names the variable and the files."""
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    with pytest.raises(UsageError) as error:
        load(PlanSettings, {}).endpoint()
    assert str(error.value) == (
        f"DOCKER_TLS_VERIFY is '1'; it needs ca.pem, cert.pem, key.pem in {home}/.docker;"
        " DOCKER_CERT_PATH names another directory"
    )


def test_tls_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same is reported to a user without a home directory, such as one without a passwd entry."""
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(os, "getuid", lambda: 4_242_424)
    with pytest.raises(UsageError, match="DOCKER_TLS_VERIFY is '1'; it needs"):
        load(PlanSettings, {}).endpoint()


def test_directory_without_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    """A DOCKER_CERT_PATH without the files is reported; without DOCKER_TLS_VERIFY no CA is needed."""
    monkeypatch.setenv("DOCKER_CERT_PATH", "certificates")
    with pytest.raises(UsageError) as error:
        load(PlanSettings, {}).endpoint()
    assert str(error.value) == "DOCKER_CERT_PATH is 'certificates'; it needs cert.pem, key.pem in certificates"


def test_tls_with_certificates(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DOCKER_TLS_VERIFY with all files is accepted."""
    for name in FILES:
        (home / name).touch()
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", str(home))
    assert load(PlanSettings, {}).endpoint() == Endpoint()


def test_own_endpoint_overrides_docker_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Docker's variables are ignored if the bridge's own setting names the engine."""
    monkeypatch.setenv("DOCKER_HOST", "nonsense")
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    assert load(PlanSettings, {"docker_endpoint": "tcp://node:1"}).endpoint() == Endpoint("tcp://node:1")
