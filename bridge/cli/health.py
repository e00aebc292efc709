"""`health`: asks the running daemon. Run every few seconds, it imports little more than the settings."""

import json
import socket
import sys

from bridge.cli.command import CommandParser
from bridge.masking import escaped
from bridge.settings import HealthSettings, load

TIMEOUT = 5
"""Seconds to wait for the daemon's answer."""


def main(arguments: list[str]) -> int:
    """Print the daemon's health in one line; return 0 if it is healthy, else 1."""
    parser = CommandParser(
        "health",
        "Check that the running daemon is connected to Docker and etcd and that its last sync is committed."
        " Exits with code 0 if so, else 1.",
    )
    settings = load(HealthSettings, parser.settings(parser.read(arguments)))
    healthy, line = _verdict(settings.health_socket)
    sys.stdout.write(escaped(line) + "\n")
    return 0 if healthy else 1


def _verdict(path: str) -> tuple[bool, str]:
    try:
        answer = json.loads(_ask(path))
        parts = ", ".join(f"{part}: {answer[part]}" for part in ("docker", "etcd", "sync"))
        healthy = answer["healthy"] is True
    except OSError as error:
        return False, f"unhealthy: no daemon answers on {path}: {error.strerror or error}"
    except (ValueError, TypeError, KeyError):
        return False, f"unhealthy: what answers on {path} is not this daemon"
    return healthy, f"{'healthy' if healthy else 'unhealthy'}: {parts}"


def _ask(path: str) -> bytes:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(TIMEOUT)
        client.connect(path)
        with client.makefile("rb") as answer:
            return answer.readline()
