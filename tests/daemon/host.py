"""A host for the tests of the daemon: its engine, the bridge on it, and the keys that it wrote."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.daemon.keys import Keys
from tests.lab.bridge import Bridge
from tests.lab.engine import Engine
from tests.lab.etcd import Etcd
from tests.lab.wait import wait_for

WITHIN = 10.0


@dataclass(frozen=True, slots=True)
class Host:
    """An engine and its bridge, and the keys in etcd."""

    engine: Engine
    bridge: Bridge
    keys: Keys
    name: str = "lab"

    def servers(self, container_id: str) -> list[str]:
        """Return the addresses of a container's servers, none if it is not routed."""
        return self.keys.servers(container_id, self.name)

    def left(self) -> list[str]:
        """What the state and the view hold of it."""
        return self.keys.left_of(self.name)

    def restart(self) -> None:
        """Start the bridge again after it ended, and wait until it is healthy."""
        self.bridge.start()
        self.bridge.wait_until_healthy()

    def lose_lease(self) -> None:
        """Have somebody else take the bridge's lease away, and wait until it has another."""
        alive = f"alive/{self.name}"
        lost = self.keys.state()[alive].lease
        self.keys.etcd.ctl("lease", "revoke", f"{lost:x}")

        def renewed() -> bool:
            now = self.keys.state().get(alive)
            return now is not None and now.lease != lost

        wait_for(renewed, WITHIN, self.bridge.process.tail)

    def wait_until_routed(self, container_id: str, within: float = WITHIN) -> list[str]:
        """Wait until a container has servers, and return their addresses."""
        return wait_for(lambda: self.servers(container_id), within, self.bridge.process.tail)

    def wait_until_withdrawn(self, container_id: str, within: float = WITHIN) -> None:
        """Wait until a container has no server."""
        wait_for(lambda: not self.servers(container_id), within, self.bridge.process.tail)

    def wait_until_logged(self, text: str, within: float = WITHIN) -> None:
        """Wait until the log contains a text."""
        wait_for(lambda: text in self.bridge.log(), within, self.bridge.process.tail)

    def wait_until_followed(self) -> None:
        """Wait until the bridge has handled all container events up to now."""
        name = f"last-{uuid.uuid4().hex[:8]}"
        with self.engine.container(name, routed_by(name)) as container:
            self.wait_until_routed(container)
        self.wait_until_withdrawn(container)

    @contextmanager
    def container(self, name: str, *options: str, **how: Any) -> Iterator[str]:  # noqa: ANN401
        """Run a container with a router of its name until the block ends; yields its id once it is routed."""
        with self.engine.container(name, routed_by(name), *options, **how) as container:
            self.wait_until_routed(container)
            yield container

    def logged(self, **fields: str) -> list[dict[str, Any]]:
        """Return the lines of the log with these fields."""
        lines = [json.loads(line) for line in self.bridge.log().splitlines() if line.startswith("{")]
        return [line for line in lines if fields.items() <= line.items()]


@contextmanager
def hosted(engine: Engine, etcd: Etcd, root_key: str, **settings: str) -> Iterator[Host]:
    """Run a host's bridge, until the block ends; gives the host once the bridge is healthy."""
    with Bridge(engine, etcd, root_key, **settings) as bridge:
        yield Host(engine, bridge, Keys(etcd, root_key))


def routed_by(name: str) -> str:
    """Return the label that routes the host `<name>.localhost` to a container."""
    return f"--label=traefik.http.routers.{name}.rule=Host(`{name}.localhost`)"
