"""A fake Docker engine: the API on a unix socket, for containers that do not really run.

It is for tens of thousands of containers, and for faults that cannot be provoked in a real engine. It answers the
requests of Traefik's Docker provider and of the bridge and refuses all others; `test_fake_engine.py` compares it
with the real engines. The standard library serves it on threads of this process: an inspection costs some 50
microseconds, a twentieth of what either client spends on it, and tests change it by plain method calls.
"""

import hashlib
import json
import queue
import re
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from threading import Event, RLock, Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from bridge.engine import signals
from tests.lab.parts import EngineRelease
from tests.lab.workdir import WorkDirectory

EVENTS_KEPT = 256
"""How many past events an engine keeps for requests with `since`, as in moby's daemon/events."""

NEVER = "0001-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class FakeContainer:
    """The options that a container is created with.

    `networks` has its IPv4 and IPv6 addresses in each network while it runs; `ports` the host addresses and ports
    to which each port ("80/tcp") is bound while it runs, none if it is only exposed; `network_mode` "" is the
    engine's default network; `health` is the health status from its start on, "" without a health check.
    """

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    image: str = "traefik/whoami"
    networks: Mapping[str, Sequence[str]] = field(default_factory=lambda: {"bridge": ("127.0.0.2",)})
    network_mode: str = ""
    ports: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=lambda: {"80/tcp": ()})
    health: str = ""
    stop_signal: str = ""


@dataclass(frozen=True, slots=True)
class _Release:
    version: str
    api: str
    oldest_api: str
    network_mode: str


_RELEASES: Mapping[EngineRelease, _Release] = {
    "20.10": _Release("20.10.24", "1.41", "1.12", "default"),
    "29": _Release("29.0.0", "1.56", "1.40", "bridge"),
}


@dataclass(frozen=True, slots=True)
class _State:
    """A container at one moment."""

    id: str
    made_with: FakeContainer
    created: str
    status: str = "created"
    started: str = NEVER
    health: str = ""


class FakeEngine:
    """One engine; a context manager that serves it. Its methods do the same as `docker` commands of their names.

    Each inspection takes `inspection_takes` seconds.
    """

    def __init__(self, release: EngineRelease = "29", name: str = "fake") -> None:
        self.name = name
        self.release = _RELEASES[release]
        self._work = WorkDirectory("fake-engine")
        self._lock = RLock()
        self._states: dict[str, _State] = {}
        self._ids: dict[str, str] = {}
        self._made = 0
        self._past: deque[dict[str, Any]] = deque(maxlen=EVENTS_KEPT)
        self._streams: list[_Stream] = []
        self._hanging: dict[str, Event] = {}
        self.inspection_takes = 0.0
        self._server = _Server(str(self.socket), self)
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), name="fake-engine")

    @property
    def socket(self) -> Path:
        """The engine's unix socket."""
        return self._work.path / "docker.sock"

    @property
    def url(self) -> str:
        """The endpoint, as in DOCKER_HOST."""
        return f"unix://{self.socket}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        for answer in list(self._hanging.values()):
            answer.set()
        self.cut_events()
        self._server.hang_up()
        self._server.server_close()
        self._work.remove()

    def run(self, container: FakeContainer) -> str:
        """Create and start a container; return its id."""
        container_id = self.create(container)
        self.start(container_id)
        return container_id

    def create(self, container: FakeContainer) -> str:
        """Create a container; return its id, which depends only on its name and how many were created before."""
        with self._lock:
            assert container.name not in self._ids, f"the name {container.name} is in use"
            self._made += 1
            container_id = _digest(f"container {self._made} {container.name}")
            self._ids[container.name] = container_id
            self._states[container_id] = _State(container_id, container, _now())
            self._tell(container_id, "create")
        return container_id

    def start(self, container_id: str) -> None:
        """Start a container that is not running."""
        with self._lock:
            self._tell_networks(container_id, "connect")
            state = self._states[container_id]
            self._states[container_id] = replace(
                state, status="running", started=_now(), health=state.made_with.health
            )
            self._tell(container_id, "start")

    def stop(self, container_id: str) -> None:
        """Stop a running container with its stop signal, which ends it at once."""
        with self._lock:
            signal = signals.number(self._states[container_id].made_with.stop_signal or "SIGTERM")
            self._tell(container_id, "kill", signal=str(signal))
            self._die(container_id, "0")
            self._tell(container_id, "stop")

    def die(self, container_id: str) -> None:
        """Let a running container exit by itself."""
        with self._lock:
            self._die(container_id, "0")

    def remove(self, container_id: str) -> None:
        """Remove a container, killing it if it is running."""
        with self._lock:
            if self._states[container_id].status == "running":
                self._tell(container_id, "kill", signal="9")
                self._die(container_id, "137")
            self._tell(container_id, "destroy")
            del self._ids[self._states.pop(container_id).made_with.name]

    def signal(self, container_id: str, number: str) -> None:
        """Send a container a signal that does not end it."""
        with self._lock:
            self._tell(container_id, "kill", signal=number)

    def set_health(self, container_id: str, health: str) -> None:
        """Change the health status of a running container."""
        with self._lock:
            self._states[container_id] = replace(self._states[container_id], health=health)
            self._tell(container_id, f"health_status: {health}")

    def cut_events(self) -> None:
        """End all open event streams."""
        with self._lock:
            streams, self._streams = self._streams, []
        for stream in streams:
            stream.end()

    @contextmanager
    def hanging(self, container_id: str) -> Iterator[None]:
        """Let inspections of a container hang until the block ends."""
        answer = self._hanging[container_id] = Event()
        try:
            yield
        finally:
            del self._hanging[container_id]
            answer.set()

    def ids(self) -> list[str]:
        """Return the ids of all containers, the newest first."""
        with self._lock:
            return list(reversed(self._states))

    def listed(self, *, running: bool = False) -> list[dict[str, Any]]:
        """Return the entries of the list of all containers, or of the running ones."""
        with self._lock:
            states = list(reversed(self._states.values()))
        return [
            {
                "Id": state.id,
                "Names": [f"/{state.made_with.name}"],
                "Image": state.made_with.image,
                "Labels": dict(state.made_with.labels),
                "State": state.status,
                "Status": _status(state),
                "Ports": _listed_ports(state),
                "NetworkSettings": {"Networks": _networks(state)},
            }
            for state in states
            if state.status == "running" or not running
        ]

    def networks(self) -> list[dict[str, str]]:
        """Return the entries of the list of networks: those of any container."""
        with self._lock:
            names = {name for state in self._states.values() for name in state.made_with.networks}
        return [{"Id": _digest(name), "Name": name, "Driver": _driver(name)} for name in sorted(names)]

    def inspected(self, name: str) -> dict[str, Any] | None:
        """Return the inspection of a container by id or name; None if there is no such container.

        One that comes while the container starts is answered once it has started, as by a real engine.
        """
        container_id = self._ids.get(name, name)
        time.sleep(self.inspection_takes)
        if answer := self._hanging.get(container_id):
            answer.wait()
        with self._lock:
            state = self._states.get(container_id)
        return _inspection(state, self.release) if state else None

    def remembered(self, wanted: Callable[[dict[str, Any]], bool], since: float, until: float) -> "_Stream":
        """Return a stream of the wanted events between two times, which then ends."""
        with self._lock:
            stream = self.follow(lambda message: message["timeNano"] <= until * 1e9 and wanted(message), since)
            self._streams.remove(stream)
        stream.end()
        return stream

    def follow(self, wanted: Callable[[dict[str, Any]], bool], since: float) -> "_Stream":
        """Return a stream of the wanted events since a time."""
        with self._lock:
            stream = _Stream(wanted)
            for message in self._past:
                if message["timeNano"] >= since * 1e9:
                    stream.put(message)
            self._streams.append(stream)
        return stream

    def _die(self, container_id: str, exit_code: str) -> None:
        state = self._states[container_id]
        self._states[container_id] = replace(state, status="exited", health=state.health and "unhealthy")
        self._tell(container_id, "die", exitCode=exit_code)
        self._tell_networks(container_id, "disconnect")

    def _tell(self, container_id: str, action: str, **attributes: str) -> None:
        made_with = self._states[container_id].made_with
        named = {"image": made_with.image, "name": made_with.name}
        legacy = {"status": action, "id": container_id, "from": made_with.image}
        self._publish("container", action, container_id, {**made_with.labels, **named, **attributes}, legacy)

    def _tell_networks(self, container_id: str, action: str) -> None:
        for network in self._states[container_id].made_with.networks:
            attributes = {"container": container_id, "name": network, "type": _driver(network)}
            self._publish("network", action, _digest(network), attributes, {})

    def _publish(
        self, kind: str, action: str, actor: str, attributes: Mapping[str, str], legacy: Mapping[str, str]
    ) -> None:
        now = time.time_ns()
        message = {
            **legacy,
            "Type": kind,
            "Action": action,
            "Actor": {"ID": actor, "Attributes": dict(attributes)},
            "scope": "local",
            "time": now // 10**9,
            "timeNano": now,
        }
        self._past.append(message)
        for stream in self._streams:
            stream.put(message)


class _Stream:
    """The events for one client, until `end`."""

    def __init__(self, wanted: Callable[[dict[str, Any]], bool]) -> None:
        self._wanted = wanted
        self._waiting: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()

    def put(self, message: dict[str, Any]) -> None:
        if self._wanted(message):
            self._waiting.put(message)

    def end(self) -> None:
        self._waiting.put(None)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self._waiting.get, None)


class _Server(ThreadingMixIn, UnixStreamServer):
    """Serves each connection on a thread; closing waits for these threads."""

    request_queue_size = 128

    def __init__(self, path: str, engine: FakeEngine) -> None:
        super().__init__(path, _Handler)
        self.engine = engine
        self._connections: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as in the base class
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - as in the base class
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as in the base class
        """Ignore clients that disconnect."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def hang_up(self) -> None:
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Refusal(Exception):  # noqa: N818 - an answer, not an error
    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    server: _Server

    def do_GET(self) -> None:
        """Answer as an engine does, with errors too."""
        try:
            path, query = self._unversioned()
            self._answer_to(path, query)
        except _Refusal as refusal:
            self._send(refusal.status, _line({"message": str(refusal)}))

    def do_HEAD(self) -> None:
        """Answer without a body."""
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in the base class
        """Log nothing."""

    def _unversioned(self) -> tuple[str, dict[str, str]]:
        split = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(split.query).items()}
        if not (versioned := re.fullmatch(r"/v(\d+\.\d+)(/.*)", split.path)):
            return split.path, query
        asked, release = versioned[1], self.server.engine.release
        if _number(asked) > _number(release.api):
            told = f"client version {asked} is too new. Maximum supported API version is {release.api}"
            raise _Refusal(HTTPStatus.BAD_REQUEST, told)
        if _number(asked) < _number(release.oldest_api):
            told = (
                f"client version {asked} is too old. Minimum supported API version is {release.oldest_api}, "
                "please upgrade your client to a newer version"
            )
            raise _Refusal(HTTPStatus.BAD_REQUEST, told)
        return versioned[2], query

    def _answer_to(self, path: str, query: dict[str, str]) -> None:
        engine = self.server.engine
        match path.strip("/").split("/"):
            case ["_ping"]:
                self._send(HTTPStatus.OK, b"OK", "text/plain; charset=utf-8")
            case ["version"]:
                self._send_json(_version(engine.release))
            case ["info"]:
                said = {"ID": engine.name, "Name": engine.name, "ServerVersion": engine.release.version}
                self._send_json(said)
            case ["containers", "json"] if "filters" not in query:
                self._send_json(engine.listed(running=query.get("all") != "1"))
            case ["containers", name, "json"]:
                if (inspection := engine.inspected(name)) is None:
                    raise _Refusal(HTTPStatus.NOT_FOUND, f"No such container: {name}")
                self._send_json(inspection)
            case ["networks"] if json.loads(query.get("filters", "{}")).keys() == {"id"}:
                ids = set(json.loads(query["filters"])["id"])
                self._send_json([network for network in engine.networks() if network["Id"] in ids])
            case ["events"]:
                since, wanted = float(query.get("since") or time.time()), _filter(query)
                until = query.get("until")
                self._stream(
                    engine.remembered(wanted, since, float(until)) if until else engine.follow(wanted, since)
                )
            case _:
                raise _Refusal(HTTPStatus.NOT_IMPLEMENTED, f"the fake engine does not know {self.path}")

    def _send_json(self, content: object) -> None:
        self._send(HTTPStatus.OK, _line(content))

    def _send(self, status: HTTPStatus, body: bytes, kind: str = "application/json") -> None:
        self._head(status, kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _stream(self, stream: _Stream) -> None:
        self._head(HTTPStatus.OK, "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        for message in stream:
            line = _line(message)
            self.wfile.write(b"%x\r\n%b\r\n" % (len(line), line))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def _head(self, status: HTTPStatus, kind: str) -> None:
        self.send_response(status)
        self.send_header("Api-Version", self.server.engine.release.api)
        self.send_header("Ostype", "linux")
        self.send_header("Content-Type", kind)


def _filter(query: Mapping[str, str]) -> Callable[[dict[str, Any]], bool]:
    """Return a predicate for a request's filters: each a list of values, or an object with the values as keys."""
    asked: dict[str, Any] = json.loads(query.get("filters") or "{}")
    if unknown := asked.keys() - {"type", "event"}:
        raise _Refusal(HTTPStatus.NOT_IMPLEMENTED, f"the fake engine does not filter by {sorted(unknown)}")
    kinds, actions = set(asked.get("type", ())), set(asked.get("event", ()))

    def wanted(message: dict[str, Any]) -> bool:
        action = message["Action"].partition(":")[0]
        return (not kinds or message["Type"] in kinds) and (not actions or action in actions)

    return wanted


def _version(release: _Release) -> dict[str, str]:
    return {
        "Version": release.version,
        "ApiVersion": release.api,
        "MinAPIVersion": release.oldest_api,
        "Os": "linux",
        "Arch": "amd64",
    }


def _inspection(state: _State, release: _Release) -> dict[str, Any]:
    made_with, running = state.made_with, state.status == "running"
    health = {"Health": {"Status": state.health}} if state.health else {}
    stop_signal = {"StopSignal": made_with.stop_signal} if made_with.stop_signal else {}
    return {
        "Id": state.id,
        "Created": state.created,
        "Name": f"/{made_with.name}",
        "State": {"Status": state.status, "Running": running, "StartedAt": state.started, **health},
        "Config": {"Image": made_with.image, "Labels": dict(made_with.labels), **stop_signal},
        "HostConfig": {"NetworkMode": made_with.network_mode or release.network_mode},
        "NetworkSettings": {
            "Ports": {port: _bindings(bound) for port, bound in made_with.ports.items()} if running else {},
            "Networks": _networks(state),
        },
    }


def _status(state: _State) -> str:
    """Return the status of a container in the list, as moby's container.State.String."""
    match state.status, state.health:
        case "created", _:
            return "Created"
        case "exited", _:
            return "Exited (0) 1 second ago"
        case _, "":
            return "Up 1 second"
        case _, "starting":
            return "Up 1 second (health: starting)"
        case _, health:
            return f"Up 1 second ({health})"


def _networks(state: _State) -> dict[str, dict[str, str]]:
    running = state.status == "running"
    return {
        name: _endpoint(name if state.started != NEVER else "", addresses if running else ())
        for name, addresses in state.made_with.networks.items()
    }


def _listed_ports(state: _State) -> list[dict[str, Any]]:
    ports = state.made_with.ports if state.status == "running" else {}
    return [
        {"PrivatePort": int(port.partition("/")[0]), "Type": port.partition("/")[2]} | public
        for port, bound in ports.items()
        for public in [{"IP": address, "PublicPort": int(number)} for address, number in bound] or [{}]
    ]


def _bindings(bound: Sequence[tuple[str, str]]) -> list[dict[str, str]] | None:
    return [{"HostIp": address, "HostPort": port} for address, port in bound] or None


def _endpoint(network: str, addresses: Sequence[str]) -> dict[str, str]:
    return {
        "NetworkID": _digest(network) if network else "",
        "IPAddress": next((one for one in addresses if ":" not in one), ""),
        "GlobalIPv6Address": next((one for one in addresses if ":" in one), ""),
    }


def _line(content: object) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode() + b"\n"


def _driver(network: str) -> str:
    return {"host": "host", "none": "null"}.get(network, "bridge")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
