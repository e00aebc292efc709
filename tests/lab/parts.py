"""Every part by name: its place on this machine, where it is built or installed if it is missing.

Each function returns paths of executables, or raises PartUnavailableError with the reason in one line.
"""

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.lab import apt, cache, golang, programs, python_image
from tests.lab.shell import Command, PartUnavailableError, run

TraefikRelease = Literal["2.11", "3.7"]
EtcdRelease = Literal["3.4", "3.7"]
EngineRelease = Literal["20.10", "29"]


@dataclass(frozen=True, slots=True)
class Dockerd:
    """The executables of a Docker engine; `runc` and `proxy` are None if the engine finds its own."""

    path: Path
    containerd: Path
    runc: Path | None = None
    proxy: Path | None = None


def traefik(release: TraefikRelease) -> Path:
    """Return the executable of a Traefik release."""
    return golang.build({"2.11": programs.TRAEFIK_2_11, "3.7": programs.TRAEFIK_3_7}[release])


def etcd(release: EtcdRelease) -> Path:
    """Return the executable of an etcd release: the distribution's 3.4, or a current one."""
    return golang.build(programs.ETCD_3_7) if release == "3.7" else _distribution_etcd()


def _distribution_etcd() -> Path:
    apt.install("etcd-server")
    return _of_version(Path("/usr/bin/etcd"), "etcd Version: 3.4.")


def etcdctl() -> Path:
    """Return the executable of a current etcdctl, which works with each of these etcd releases."""
    return golang.build(programs.ETCDCTL)


def etcd_restorer() -> Path:
    """Return the distribution's etcdctl, which can restore snapshots, unlike current ones."""
    apt.install("etcd-client")
    return Path("/usr/bin/etcdctl")


def dockerd(release: EngineRelease) -> Dockerd:
    """Return the executables of a Docker engine: the distribution's 20.10, or a release of the 29 line."""
    distribution = distribution_dockerd()
    if release == "29":
        engine, runc = golang.build(programs.DOCKERD_29), golang.build(programs.RUNC)
        return Dockerd(engine, distribution.containerd, runc, golang.build(programs.DOCKER_PROXY_29))
    _of_version(distribution.path, "Docker version 20.10.")
    return distribution


def distribution_dockerd() -> Dockerd:
    """Return the executables of the distribution's own Docker engine, whatever its version."""
    if os.geteuid() != 0:
        raise PartUnavailableError("Docker engine: only root can start one")
    apt.install("docker.io", "iptables", "iproute2")
    return Dockerd(Path("/usr/sbin/dockerd"), Path("/usr/bin/containerd"))


def docker_cli() -> Path:
    """Return the machine's docker command; install the distribution's if it is missing."""
    for package in ("docker.io", "docker-cli"):  # later releases of Debian package the command separately
        if not shutil.which("docker"):
            apt.install(package)
    if not (found := shutil.which("docker")):
        raise PartUnavailableError("docker: the distribution has no package of this command")
    return Path(found)


def compose() -> Path:
    """Return the Docker Compose plugin, in the `cli-plugins` of a Docker configuration directory."""
    built = golang.build(programs.COMPOSE)

    def make(directory: Path) -> None:
        (directory / "cli-plugins").mkdir()
        shutil.copy2(built, directory / "cli-plugins/docker-compose")

    key = f"docker-config-{built.parent.name}"
    return cache.entry(key, "Laying out the Compose plugin", make) / "cli-plugins/docker-compose"


def busybox() -> Path:
    """Return a statically linked busybox."""
    apt.install("busybox-static")
    return Path("/bin/busybox")


def haproxy() -> Path:
    """Return the executable of the distribution's haproxy."""
    apt.install("haproxy")
    return Path("/usr/sbin/haproxy")


def registry() -> Path:
    """Return the executable of an image registry."""
    return golang.build(programs.REGISTRY)


def whoami() -> Path:
    """Return our own whoami, statically linked (see `recipes/whoami`)."""
    return golang.build_own("whoami", golang.RECIPES / "whoami")


def load() -> Path:
    """Return the program that keeps a server under constant load (see `recipes/load`)."""
    return golang.build_own("load", golang.RECIPES / "load")


def rules_oracle() -> Path:
    """Return the program that evaluates default rules and constraints with the code of Traefik 3.7."""
    return golang.build_own("rules-oracle", Path(__file__).parents[1] / "rules/oracle")


def decoders() -> Path:
    """Return the program that decodes labels with the code of Traefik 2.11 and 3.7 (see `tests/labels/oracle`)."""
    return golang.build_own("decoders", Path(__file__).parent.parent / "labels/oracle")


def certificate() -> Path:
    """Return the directory with `cert.pem` and `key.pem`, a self-signed certificate for localhost."""
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,DNS:*.localhost"]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650"]

    def make(directory: Path) -> None:
        if not shutil.which("openssl"):
            apt.install("openssl")
        files: Command = ["-keyout", directory / "key.pem", "-out", directory / "cert.pem"]
        run(["openssl", "req", "-x509", *key, *subject, *files])

    return cache.entry(f"certificate-{cache.digest(*key, *subject)}", "Making a certificate", make)


def _of_version(path: Path, wanted: str) -> Path:
    told = run([path, "--version"]).partition("\n")[0]
    if not told.startswith(wanted):
        raise PartUnavailableError(f"{path}: the distribution's is {told!r}, wanted {wanted!r}")
    return path


BY_NAME: Mapping[str, Callable[[], Path]] = {
    "go": golang.toolchain,
    "traefik-3.7": lambda: traefik("3.7"),
    "etcd-3.7": lambda: etcd("3.7"),
    "etcdctl": etcdctl,
    "etcd-3.4": lambda: etcd("3.4"),
    "whoami": whoami,
    "load": load,
    "decoders": decoders,
    "rules-oracle": rules_oracle,
    "busybox": busybox,
    "haproxy": haproxy,
    "certificate": certificate,
    "docker-cli": docker_cli,
    "dockerd-20.10": lambda: dockerd("20.10").path,
    "compose": compose,
    "registry": registry,
    "python-image": python_image.archive,
    "dockerd-29": lambda: dockerd("29").path,
    "traefik-2.11": lambda: traefik("2.11"),
}
