"""Starts Traefik with the providers of a test, and queries what it routes.

It gets a default certificate, unless a test says otherwise: without one it generates a key at every change of
its configuration, which costs more than all the rest.
"""

import http.client
import json
import socket
import urllib.error
import urllib.request
from collections import ChainMap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from tests.lab import parts
from tests.lab.engine import Engine
from tests.lab.etcd import Etcd
from tests.lab.fake_engine import FakeEngine
from tests.lab.part import Part
from tests.lab.ports import LOOPBACK, free_port
from tests.lab.process import Process
from tests.lab.wait import T, wait_for

REQUEST_TIMEOUT = 2.0
API_TIMEOUT = 20.0
ROUTED_WITHIN = 10.0
API = "traefik"
WEB = "web"

Protocol = Literal["tcp", "udp"]
StaticOptions = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a request."""

    status: int
    headers: Mapping[str, str]
    body: str


def docker_provider(engine: Engine | FakeEngine, **options: str) -> StaticOptions:
    """Return the static options of the Docker provider, by Traefik's names below `providers.docker`."""
    return _below("docker", {"endpoint": engine.url} | options)


def etcd_provider(etcd: Etcd, root_key: str = "traefik", **options: str) -> StaticOptions:
    """Return the static options of the etcd provider, by Traefik's names below `providers.etcd`."""
    return _below("etcd", {"endpoints": etcd.endpoint, "rootkey": root_key} | options)


def _below(provider: str, options: Mapping[str, str]) -> StaticOptions:
    return {f"providers.{provider}.{name}": value for name, value in options.items()}


class Traefik(Part):
    """One Traefik.

    `options` are static options by Traefik's names; `docker_provider` and `etcd_provider` return those of the
    providers. HTTP is served on the entry point `web`; `entry_points` adds others by name. All are on free
    ports of the loopback address.
    """

    def __init__(
        self,
        release: parts.TraefikRelease,
        *options: StaticOptions,
        entry_points: Mapping[str, Protocol] | None = None,
        certificate: bool = True,
    ) -> None:
        super().__init__("traefik")
        self.release = release
        self._executable = parts.traefik(release)
        self._certificate = certificate
        self._options = dict(ChainMap(*map(dict, options)))
        self._entry_points = {API: "tcp", WEB: "tcp"} | dict(entry_points or {})
        self._ports = {name: free_port() for name in self._entry_points}

    def port(self, entry_point: str = WEB) -> int:
        """Return the port of an entry point."""
        return self._ports[entry_point]

    def api(self, path: str) -> Any:  # noqa: ANN401, JSON
        """Return the API's answer for a path below `/api`."""
        url = f"http://{LOOPBACK}:{self.port(API)}/api/{path}"
        with urllib.request.urlopen(url, timeout=API_TIMEOUT) as answer:
            return json.load(answer)

    def has(self, path: str) -> bool:
        """Return whether the API has an object, such as `http/routers/web@docker`."""
        try:
            self.api(path)
        except urllib.error.HTTPError:
            return False
        return True

    def rawdata(self) -> dict[str, Any]:
        """Return the whole dynamic configuration that is in use."""
        return dict(self.api("rawdata"))

    def get(self, host: str, path: str = "/", headers: Mapping[str, str] | None = None) -> Answer:
        """Request a path of a host through the entry point `web`."""
        connection = http.client.HTTPConnection(LOOPBACK, self.port(), timeout=REQUEST_TIMEOUT)
        try:
            connection.request("GET", path, headers={"Host": host, **(headers or {})})
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read().decode(errors="replace"))
        finally:
            connection.close()

    def say_tcp(self, entry_point: str, line: bytes) -> bytes:
        """Send a line over TCP and return the answer, empty if there is none."""
        try:
            with socket.create_connection((LOOPBACK, self.port(entry_point)), REQUEST_TIMEOUT) as connection:
                connection.sendall(line)
                return connection.makefile("rb").readline()
        except OSError:
            return b""

    def say_udp(self, entry_point: str, packet: bytes) -> bytes:
        """Send a packet over UDP and return the answer, empty if there is none."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(REQUEST_TIMEOUT)
            client.connect((LOOPBACK, self.port(entry_point)))
            try:
                client.send(packet)
                return client.recv(65535)
            except OSError:
                return b""

    def wait_for(self, predicate: Callable[[Self], T], deadline: float = ROUTED_WITHIN) -> T:
        """Wait until `predicate(self)` is truthy and return its value; otherwise fail with the log."""
        return wait_for(lambda: predicate(self), deadline, self.process.tail)

    def wait_for_status(self, status: int, host: str, path: str = "/") -> Answer:
        """Wait until a request is answered with a status; otherwise fail with the last answer and the log."""
        answers: list[Answer] = []

        def answered() -> bool:
            answers[:] = [self.get(host, path)]
            return answers[0].status == status

        wait_for(answered, ROUTED_WITHIN, lambda: f"{status} from {host}: {answers}\n{self.process.tail()}")
        return answers[0]

    def start(self) -> None:
        """Start the process, without waiting."""
        options = self._entry_point_options() | {"api": "true", "api.insecure": "true", "log.level": "DEBUG"}
        if self._certificate:
            options["providers.file.filename"] = str(self._write_default_certificate())
        options |= self._options
        flags = [f"--{name}={value}" for name, value in options.items()]
        self._process = Process([self._executable, *flags], self._work.path / "log")

    def _entry_point_options(self) -> dict[str, str]:
        return {
            f"entrypoints.{name}.address": f"{LOOPBACK}:{self.port(name)}/{protocol}"
            for name, protocol in self._entry_points.items()
        }

    def _write_default_certificate(self) -> Path:
        pair = parts.certificate()
        files = {"certFile": str(pair / "cert.pem"), "keyFile": str(pair / "key.pem")}
        config = self._work.path / "dynamic.yml"
        config.write_text(json.dumps({"tls": {"stores": {"default": {"defaultCertificate": files}}}}))
        return config

    def healthy(self) -> bool:
        """Return whether the API answers."""
        try:
            self.rawdata()
        except OSError:
            return False
        return True
