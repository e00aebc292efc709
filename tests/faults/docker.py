"""A real engine behind a relay that tests can cut, and containers that come, go and change."""

import random
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import anyio

from bridge.container import Container
from bridge.engine.client import Engine as Client
from bridge.engine.model import Endpoint
from tests.daemon.host import routed_by
from tests.engine.relay import Relay, pass_on, relay
from tests.lab.engine import Engine
from tests.lab.workdir import WorkDirectory

PORT = "--label=traefik.http.services.{0}.loadbalancer.server.port=80"


@dataclass(slots=True)
class Docker:
    """A real engine behind a relay, and its containers: `names` may be changed, `changed` have been.

    `options` of `docker run` apply to every container.
    """

    engine: Engine
    path: Path
    options: tuple[str, ...] = ()
    names: list[str] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    _numbers: Iterator[int] = field(default_factory=count)
    _stack: ExitStack = field(default_factory=ExitStack)
    _relay: Relay | None = None

    @property
    def url(self) -> str:
        """The endpoint that the bridge uses."""
        return f"unix://{self.path}"

    @property
    def relay(self) -> Relay:
        """The relay between the bridge and the engine."""
        assert self._relay
        return self._relay

    def connect(self) -> None:
        """Create the socket, unless it exists."""
        if not self._relay:
            self._relay = self._stack.enter_context(relay(self.path, self.engine.socket))

    def disconnect(self) -> None:
        """Remove the socket and break all its connections."""
        self._relay = None
        self._stack.close()
        self.path.unlink(missing_ok=True)

    @contextmanager
    def hanging(self, text: str) -> Iterator[None]:
        """Hold back every request whose first line contains the text until the end of the block."""
        over = threading.Event()

        def hold_back(request: str) -> None:
            if text in request:
                over.wait()

        self.relay.meddle = hold_back
        yield
        self.relay.meddle = pass_on
        over.set()

    def populate(self) -> None:
        """Run two containers that never change, and enough others that at least two may be changed."""
        if not self.everyone():
            for name in ("steady1", "steady2"):
                self._run(name, "busybox")
        while len(self.names) < 2:
            self.run()

    def run(self, *arguments: str, image: str = "busybox") -> str:
        """Run a container with a router and a service of its own; return its name."""
        name = f"c{next(self._numbers)}"
        self._run(name, *arguments, image)
        self.names.append(name)
        return name

    def remove(self, name: str) -> None:
        """Remove a container."""
        self.names.remove(name)
        self._remove(name)

    def recreate(self, name: str, *options: str) -> None:
        """Recreate a container, or create it if there is none."""
        if name in self.everyone():
            self._remove(name)
        self._run(name, *options, "busybox")

    def stop(self, name: str) -> None:
        """Kill a container."""
        self.changed.add(name)
        self.engine.cli("kill", name)

    def nap(self, name: str) -> None:
        """Pause a container, and unpause it."""
        self.changed.add(name)
        self.engine.cli("pause", name)
        self.engine.cli("unpause", name)

    def create(self, number: int) -> list[str]:
        """Create this many containers without starting them; return their names."""
        names = [f"c{next(self._numbers)}" for _ in range(number)]
        for name in names:
            self._run(name, "busybox", how="create")
        return names

    def run_together(self, number: int) -> list[str]:
        """Start this many containers at once; return their names."""
        names = self.create(number)
        self._all("start", names)
        return names

    def remove_together(self, names: Sequence[str]) -> None:
        """Remove containers all at the same time."""
        self.changed.update(names)
        self._all("rm", names, "--force")

    def brief(self, *options: str) -> None:
        """Run a container that lives for 50 ms."""
        self._run(f"c{next(self._numbers)}", *options, "busybox", "sleep", "0.05")

    def churn(self, chance: random.Random) -> None:
        """Run a container, remove one, recreate one, and pause and unpause one."""
        self.run()
        self.remove(chance.choice(self.names))
        self.recreate(chance.choice(self.names))
        self.nap(chance.choice(self.names))

    def share(self, site: str) -> None:
        """Run a container of a host that shares the router and the service `shared` with those of other hosts."""
        application = ("--label=com.docker.compose.project=x", "--label=com.docker.compose.service=shared")
        labels = (f"--label=site={site}", routed_by("shared"), PORT.format("shared"), *application)
        self.engine.cli("run", "--detach", "--name", f"shared-{site}", *self.options, *labels, "busybox")

    def _run(self, name: str, *arguments: str, how: str = "run --detach") -> None:
        self.changed.add(name)
        labels = (routed_by(name), PORT.format(name))
        self.engine.cli(*how.split(), "--name", name, *labels, *self.options, *arguments)

    def _all(self, command: str, names: Sequence[str], *options: str) -> None:
        """Run one command for each of these containers, all at the same time."""
        with ThreadPoolExecutor(len(names)) as threads:
            list(threads.map(lambda name: self.engine.cli(command, *options, name), names))

    def _remove(self, name: str) -> None:
        self.changed.add(name)
        self.engine.cli("rm", "--force", "--volumes", name)

    def everyone(self, *options: str) -> list[str]:
        """Return the names of all containers, or of those that options of `docker ps` select."""
        return self.engine.cli("ps", "--all", "--format", "{{.Names}}", *options).split()

    def containers(self) -> Sequence[Container]:
        """Return the engine's containers, read without the relay."""

        async def inspect() -> Sequence[Container]:
            client = Client(Endpoint(self.engine.url))
            try:
                return [one for one in await client.inspect_all() if isinstance(one, Container)]
            finally:
                await client.aclose()

        return anyio.run(inspect)

    def clear(self) -> None:
        """Remove all containers."""
        self.engine.clear()
        self.names.clear()
        self.changed.clear()


@contextmanager
def make_docker(engine: Engine) -> Iterator[Docker]:
    """Put a relay in front of an engine; remove its containers at the end."""
    work = WorkDirectory("relay")
    docker = Docker(engine, work.path / "docker.sock")
    with ExitStack() as stack:
        stack.callback(work.remove)
        stack.callback(docker.disconnect)
        stack.callback(docker.clear)
        docker.connect()
        yield docker
