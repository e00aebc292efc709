"""Logs: one line per event, for people or as JSON, without secrets."""

import io
import json
import logging
import sys
import warnings
from collections.abc import Iterator

import pytest
import structlog

from bridge import logs


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Reset the logging that a test configures."""
    root = logging.getLogger()
    level = root.level
    yield
    root.handlers.clear()
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal `auto` is JSON: one object per line, with level and time."""
    logs.configure("info", "auto")
    structlog.get_logger().debug("not told")
    structlog.get_logger().warning("container waits", container="web")
    (line,) = capsys.readouterr().err.splitlines()
    event = json.loads(line)
    assert event.pop("timestamp").endswith("Z")
    assert event == {"level": "warning", "event": "container waits", "container": "web"}


def test_console(capsys: pytest.CaptureFixture[str]) -> None:
    """In console format an event is one line too, whatever a container's name is, and has no colour in a file."""
    logs.configure("info", "console")
    structlog.get_logger().info("container routed", container="we\nb\x1b[31m")
    (line,) = capsys.readouterr().err.splitlines()
    assert "container routed" in line
    assert r"container=we\nb\x1b[31m" in line


class Terminal(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        """Return that this is one."""
        return True


@pytest.mark.parametrize(
    ("style", "variables", "begins"),
    [
        pytest.param("auto", {}, "\x1b[", id="colour"),
        pytest.param("auto", {"NO_COLOR": "1"}, "2", id="plain"),
        pytest.param("json", {}, "{", id="json"),
    ],
)
def test_terminal(style: str, variables: dict[str, str], begins: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal `auto` is for people, in colour unless NO_COLOR is set."""
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    logs.configure("info", style)
    structlog.get_logger().info("container routed", container="we\nb")
    told = terminal.getvalue()
    assert told.startswith(begins)
    assert told.count("\n") == 1
    assert ("\x1b" in told) is (begins == "\x1b[")


class Full(io.StringIO):
    """A file on a disk that is full at times."""

    full = True

    def write(self, text: str) -> int:
        """Write, if there is space."""
        if self.full:
            raise OSError(28, "No space left on device")
        return super().write(text)

    def flush(self) -> None:
        """Write what is left, if there is space."""
        if self.full:
            raise OSError(28, "No space left on device")


def test_unwritable_lines_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines that cannot be written are dropped, and those after them are not."""
    monkeypatch.setattr(sys, "stderr", disk := Full())
    logs.configure("info", "json")
    structlog.get_logger().info("dropped")
    disk.full = False
    structlog.get_logger().info("written")
    assert [json.loads(line)["event"] for line in disk.getvalue().splitlines()] == ["written"]


def test_secrets_are_masked(capsys: pytest.CaptureFixture[str]) -> None:
    """Values are masked by their own name, by the label or key beside them, and inside mappings and lists."""
    users = "traefik.http.middlewares.a.basicauth.users"
    logs.configure("info", "json")
    log = structlog.get_logger()
    log.info("event", etcd_password="hunter2", endpoint=["http://me:hunter2@node"])
    log.info("event", endpoints=("http://me:hunter2@node",))
    log.info("event", label=users, value="hunter2")
    log.info("event", key=users.replace(".", "/"), value="hunter2")
    log.info("event", keys={users: "hunter2"})
    told = capsys.readouterr().err
    assert "hunter2" not in told
    assert told.count("***") == 6


def test_other_packages(capsys: pytest.CaptureFixture[str]) -> None:
    """Warnings of other packages are logged in the same format, and lower levels are not."""
    logs.configure("debug", "json")
    logging.getLogger("urllib3").info("not told")
    logging.getLogger("urllib3").warning("pool of %s is full", "http://me:hunter2@node")
    event = json.loads(capsys.readouterr().err)
    assert (event["event"], event["logger"]) == ("pool of http://***@node is full", "urllib3")


def test_levels_of_other_packages(capsys: pytest.CaptureFixture[str]) -> None:
    """If only errors are logged, so it is for other packages."""
    logs.configure("error", "json")
    logging.getLogger("urllib3").warning("not told")
    logging.getLogger("urllib3").error("told")
    event = json.loads(capsys.readouterr().err)
    assert (event["event"], event["level"]) == ("told", "error")


def test_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    """Python's warnings are logged like those of other packages."""
    logs.configure("info", "json")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    event = json.loads(capsys.readouterr().err)
    assert "DeprecationWarning: old" in event["event"]
    assert (event["logger"], event["level"]) == ("py.warnings", "warning")


def test_exception(capsys: pytest.CaptureFixture[str]) -> None:
    """An exception is logged with its traceback."""
    logs.configure("info", "json")
    routed: dict[str, str] = {}
    try:
        routed["web"]
    except KeyError:
        structlog.get_logger().exception("broken")
    assert json.loads(capsys.readouterr().err)["exception"].endswith("KeyError: 'web'")


def test_very_long_text_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    """A very long text is cut, and its length is given."""
    logs.configure("info", "json")
    structlog.get_logger().warning("event", label="x" * 100_000)
    told = capsys.readouterr().err
    assert len(told) < 2000
    assert "... (100,000 characters)" in told
