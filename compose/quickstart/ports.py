"""The ports on which the quick start listens."""

import os
import re
import socket
import subprocess

from compose.quickstart.compose import PROJECT
from compose.quickstart.images import COMPOSE_FILE
from tests.lab.ports import LOOPBACK
from tests.lab.shell import PartUnavailableError

HTTP = "HTTP_PORT"
DASHBOARD = "DASHBOARD_PORT"


def port(variable: str) -> int:
    """Return the port in an environment variable, or else the default in the compose file."""
    default = re.search(rf"\${{{variable}:-(\d+)}}", COMPOSE_FILE.read_text())
    assert default, f"the compose file has no {variable}"
    text = os.environ.get(variable) or default[1]
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 1 << 16):
        raise PartUnavailableError(f"{variable} is {text!r}; accepted: a port from 1 to 65535")
    return int(text)


def refuse_used() -> None:
    """Refuse ports that anything but the quick start uses, and the same port for both."""
    if port(HTTP) == port(DASHBOARD):
        raise PartUnavailableError(f"{HTTP} and {DASHBOARD} are both {port(HTTP)}: choose another for one of them")
    for variable in (HTTP, DASHBOARD):
        number = port(variable)
        if _is_used(number) and not _is_ours(number):
            raise PartUnavailableError(f"Port {number} is in use: choose another with {variable}=...")


def _is_used(number: int) -> bool:
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((LOOPBACK, number))
        except PermissionError:
            return False
        except OSError:
            return True
    return False


def _is_ours(number: int) -> bool:
    ours = [f"--filter=label=com.docker.compose.project={PROJECT}", f"--filter=publish={number}"]
    try:
        asked = subprocess.run(["docker", "ps", "--quiet", *ours], capture_output=True, check=False)
    except FileNotFoundError:
        return False
    return bool(asked.stdout)
