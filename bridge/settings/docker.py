"""Docker's own variables, used if no endpoint is set: checked before the docker package fails on them."""

import os
from pathlib import Path

from bridge.errors import UsageError
from bridge.masking import masked_input
from bridge.settings.values import checked_engine

HOST, VERIFY, CERTIFICATES = "DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"
_SOCKETS = "unix://", "http+unix://"


def check() -> None:
    """Raise UsageError with one line that names the invalid variable."""
    _check_host(os.environ.get(HOST, "").strip())
    _check_certificates(os.environ.get(VERIFY, ""), os.environ.get(CERTIFICATES, ""))


def _check_host(text: str) -> None:
    if not text or text.startswith(_SOCKETS):
        return
    try:
        checked_engine(text if "://" in text else f"tcp://{text}")
    except ValueError as error:
        raise UsageError(f"{HOST} is {masked_input(HOST, text)!r}; {error}") from error


def _check_certificates(verify: str, directory: str) -> None:
    if not verify and not directory:
        return
    place = Path(directory or os.path.expanduser("~/.docker"))  # noqa: PTH111 - that of Path fails without a home
    needed = ("ca.pem", "cert.pem", "key.pem") if verify else ("cert.pem", "key.pem")
    if missing := [name for name in needed if not (place / name).is_file()]:
        name, text = (CERTIFICATES, directory) if directory else (VERIFY, verify)
        where = "" if directory else f"; {CERTIFICATES} names another directory"
        raise UsageError(f"{name} is {text!r}; it needs {', '.join(missing)} in {place}{where}")
