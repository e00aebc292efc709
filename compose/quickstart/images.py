"""Provides the images of the quick start: pulls them, or builds them locally from what package registries have.

A local image has the name of the original, and a label that marks it as a stand-in.
"""

import io
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from compose.quickstart import pip_conf
from tests.lab import images
from tests.lab.python_image import import_python
from tests.lab.shell import PartUnavailableError, progress, run, say

SOURCES = Path(__file__).parents[2]
COMPOSE_FILE = SOURCES / "compose/compose.yaml"
BRIDGE = "docker-event-bridge"
BASE = "python:3.13-slim"
STAND_IN = "docker-event-bridge.stand-in"
TRIED_FOR = 30.0
DOCKER = ["docker"]


def provide() -> None:
    """Make sure that the engine has all images, and build the bridge's own from the current sources."""
    missing = [name for name in (BASE, *names()) if name != BRIDGE and not _is_here(name)]
    if missing:
        _get(missing)
    with progress(f"Building the image {BRIDGE}"):
        run(["docker", "build", "--tag", BRIDGE, *_network(), str(SOURCES)])


def names() -> list[str]:
    """Return the images that the compose file uses."""
    found = re.findall(r"^ +image: (\S+)", COMPOSE_FILE.read_text(), re.MULTILINE)
    return list(dict.fromkeys(found))


def are_stand_ins() -> bool:
    """Tell whether any image is a local stand-in."""
    return bool(run([*DOCKER, "image", "ls", "--quiet", f"--filter=label={STAND_IN}"]))


def _network() -> Sequence[str]:
    """Return the options with which a build that reaches only package registries uses this machine's network."""
    return ["--network=host"] if are_stand_ins() else []


def _is_here(name: str) -> bool:
    asked = subprocess.run([*DOCKER, "image", "inspect", name], capture_output=True, check=False)
    return asked.returncode == 0


def _get(missing: Sequence[str]) -> None:
    try:
        _pull(missing[-1], within=TRIED_FOR)
    except PartUnavailableError as error:
        say(f"No image registry can be used ({error}).")
        _make(missing)
    else:
        for name in missing[:-1]:
            _pull(name)


def _pull(name: str, within: float | None = None) -> None:
    """Pull an image, `within` so many seconds if given."""
    command = [*DOCKER, "pull", "--quiet", name]
    with progress(f"Pulling {name}"):
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=within, check=False)
        except subprocess.TimeoutExpired as error:
            raise PartUnavailableError(f"docker pull {name}: not done within {within:g} s") from error
        if done.returncode:
            raise PartUnavailableError(f"docker pull {name}: {done.stderr.strip()}")


def _make(missing: Sequence[str]) -> None:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise PartUnavailableError("Only root on Debian or Ubuntu can build local images instead")
    say("Building local images under the same names instead.")
    for name in missing:
        with progress(f"Building a local image {name}"):
            (_make_python if name == BASE else _import)(name)


def _import(name: str) -> None:
    contents = images.contents(name)
    labelled = replace(contents, changes=[*contents.changes, f"LABEL {STAND_IN}=true"])
    images.import_image(DOCKER, name, labelled)


def _make_python(name: str) -> None:
    import_python(DOCKER, name)
    dockerfile = f"FROM {name}\nCOPY pip.conf /etc/pip.conf\nLABEL {STAND_IN}=true\n"
    context = _archive({"Dockerfile": dockerfile, "pip.conf": pip_conf.text()})
    done = subprocess.run([*DOCKER, "build", "--tag", name, "-"], input=context, capture_output=True, check=False)
    if done.returncode:
        raise PartUnavailableError(f"image {name}: {done.stderr.decode(errors='replace').strip()}")


def _archive(files: Mapping[str, str]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, text in files.items():
            file = tarfile.TarInfo(name)
            file.size, file.mode = len(text.encode()), 0o600
            archive.addfile(file, io.BytesIO(text.encode()))
    return packed.getvalue()
