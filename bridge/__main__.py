"""The command `docker-event-bridge`: finds the sub-command and imports nothing that this does not need."""

import errno
import gc
import os
import sys
from contextlib import suppress
from importlib import import_module
from io import TextIOWrapper

from bridge import __version__
from bridge.errors import CommandError, UsageError
from bridge.masking import escaped

COMMANDS = {
    "run": "keep the labels of this host's containers in etcd, until stopped",
    "plan": "print what would be written, for running containers or a file; writes nothing",
    "health": "ask the running daemon whether it is well",
    "purge": "remove from etcd what a host left that is gone for good",
}

_UNWRITABLE = errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO

HELP = """\
usage: docker-event-bridge COMMAND [--flag value ...]

Routes the labelled containers of every Docker host by every Traefik: maps their labels to routers,
services and middlewares as Traefik's own Docker provider would, and mirrors these into etcd.

commands:
{commands}

  docker-event-bridge COMMAND --help   the flags of a command
  docker-event-bridge --version        the version
"""


def main() -> None:
    """Run the command line and exit: 0 done, 1 failed, 2 used wrongly."""
    # Imports make no garbage, and looking for it takes a fifth of a start. The daemon switches it on again.
    gc.disable()
    _open_standard_files()
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    code = command(sys.argv[1:])
    _let_go_of_output()
    # Python looks for garbage once more at its end, however it is set: a tenth of a short command.
    gc.freeze()
    sys.exit(code)


def command(arguments: list[str]) -> int:
    """Run one command line; return its exit code."""
    try:
        code = _dispatch(arguments)
        sys.stdout.flush()
    except CommandError as error:
        _complain(escaped(f"docker-event-bridge: {error}"))
        return error.code
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        if error.errno not in (errno.EPIPE, *_UNWRITABLE):
            raise
        # The reader of a pipe that is closed has seen enough.
        if error.errno in _UNWRITABLE:
            _complain(f"docker-event-bridge: standard output cannot be written: {error.strerror}")
        return 1
    return code


def _open_standard_files() -> None:
    """Have all three, also where whoever started us closed some: else sockets might take their numbers."""
    # The lowest number that is free is taken.
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)  # noqa: FBT003 - it takes no keyword
    os.close(descriptor)
    sys.stdin = sys.stdin or open(0, closefd=False, encoding="utf-8")  # noqa: SIM115 - a descriptor
    sys.stdout = sys.stdout or open(1, "w", closefd=False, encoding="utf-8")  # noqa: SIM115 - as above
    sys.stderr = sys.stderr or open(2, "w", closefd=False, encoding="utf-8")  # noqa: SIM115 - as above


def _complain(line: str) -> None:
    """Say what is wrong; where even that cannot be written, the exit code says it alone."""
    with suppress(OSError):
        sys.stderr.write(line + "\n")


def _let_go_of_output() -> None:
    """Leave nothing to be flushed at exit where it cannot be written: Python would change the exit code."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _dispatch(arguments: list[str]) -> int:
    name, *rest = arguments or ["--help"]
    if name in COMMANDS:
        code: int = import_module(f"bridge.cli.{name}").main(rest)
        return code
    if name not in {"--help", "-h", "--version"}:
        raise UsageError(f"{name!r} is not a command; the commands are {', '.join(COMMANDS)}")
    sys.stdout.write(f"docker-event-bridge {__version__}\n" if name == "--version" else _help())
    return 0


def _help() -> str:
    return HELP.format(commands="\n".join(f"  {name:8} {text}" for name, text in COMMANDS.items()))


if __name__ == "__main__":
    main()
