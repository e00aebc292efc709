"""Installs packages of the distribution (Debian or Ubuntu) without starting their services."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.lab import cache
from tests.lab.shell import PartUnavailableError, progress, run

POLICY = Path("/usr/sbin/policy-rc.d")


def install(*packages: str) -> None:
    """Install those packages that are missing."""
    if not _missing(packages):
        return
    with cache.locked("apt"):
        if missing := _missing(packages):
            _refuse_where_impossible(missing)
            with progress(f"Installing {' '.join(missing)} (packages of the distribution)"), _no_services():
                _apt_get("update")
                _apt_get("install", "--yes", "--no-install-recommends", *missing)


def _missing(packages: tuple[str, ...]) -> list[str]:
    return [package for package in packages if not _installed(package)]


def _installed(package: str) -> bool:
    query = ["dpkg-query", "--show", "--showformat=${db:Status-Status}", package]
    try:
        return subprocess.run(query, capture_output=True, check=False).stdout == b"installed"
    except FileNotFoundError:
        return False


def _refuse_where_impossible(packages: list[str]) -> None:
    names = " ".join(packages)
    if not shutil.which("apt-get"):
        raise PartUnavailableError(f"{names}: missing, and there is no apt-get to install it with")
    if os.geteuid() != 0:
        raise PartUnavailableError(f"{names}: missing, and only root can install packages")


def _apt_get(*arguments: str) -> None:
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "--quiet", "--option", "DPkg::Lock::Timeout=600", *arguments], env=env)


@contextmanager
def _no_services() -> Iterator[None]:
    """Keep packages from starting their services: the lab starts its own, with its own data."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


def codename() -> str:
    """Return the code name of the distribution's release."""
    lines = Path("/etc/os-release").read_text().splitlines()
    named = dict(line.split("=", 1) for line in lines if "=" in line)
    if "VERSION_CODENAME" not in named:
        raise PartUnavailableError("the distribution has no code name: not a release of Debian or Ubuntu")
    return named["VERSION_CODENAME"].strip('"')


def mirror() -> str:
    """Return the URL from which packages of this release are installed."""
    told = run(["apt-get", "indextargets", "--format", "$(CODENAME) $(SITE)", "Created-By: Packages"])
    for name, site in (line.split() for line in told.splitlines()):
        if name == codename():
            return site
    raise PartUnavailableError(f"apt-get knows no source of {codename()}")
