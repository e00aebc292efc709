"""Starts an image registry on the loopback address, which engines take for whichever registry they want.

An engine asks its mirror for images of Docker's own registry. For all others it is given this registry as its
proxy, since a request to a proxy is one like any other, with the whole URL in its first line; nobody listens at
the proxy for what is encrypted, so the others have to be among its insecure registries.
"""

import json
import urllib.request
from contextlib import suppress
from pathlib import Path

from tests.lab import parts
from tests.lab.engine import Access
from tests.lab.part import Part
from tests.lab.ports import LOOPBACK, free_port
from tests.lab.process import Process
from tests.lab.shell import Command

NO_TRACES = {"OTEL_TRACES_EXPORTER": "none"}


class Registry(Part):
    """One registry, which has the images whose data is in a directory."""

    def __init__(self, data: Path) -> None:
        super().__init__("registry")
        self._executable = parts.registry()
        self._address = f"{LOOPBACK}:{free_port()}"
        config = {
            "version": 0.1,
            "storage": {"filesystem": {"rootdirectory": str(data)}},
            "http": {"addr": self._address},
        }
        self._config = self._work.path / "config.yaml"
        self._config.write_text(json.dumps(config))

    def access(self, *others: str) -> Access:
        """What an engine is started with that finds here the images of Docker's own registry and of others."""
        settings = {"registry-mirrors": [self._url], "insecure-registries": list(others)}
        return Access(settings, {"HTTP_PROXY": self._url, "HTTPS_PROXY": f"http://{LOOPBACK}:{free_port()}"})

    def name(self, image: str) -> str:
        """Return the name under which an image is pushed here that others pull by its own."""
        return f"{self._address}/{_path(image)}"

    def start(self) -> None:
        """Start the process, without waiting."""
        command: Command = [self._executable, "serve", self._config]
        self._process = Process(command, self._work.path / "log", NO_TRACES)

    def healthy(self) -> bool:
        """Whether it answers."""
        with suppress(OSError), urllib.request.urlopen(f"{self._url}/v2/", timeout=1) as answer:
            return bool(answer.status == 200)
        return False

    @property
    def _url(self) -> str:
        return f"http://{self._address}"


def _path(image: str) -> str:
    """Return the path of an image in its registry: without that one's host, or below what Docker calls its own."""
    host = image.partition("/")[0] if "/" in image else ""
    if not host:
        return f"library/{image}"
    return image.removeprefix(f"{host}/") if "." in host else image
