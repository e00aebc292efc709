"""Makes small local images from files of this machine, where no image registry can be reached."""

import io
import json
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.lab import parts
from tests.lab.shell import Command, PartUnavailableError

APPLETS = ("sh", "cat", "echo", "env", "false", "httpd", "ls", "nc", "sleep", "sync", "true", "wget")
SLEEP = "trap exit TERM; sleep 1000000 & wait"


def import_image(docker: Command, name: str, files: Mapping[str, Path], changes: Sequence[str]) -> None:
    """Import an image that holds a busybox and the given files, by their paths inside.

    `docker` is the command that reaches the engine; `changes` are lines as in a Dockerfile.
    """
    command = [*docker, "import", *(f"--change={change}" for change in changes), "-", name]
    done = subprocess.run(command, input=_archive(files), capture_output=True, check=False)
    if done.returncode:
        raise PartUnavailableError(f"image {name}: {done.stderr.decode(errors='replace').strip()}")


def import_busybox(docker: Command, name: str = "busybox") -> None:
    """Import an image whose containers run until they are stopped; other commands are a shell away."""
    import_image(docker, name, {}, [f"CMD {json.dumps(['sh', '-c', SLEEP])}"])


def import_whoami(docker: Command, name: str = "traefik/whoami") -> None:
    """Import our whoami, which listens on port 80."""
    changes = ['ENTRYPOINT ["/whoami"]', "EXPOSE 80"]
    import_image(docker, name, {"whoami": parts.whoami()}, changes)


def _archive(files: Mapping[str, Path]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path, source in {"bin/busybox": parts.busybox(), **files}.items():
            archive.add(source.resolve(), path)
        for applet in APPLETS:
            archive.addfile(_link(f"bin/{applet}", "busybox"))
        archive.addfile(_directory("tmp", 0o1777))
    return packed.getvalue()


def _link(path: str, target: str) -> tarfile.TarInfo:
    link = tarfile.TarInfo(path)
    link.type, link.linkname = tarfile.SYMTYPE, target
    return link


def _directory(path: str, mode: int) -> tarfile.TarInfo:
    directory = tarfile.TarInfo(path)
    directory.type, directory.mode = tarfile.DIRTYPE, mode
    return directory
