"""Makes a stand-in for the base image `python:...-slim` from packages of the distribution.

Its Python is the distribution's, which the product supports too; `python` is on the path as in the original.
"""

from pathlib import Path

from tests.lab import apt, cache
from tests.lab.shell import Command, run

PACKAGES = "python3,python3-venv,python3-pip,ca-certificates"
NEEDLESS = ("dev", "proc", "sys", "var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/man")
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")


def import_python(docker: Command, name: str) -> None:
    """Import the stand-in under the name of the original; `docker` is the docker command for the engine."""
    run([*docker, "import", "--change", 'CMD ["python"]', archive(), name])


def archive() -> Path:
    """Return the archive with the files of the stand-in."""
    return cache.entry(_key(), "Making a base image with Python (about a minute, once)", _make) / "root.tar"


def _key() -> str:
    return f"python-image-{apt.codename()}-{cache.digest(PACKAGES, *NEEDLESS, AUTHORITIES)}"


def _make(directory: Path) -> None:
    apt.install("debootstrap")
    root = directory / "root"
    options = ["--variant=minbase", f"--include={PACKAGES}"]
    run(["debootstrap", *options, apt.codename(), root, apt.mirror()])
    (root / "usr/local/bin/python").symlink_to("/usr/bin/python3")
    (root / AUTHORITIES.relative_to("/")).write_bytes(AUTHORITIES.read_bytes())
    left_out = [f"--exclude=./{path}/*" for path in NEEDLESS]
    run(["tar", "--create", f"--file={directory / 'root.tar'}", f"--directory={root}", *left_out, "."])
    run(["rm", "-rf", "--one-file-system", root])
