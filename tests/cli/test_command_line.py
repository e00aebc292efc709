"""The command line: help, version, and one line with exit code 2 for any usage error."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bridge import __version__
from bridge.cli.command import FLAGS
from bridge.settings import HealthSettings, PlanSettings, RunSettings, StateSettings
from bridge.settings.load import flag
from tests.cli.conftest import Bridge, ended


def test_no_command_shows_help(bridge: Bridge) -> None:
    """Without a command, the help lists the commands."""
    done = bridge()
    assert done.returncode == 0
    assert all(f"\n  {command} " in done.stdout for command in ("run", "plan", "health", "purge"))


def test_version(bridge: Bridge) -> None:
    """`--version` prints the version of the package."""
    assert bridge("--version").stdout == f"docker-event-bridge {__version__}\n"


@pytest.mark.parametrize(
    ("command", "settings"),
    [("run", RunSettings), ("plan", PlanSettings), ("health", HealthSettings), ("purge", StateSettings)],
)
def test_help_names_each_setting(
    command: str, settings: type[HealthSettings | PlanSettings | StateSettings], bridge: Bridge
) -> None:
    """The help of a command names exactly the flags that it accepts."""
    done = bridge(command, "--help")
    shown = {word for word in done.stdout.split() if word.startswith("--")} - {"--help", "--flag"}
    assert done.returncode == 0
    assert shown == {flag(name) for name in settings.model_fields} | {*FLAGS.get(command, ())}


@pytest.mark.parametrize(
    ("arguments", "variables", "line"),
    [
        (["halth"], {}, "'halth' is not a command; the commands are run, plan, health, purge"),
        (
            ["plan", "--exposed-by-defalt=false"],
            {},
            (
                "--exposed-by-defalt is not a flag of docker-event-bridge plan;"
                " the nearest one is --exposed-by-default"
            ),
        ),
        (["plan", "--exposed-by-default"], {}, "--exposed-by-default: expected one argument"),
        (["purge"], {}, "the following arguments are required: HOST"),
        (
            ["purge", "A"],
            {},
            (
                "'A' is not the name of a host; accepted: 1 to 63 of a-z, 0-9, '.' and '-',"
                " beginning and ending with a letter or digit"
            ),
        ),
        (["plan", "inspect.json"], {}, "'inspect.json' does not belong to a flag"),
        (
            ["run", "--netwrk", "x"],
            {},
            "--netwrk is not a flag of docker-event-bridge run; the nearest one is --network",
        ),
        (
            ["plan", "--frobnicate=hunter2"],
            {},
            "--frobnicate is not a flag of docker-event-bridge plan; --help lists them",
        ),
        (["plan", "-x"], {}, "-x is not a flag of docker-event-bridge plan; --help lists them"),
        (["plan", "--log-level", "debug"], {}, "--log-level is a flag of run, not of plan"),
        (["health", "--etcd-ca=x"], {}, "--etcd-ca is a flag of run and purge, not of health"),
        (["run", "--strict"], {}, "--strict is a flag of plan, not of run"),
        (["plan", "--strict=true"], {}, "--strict takes no value"),
        (["plan", "-"], {}, "'-' does not belong to a flag"),
        (["plan", "--"], {}, "'--' does not belong to a flag"),
        (["plan", "--from", ""], {}, "--from is ''; accepted: a file, or - for standard input"),
        (
            ["health"],
            {"BRIDGE_XYZ": "x"},
            "BRIDGE_XYZ is not a setting; the nearest one is BRIDGE_EXPOSED_BY_DEFAULT",
        ),
        (["plan", "--from", "a\nb"], {}, r"--from a\nb cannot be read: No such file or directory"),
        (["run", "--log-format", "xml"], {}, "--log-format is 'xml'; accepted: auto, console or json"),
        (
            ["run"],
            {"BRIDGE_TRAEFIK_VERSION": "2.10"},
            "BRIDGE_TRAEFIK_VERSION is '2.10'; accepted: 2.11, 3.0, 3.1, 3.2, 3.3, 3.4, 3.5, 3.6 or 3.7",
        ),
        (
            ["health"],
            {"BRIDGE_HEALT_SOCKET": "x"},
            "BRIDGE_HEALT_SOCKET is not a setting; the nearest one is BRIDGE_HEALTH_SOCKET",
        ),
        (
            ["plan", "--docker-endpoint", "tcp://node"],
            {},
            (
                "--docker-endpoint is 'tcp://node'; accepted: unix:///path, tcp://host:port, http[s]://host:port"
                " or ssh://user@host, without a password, ports from 1 to 65535"
            ),
        ),
        *(
            (
                [command],
                {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/nonexist"},
                "DOCKER_CERT_PATH is '/nonexist'; it needs ca.pem, cert.pem, key.pem in /nonexist",
            )
            for command in ("plan", "run")
        ),
        (
            ["run"],
            {"BRIDGE_HOST_NAME": "a\nb\x1b[31m"},
            (
                r"BRIDGE_HOST_NAME is 'a\nb\x1b[31m'; accepted: 1 to 63 of a-z, 0-9, '.' and '-',"
                " beginning and ending with a letter or digit"
            ),
        ),
    ],
)
def test_usage_errors(arguments: list[str], variables: dict[str, str], line: str, bridge: Bridge) -> None:
    """A usage error prints one line on standard error and nothing else, with exit code 2."""
    done = bridge(*arguments, **variables)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"docker-event-bridge: {line}\n")


@pytest.mark.parametrize(
    ("arguments", "unwanted"),
    [
        (["--help"], "pydantic docker grpc anyio rich structlog argparse json"),
        (["--version"], "pydantic docker grpc anyio rich structlog argparse json"),
        (["run", "--help"], "docker grpc etcd3 anyio rich structlog re2"),
        (["health"], "docker grpc etcd3 anyio rich structlog re2"),
    ],
)
def test_imports(arguments: list[str], unwanted: str) -> None:
    """A command does not import packages that it does not need."""
    assert imported(arguments).isdisjoint(unwanted.split())


def imported(arguments: list[str]) -> set[str]:
    """Return the modules that a command line has imported by its end."""
    code = (
        "import contextlib, sys; from bridge.__main__ import command\n"
        "with contextlib.suppress(SystemExit): command(sys.argv[1:])\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    argv = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=True)
    return set(done.stderr.splitlines()[-1].split())


def test_closed_pipe_ends_command_quietly(tmp_path: Path) -> None:
    """A reader that closes the pipe early (`| head`) ends the command without a traceback."""
    reader, writer = os.pipe()
    os.close(reader)
    argv = [sys.executable, "-m", "bridge", "--help"]
    with open(writer, "wb") as pipe:  # noqa: PTH123 - a descriptor
        done = ended(argv, tmp_path, stdout=pipe, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.parametrize("arguments", [["--help"], ["plan", "--help"], ["plan", "--from", "-"]])
def test_full_disk_ends_command_with_one_line(arguments: list[str], tmp_path: Path) -> None:
    """An output that takes no more ends the command with one line and exit code 1."""
    argv = [sys.executable, "-m", "bridge", *arguments]
    container = json.dumps([{"Id": "0123456789ab", "Name": "/web"}]).encode()
    with Path("/dev/full").open("wb") as full:
        done = ended(argv, tmp_path, input=container, stdout=full, stderr=subprocess.PIPE)
    line = b"docker-event-bridge: standard output cannot be written: No space left on device\n"
    assert (done.returncode, done.stderr) == (1, line)


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param("--version", 0, id="version"),
        pytest.param("plan --help", 0, id="help"),
        pytest.param("health --health-socket absent", 1, id="health"),
        pytest.param("plan --frm x", 2, id="usage error"),
        pytest.param("plan --from -", 2, id="nothing to read"),
    ],
)
def test_closed_standard_files(arguments: str, code: int, closed: str, tmp_path: Path) -> None:
    """A command works as usual if standard files are closed, as some cron daemons run it."""
    script = f"exec {sys.executable} -m bridge {arguments} {closed}"
    done = ended(["/bin/sh", "-c", script], tmp_path, stdin=subprocess.DEVNULL, capture_output=True)
    assert (done.returncode, b"Traceback" in done.stderr) == (code, False)


def test_unwritable_error_keeps_exit_code(tmp_path: Path) -> None:
    """If not even the error can be written, the exit code is still the same."""
    argv = [sys.executable, "-m", "bridge", "plan", "--frm", "x"]
    with Path("/dev/full").open("wb") as full:
        done = ended(argv, tmp_path, stderr=full)
    assert done.returncode == 2


def test_unwritable_output_keeps_error_and_exit_code(tmp_path: Path) -> None:
    """A command that fails keeps its exit code and message even if its earlier output cannot be written."""
    code = (
        "import sys; from bridge import __main__\n"
        "from bridge.errors import UsageError\n"
        "def said(_):\n"
        "    sys.stdout.write('to be removed'); raise UsageError('nobody can be asked')\n"
        "__main__._dispatch = said\n"
        "__main__.main()"
    )
    with Path("/dev/full").open("wb") as full:
        done = ended([sys.executable, "-c", code], tmp_path, stdout=full, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (2, b"docker-event-bridge: nobody can be asked\n")
