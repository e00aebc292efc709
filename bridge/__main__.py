"""The command `docker-event-bridge`: find the subcommand, and import nothing that it does not need."""

import gc
import sys
from importlib import import_module

from bridge import __version__, standard
from bridge.errors import CommandError, UsageError
from bridge.masking import escaped

COMMANDS = {
    "run": "keep the routes of this host's containers in etcd, until stopped",
    "plan": "print what would be written for running containers or a file, without writing it",
    "health": "check that the running daemon is healthy",
    "purge": "remove what a host that is gone for good left in etcd",
}

HELP = """\
usage: docker-event-bridge COMMAND [--flag value ...]

Lets every Traefik route the labelled containers of all Docker hosts: maps container labels to routers,
services and middlewares as Traefik's own Docker provider would, and mirrors them into etcd.

commands:
{commands}

  docker-event-bridge COMMAND --help   the flags of a command
  docker-event-bridge --version        the version
"""


def main() -> None:
    """Run the command line and exit: 0 done, 1 failed, 2 used wrongly."""
    # Imports make no garbage, and collecting it takes a fifth of a start. The daemon enables it again.
    gc.disable()
    standard.open_closed()
    code = command(sys.argv[1:])
    standard.flush()
    # Python collects garbage once more at exit, even if disabled: a tenth of a short command.
    gc.freeze()
    sys.exit(code)


def command(arguments: list[str]) -> int:
    """Run one command line; return its exit code."""
    try:
        code = _dispatch(arguments)
        sys.stdout.flush()
    except CommandError as error:
        standard.complain(escaped(str(error)))
        return error.code
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        if not standard.is_end_of_output(error):
            raise
        return 1
    return code


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
