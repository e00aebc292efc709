"""Publish the images of the quick start, except the bridge's own, in a registry of the lab.

They are made of parts of the lab, but without the label of stand-ins. A build on the base image needs no network,
since the base has what pip would download.
"""

from pathlib import Path

from compose.quickstart import images as quickstart
from compose.quickstart import pip_conf
from tests.lab import cache, images, parts, python_image
from tests.lab.registry import Registry
from tests.lab.shell import Command, run
from tests.lab.workdir import WorkDirectory

IMAGES = [name for name in (quickstart.BASE, *quickstart.names()) if name != quickstart.BRIDGE]

LOCKS = [quickstart.SOURCES / name for name in ("requirements.lock", "requirements-build.lock")]
BACKENDS = ("setuptools", "wheel")
"""The build tools for etcd3, which has no wheel."""

PIP = ("pip", "download", "--quiet", "--dest=/packages")
WANTED = [*(("--require-hashes", f"--requirement=/locks/{lock.name}") for lock in LOCKS), BACKENDS]
OFFLINE = "[global]\nno-index = true\nfind-links = /packages\n"
DOCKERFILE = "ARG BASE\nFROM $BASE\nCOPY packages /packages\nCOPY pip.conf /etc/pip.conf\n"


def data(docker: Command) -> Path:
    """Return the data of a registry with the images; if missing, they are made on an engine."""

    def make(directory: Path) -> None:
        with Registry(directory) as registry:
            for image in IMAGES:
                name = registry.name(image)
                if image == quickstart.BASE:
                    _make_base(docker, name)
                else:
                    images.import_image(docker, name, images.contents(image))
                run([*docker, "push", "--quiet", name])
                run([*docker, "image", "rm", name])

    return cache.entry(f"published-{cache.digest(*_recipe())}", "Publishing the images of the quick start", make)


def _recipe() -> list[str | Path]:
    base = python_image.archive().parent.name
    recipe: list[str | Path] = [*PIP, *BACKENDS, OFFLINE, DOCKERFILE, *LOCKS, base, parts.busybox(), *IMAGES]
    for contents in (images.contents(image) for image in IMAGES if image != quickstart.BASE):
        recipe += [*contents.changes, *contents.files, *contents.files.values()]
    return recipe


def _make_base(docker: Command, name: str) -> None:
    python_image.import_python(docker, name)
    work = WorkDirectory("base")
    try:
        _download(docker, name, work.path)
        (work.path / "pip.conf").write_text(OFFLINE)
        (work.path / "Dockerfile").write_text(DOCKERFILE)
        run([*docker, "build", "--quiet", f"--build-arg=BASE={name}", f"--tag={name}", work.path])
    finally:
        work.remove()


def _download(docker: Command, base: str, directory: Path) -> None:
    """Download what the bridge is installed from, with the pip of the base, since it chooses the files."""
    config, packages = directory / "pip.conf", directory / "packages"
    config.write_text(pip_conf.text())
    packages.mkdir()
    files = {config: "/etc/pip.conf", packages: "/packages", **{lock: f"/locks/{lock.name}" for lock in LOCKS}}
    mounts = [f"--volume={outside}:{inside}" for outside, inside in files.items()]
    for wanted in WANTED:
        run([*docker, "run", "--rm", "--network=host", *mounts, base, *PIP, *wanted])
