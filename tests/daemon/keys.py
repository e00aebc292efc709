"""Reads what is in etcd below a root key and its state key, with mod revisions and leases."""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.lab.etcd import Etcd
from tests.lab.gateway import Key, look


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of all bridges with one root key."""

    etcd: Etcd
    root_key: str

    def view(self) -> Mapping[str, Key]:
        """Return everything below the root key, by the path below it."""
        return self._below(f"{self.root_key}/")

    def state(self) -> Mapping[str, Key]:
        """Return the state of the bridges, by the path below its key."""
        return self._below(f"docker-event-bridge/{self.root_key}/")

    def servers(self, container_id: str, host: str = "lab") -> list[str]:
        """Return the addresses of a container's servers."""
        segment = f"/servers/{host}-{container_id[:12]}/"
        return [key.value for path, key in sorted(self.view().items()) if segment in path]

    def left_of(self, host: str) -> list[str]:
        """What the state and the view hold of a host."""
        state = [path for path in self.state() if f"/{host}/" in f"{path}/"]
        return [*state, *(path for path in self.view() if f"/servers/{host}-" in path)]

    def revision(self) -> int:
        """The revision of the whole etcd."""
        return look(self.etcd, "-")[0]

    def _below(self, prefix: str) -> Mapping[str, Key]:
        _, found = look(self.etcd, prefix)
        return {key.removeprefix(prefix): it for key, it in found.items()}
