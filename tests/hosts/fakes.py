"""Hosts with real bridges on fake engines, for many bridges at little cost."""

import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import bridge
from tests.daemon.host import WITHIN
from tests.daemon.keys import Keys
from tests.lab.bridge import Bridge
from tests.lab.etcd import Etcd
from tests.lab.fake_engine import FakeContainer, FakeEngine
from tests.lab.gateway import Key
from tests.lab.process import Process
from tests.lab.shell import Command
from tests.lab.wait import wait_for

COMPOSE = {"com.docker.compose.project": "shop", "com.docker.compose.service": "web"}
STARTED_WITHIN = 30.0


@dataclass(frozen=True, slots=True)
class FakeHost:
    """A fake engine, its bridge, and the keys in etcd."""

    name: str
    engine: FakeEngine
    bridge: Bridge
    keys: Keys

    @property
    def process(self) -> Process:
        """The bridge's process."""
        return self.bridge.process

    def start(self, program: Command = Bridge.program) -> None:
        """Start the bridge with this program, and wait for its first sync."""
        self.bridge.program = program
        self.bridge.start()
        self.process.wait_until(self.bridge.healthy, STARTED_WITHIN)

    def run(self, name: str, priority: int = 1) -> str:
        """Run a container with the shared router and service `web`; return its id."""
        labels = {
            "traefik.http.routers.web.rule": "Host(`web`)",
            "traefik.http.routers.web.priority": f"{priority}",
        }
        return self.engine.run(FakeContainer(name, labels | COMPOSE))

    def routed(self, container: str) -> bool:
        """Return whether a container has a server."""
        return bool(self.keys.servers(container, self.name))

    def wait_until_routed(self, container: str, within: float = WITHIN) -> None:
        """Wait until a container has a server."""
        wait_for(lambda: self.routed(container), within, self.process.tail)

    def remove(self, container: str) -> None:
        """Remove a container, and wait until it has no server."""
        self.engine.remove(container)
        wait_for(lambda: not self.routed(container), WITHIN, self.process.tail)

    def view_without(self, *hosts: str) -> Mapping[str, Key]:
        """Return the view without the servers of these hosts."""
        theirs = tuple(f"/{host}-" for host in hosts)
        return {path: key for path, key in self.keys.view().items() if not any(it in path for it in theirs)}

    def wait_until_forgotten(self, host: str, within: float) -> None:
        """Wait until nothing is left of a host."""
        wait_for(lambda: not self.keys.left_of(host), within, lambda: f"{self.keys.left_of(host)}")

    def wait_until_told(self, event: str, **fields: str) -> None:
        """Wait until the log has a line with this text and these fields."""
        told = (event, *(f'"{name}": "{text}"' for name, text in fields.items()))
        wait_for(lambda: any(all(it in line for it in told) for line in self._log()), WITHIN, self.process.tail)

    def _log(self) -> list[str]:
        return self.bridge.log().splitlines()


@contextmanager
def fake_host(etcd: Etcd, root_key: str, name: str, **settings: str) -> Iterator[FakeHost]:
    """Make a host whose bridge is not started yet; it is removed when the block ends."""
    with FakeEngine(name=name) as engine:
        made = Bridge(engine, etcd, root_key, host_name=name, **settings)
        try:
            yield FakeHost(name, engine, made, Keys(etcd, root_key))
        finally:
            made.remove()


TODAY, ONE_DAY = '{"format":1,', '{"format":2,'
ONE_DAY_WITH_MORE = f'{ONE_DAY}"later":[],'


def later_version(directory: Path) -> Command:
    """Copy the product as a later version: it writes a format with one more field, and still reads today's."""
    shutil.copytree(Path(bridge.__file__).parent, directory / "bridge")
    records = directory / "bridge/claims/records.py"
    text = records.read_text()
    for today, later in (
        ("FORMAT = 1\n", "FORMAT = 2\n"),
        ("_encode(record).decode()", f"_encode(record).decode().replace({ONE_DAY!r}, {ONE_DAY_WITH_MORE!r}, 1)"),
        ("decoder.decode(value)", f"decoder.decode(value.replace({TODAY!r}, {ONE_DAY!r}, 1))"),
    ):
        assert text.count(today) == 1, today
        text = text.replace(today, later)
    records.write_text(text)
    return ("env", f"PYTHONPATH={directory}", "PYTHONSAFEPATH=1", sys.executable, "-m", "bridge")
