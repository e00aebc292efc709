"""TLS certificates for engines and etcds, made by openssl."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.lab import apt
from tests.lab.shell import Command, run


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority; it writes what it signs to NAME.pem and NAME-key.pem."""

    directory: Path

    @property
    def ca(self) -> Path:
        """The authority's own certificate."""
        return self.directory / "ca.pem"

    def sign(self, name: str) -> tuple[Path, Path]:
        """Sign a certificate for 127.0.0.1; return its file and that of its key."""
        signer: Command = ["-CA", self.ca, "-CAkey", self.directory / "ca-key.pem", "-extensions", "usr_cert"]
        return _request(self.directory, name, *signer, "-addext", "subjectAltName=IP:127.0.0.1")


def authority(directory: Path) -> Authority:
    """Return a new authority with its files in a new directory."""
    if not shutil.which("openssl"):
        apt.install("openssl")
    directory.mkdir()
    _request(directory, "ca", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    return Authority(directory)


def _request(directory: Path, name: str, *options: str | Path) -> tuple[Path, Path]:
    certificate, key = directory / f"{name}.pem", directory / f"{name}-key.pem"
    curve: Command = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    files: Command = ["-keyout", key, "-out", certificate]
    run(["openssl", "req", "-x509", *curve, "-subj", f"/CN={name}", *files, *options])
    return certificate, key
