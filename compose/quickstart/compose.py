"""Finds Docker Compose, as a plugin or as a separate command, and runs it on the quick start's file."""

import os
import platform
import subprocess
from collections.abc import Mapping

from compose.quickstart.images import COMPOSE_FILE
from tests.lab import apt
from tests.lab.shell import PartUnavailableError, run

PROJECT = "docker-event-bridge"
COMMANDS = (["docker", "compose"], ["docker-compose"])
PACKAGES = {"ubuntu": "docker-compose-v2"}


def ensure() -> None:
    """Make sure that Compose works: the machine's own, or the distribution's package."""
    if not found():
        try:
            apt.install(PACKAGES.get(platform.freedesktop_os_release()["ID"], "docker-compose"))
        except (OSError, PartUnavailableError) as error:
            raise PartUnavailableError(f"Docker Compose cannot be installed: {error}") from error


def found() -> list[str] | None:
    """Return this machine's Compose command, if there is one."""
    return next((command for command in COMMANDS if _works([*command, "version"])), None)


def command() -> list[str]:
    """Return the Compose command for the quick start, as typed in the project's directory."""
    compose = found()
    assert compose, "Compose was not ensured"
    return [*compose, "--project-name", PROJECT, "--file", os.path.relpath(COMPOSE_FILE)]


def call(*arguments: str, variables: Mapping[str, str] | None = None) -> str:
    """Run Compose for the quick start and return what it prints."""
    return run([*command(), *arguments], env=os.environ | (variables or {}))


def _works(asked: list[str]) -> bool:
    try:
        return subprocess.run(asked, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
