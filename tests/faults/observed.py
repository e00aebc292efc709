"""What etcd holds and what has happened to it, seen without the product."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.lab import gateway
from tests.lab.etcd import Etcd
from tests.lab.gateway import ANSWER_WITHIN, ask, coded, text


@dataclass(frozen=True, slots=True)
class Change:
    """A key that was put, or deleted if `value` is None; `seen` is a time of the monotonic clock."""

    key: str
    value: str | None
    revision: int
    seen: float


@dataclass(frozen=True, slots=True)
class Moment:
    """The keys below a prefix at one revision."""

    revision: int
    keys: Mapping[str, str]


def look(etcd: Etcd, prefix: str) -> Moment:
    """Return what is below a prefix, as the majority has it; raise OSError where the member cannot say."""
    revision, found = gateway.look(etcd, prefix)
    return Moment(revision, {key: it.value for key, it in found.items()})


def put(etcd: Etcd, key: str, value: str, within: float = ANSWER_WITHIN) -> int:
    """Write a key; return the revision. Raises OSError where the member does not answer within so many seconds."""
    with ask(etcd, "kv/put", {"key": coded(key), "value": coded(value)}, within) as answer:
        return int(json.load(answer)["header"]["revision"])


def leads(etcd: Etcd) -> bool:
    """Whether a member leads its cluster."""
    with ask(etcd, "maintenance/status", {}) as answer:
        told = json.load(answer)
    return bool(told["header"]["member_id"] == told["leader"])


def changes(etcd: Etcd, prefix: str, since: int) -> Iterator[Change]:
    """Return what happened below a prefix after a revision, and what happens from now on."""
    request = {**gateway.below(prefix), "start_revision": since + 1}
    with ask(etcd, "watch", {"create_request": request}) as answer:
        for line in answer:
            result = json.loads(line)["result"]
            assert not result.get("canceled"), result
            for event in result.get("events", ()):
                yield _change(event)


def _change(event: Mapping[str, Any]) -> Change:
    deleted, found = event.get("type") == "DELETE", event["kv"]
    value = None if deleted else text(found.get("value", ""))
    return Change(text(found["key"]), value, int(found["mod_revision"]), time.monotonic())
