"""What etcd holds and what has happened to it, asked through its JSON gateway: no line of the product looks."""

import base64
import json
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any

from tests.lab.etcd import Etcd

ANSWER_WITHIN = 10.0


@dataclass(frozen=True, slots=True)
class Change:
    """A key was put, or deleted where `value` is None; seen at a time of the monotonic clock."""

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
    with _ask(etcd, "kv/range", {"key": _coded(prefix), "range_end": _coded(_end(prefix))}) as answer:
        found = json.load(answer)
    keys = {_text(it["key"]): _text(it.get("value", "")) for it in found.get("kvs", ())}
    return Moment(int(found["header"]["revision"]), keys)


def put(etcd: Etcd, key: str, value: str, within: float = ANSWER_WITHIN) -> int:
    """Write a key; return the revision. Raises OSError where the member does not answer within so many seconds."""
    with _ask(etcd, "kv/put", {"key": _coded(key), "value": _coded(value)}, within) as answer:
        return int(json.load(answer)["header"]["revision"])


def leads(etcd: Etcd) -> bool:
    """Whether a member leads its cluster."""
    with _ask(etcd, "maintenance/status", {}) as answer:
        told = json.load(answer)
    return bool(told["header"]["member_id"] == told["leader"])


def changes(etcd: Etcd, prefix: str, since: int) -> Iterator[Change]:
    """Return what happened below a prefix after a revision, and what happens from now on."""
    request = {"key": _coded(prefix), "range_end": _coded(_end(prefix)), "start_revision": since + 1}
    with _ask(etcd, "watch", {"create_request": request}) as answer:
        for line in answer:
            result = json.loads(line)["result"]
            assert not result.get("canceled"), result
            for event in result.get("events", ()):
                yield _change(event)


def _change(event: Mapping[str, Any]) -> Change:
    deleted, found = event.get("type") == "DELETE", event["kv"]
    value = None if deleted else _text(found.get("value", ""))
    return Change(_text(found["key"]), value, int(found["mod_revision"]), time.monotonic())


def _ask(etcd: Etcd, what: str, request: Mapping[str, object], within: float = ANSWER_WITHIN) -> HTTPResponse:
    url, data = f"http://{etcd.endpoint}/v3/{what}", json.dumps(request).encode()
    answer: HTTPResponse = urllib.request.urlopen(url, data, timeout=within)
    return answer


def _end(prefix: str) -> str:
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


def _coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _text(coded: str) -> str:
    return base64.b64decode(coded).decode()
