"""Looks at what is in etcd under a root key and its state, with the revisions at which it was written."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.lab.etcd import Etcd


@dataclass(frozen=True, slots=True)
class Key:
    """One key: its value, the revision of its last write, and its lease, 0 for none."""

    value: str
    revision: int
    lease: int


@dataclass(frozen=True, slots=True)
class Keys:
    """What bridges with one root key have in an etcd."""

    etcd: Etcd
    root_key: str

    def view(self) -> Mapping[str, Key]:
        """Everything below the root, by the path below it."""
        return self._below(f"{self.root_key}/")

    def state(self) -> Mapping[str, Key]:
        """Everything that the bridges agree on, by the path below their key."""
        return self._below(f"docker-event-bridge/{self.root_key}/")

    def servers(self, container_id: str, host: str = "lab") -> list[str]:
        """The addresses under which a container's services are reached."""
        segment = f"/servers/{host}-{container_id[:12]}/"
        return [key.value for path, key in sorted(self.view().items()) if segment in path]

    def revision(self) -> int:
        """The revision of the whole etcd."""
        return int(self._get("-")["header"]["revision"])

    def _below(self, prefix: str) -> Mapping[str, Key]:
        found = self._get("--prefix", prefix).get("kvs", [])
        return {_text(it["key"]).removeprefix(prefix): _key(it) for it in found}

    def _get(self, *arguments: str) -> dict[str, Any]:
        return dict(json.loads(self.etcd.ctl("get", "--write-out=json", *arguments)))


def _key(found: Mapping[str, Any]) -> Key:
    return Key(_text(found.get("value", "")), found["mod_revision"], found.get("lease", 0))


def _text(encoded: str) -> str:
    return base64.b64decode(encoded).decode()
