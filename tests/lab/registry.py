"""Starts an image registry on the loopback address that stands in for any registry.

For Docker Hub it is the engine's registry mirror. For other registries it is the engine's HTTP proxy: a request to
a proxy is an ordinary one with the full URL in its first line. Nothing listens at the HTTPS proxy, so these other
registries must be among the engine's insecure registries.
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
    """A registry with its images in a directory."""

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
        """Return the settings for an engine to pull images of Docker Hub and of these registries from here."""
        settings = {"registry-mirrors": [self._url], "insecure-registries": list(others)}
        return Access(settings, {"HTTP_PROXY": self._url, "HTTPS_PROXY": f"http://{LOOPBACK}:{free_port()}"})

    def name(self, image: str) -> str:
        """Return the name under which an image is pushed here, to be pulled by its own name."""
        return f"{self._address}/{_path(image)}"

    def start(self) -> None:
        """Start the process, without waiting."""
        command: Command = [self._executable, "serve", self._config]
        self._process = Process(command, self._work.path / "log", NO_TRACES)

    def healthy(self) -> bool:
        """Return whether the registry answers."""
        with suppress(OSError), urllib.request.urlopen(f"{self._url}/v2/", timeout=1) as answer:
            return bool(answer.status == 200)
        return False

    @property
    def _url(self) -> str:
        return f"http://{self._address}"


def _path(image: str) -> str:
    """Return the path of an image in its registry: without the host, or below `library/` for a single word."""
    host = image.partition("/")[0] if "/" in image else ""
    if not host:
        return f"library/{image}"
    return image.removeprefix(f"{host}/") if "." in host else image
