"""Makes small images from files of this machine, for machines that cannot reach an image registry."""

import io
import json
import re
import subprocess
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.lab import parts
from tests.lab.shell import Command, PartUnavailableError, run

APPLETS = ("sh", "cat", "echo", "env", "false", "httpd", "ls", "nc", "sleep", "sync", "true", "wget")
SLEEP = "trap exit TERM; sleep 1000000 & wait"


@dataclass(frozen=True, slots=True)
class Contents:
    """The files of an image besides busybox, by their paths in it, and instructions as in a Dockerfile."""

    files: Mapping[str, Path]
    changes: Sequence[str] = ()


def import_image(docker: Command, name: str, contents: Contents) -> None:
    """Import an image; `docker` is the docker command for the engine."""
    command = [*docker, "import", *(f"--change={change}" for change in contents.changes), "-", name]
    done = subprocess.run(command, input=_archive(contents.files), capture_output=True, check=False)
    if done.returncode:
        raise PartUnavailableError(f"image {name}: {done.stderr.decode(errors='replace').strip()}")


def import_busybox(docker: Command, name: str = "busybox") -> None:
    """Import an image with a shell, whose containers by default run until they are stopped."""
    import_image(docker, name, Contents({}, [f"CMD {json.dumps(['sh', '-c', SLEEP])}"]))


def import_whoami(docker: Command, name: str = "traefik/whoami") -> None:
    """Import our whoami, which listens on port 80."""
    import_image(docker, name, _whoami())


def contents(original: str) -> Contents:
    """Return the contents of the stand-in for an image from a registry."""
    return IN_PLACE_OF[original.partition(":")[0]]()


def _traefik() -> Contents:
    return Contents({"usr/local/bin/traefik": parts.traefik("3.7")}, ['ENTRYPOINT ["/usr/local/bin/traefik"]'])


def _etcd() -> Contents:
    return Contents({"usr/local/bin/etcd": parts.etcd("3.7")}, ['CMD ["/usr/local/bin/etcd"]'])


def _haproxy() -> Contents:
    executable = parts.haproxy()
    libraries = re.findall(r"(?:=> |^\t)(/\S+)", run(["ldd", executable]), re.MULTILINE)
    files = {library.removeprefix("/"): Path(library) for library in libraries}
    return Contents({"usr/local/sbin/haproxy": executable, **files})


def _whoami() -> Contents:
    return Contents({"whoami": parts.whoami()}, ['ENTRYPOINT ["/whoami"]', "EXPOSE 80"])


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


IN_PLACE_OF: Mapping[str, Callable[[], Contents]] = {
    "haproxy": _haproxy,
    "quay.io/coreos/etcd": _etcd,
    "traefik": _traefik,
    "traefik/whoami": _whoami,
}
