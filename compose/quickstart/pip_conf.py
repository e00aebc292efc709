"""This machine's pip configuration, for builds inside containers.

Where only package registries can be reached, pip usually needs configuration for that: an index, a proxy, a longer
timeout. None of it belongs in a Dockerfile.
"""

import os
from configparser import ConfigParser, Error
from io import StringIO
from pathlib import Path

from tests.lab.shell import PartUnavailableError

AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
NETWORK_OPTIONS = (
    "default-timeout",
    "extra-index-url",
    "index-url",
    "no-index",
    "proxy",
    "retries",
    "timeout",
    "trusted-host",
)


def text() -> str:
    """Return a pip.conf with the network options of pip's files and variables; variables take precedence."""
    written = ConfigParser(interpolation=None)
    known = _from_files() | _from_variables()
    options = {option: known[option] for option in NETWORK_OPTIONS if option in known}
    written["global"] = options | {"cert": AUTHORITIES}
    stream = StringIO()
    written.write(stream)
    return stream.getvalue()


def _from_files() -> dict[str, str]:
    read = ConfigParser(interpolation=None)
    home = Path.home()
    own = os.environ.get("PIP_CONFIG_FILE", home / ".config/pip/pip.conf")
    try:
        read.read(["/etc/xdg/pip/pip.conf", "/etc/pip.conf", home / ".pip/pip.conf", own])
    except Error as error:
        raise PartUnavailableError(f"pip's configuration cannot be read: {error.message}") from error
    return {option: text for section in read.values() for option, text in section.items()}


def _from_variables() -> dict[str, str]:
    given = {name: text for name, text in os.environ.items() if name.startswith("PIP_")}
    return {name.removeprefix("PIP_").lower().replace("_", "-"): text for name, text in given.items()}
