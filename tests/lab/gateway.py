"""Asks an etcd through its JSON gateway: no line of the product looks, and no process is started for a look."""

import base64
import json
import os
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPResponse

from tests.lab.etcd import Etcd

ANSWER_WITHIN = 10.0


@dataclass(frozen=True, slots=True)
class Key:
    """One key: its value, the revision of its last write, and its lease, 0 for none."""

    value: str
    revision: int
    lease: int


def look(etcd: Etcd, prefix: str) -> tuple[int, Mapping[str, Key]]:
    """Return the revision and what is below a prefix, as the majority has it.

    Raises OSError where the member cannot say.
    """
    with ask(etcd, "kv/range", below(prefix)) as answer:
        found = json.load(answer)
    return int(found["header"]["revision"]), {text(it["key"]): _key(it) for it in found.get("kvs", ())}


def ask(etcd: Etcd, what: str, request: Mapping[str, object], within: float = ANSWER_WITHIN) -> HTTPResponse:
    """Ask as whom `ETCDCTL_USER` names, as etcdctl does; raise OSError where there is no answer in time."""
    token = {"Authorization": _token(etcd, *user.split(":"))} if (user := os.environ.get("ETCDCTL_USER")) else {}
    return _post(etcd, what, request, within, token)


def below(prefix: str) -> dict[str, str]:
    """Return what in a request stands for all keys that begin with a prefix."""
    return {"key": coded(prefix), "range_end": coded(prefix[:-1] + chr(ord(prefix[-1]) + 1))}


def coded(plain: str) -> str:
    """Return a text as it is asked for."""
    return base64.b64encode(plain.encode()).decode()


def text(coded_text: str) -> str:
    """Return a text that was answered."""
    return base64.b64decode(coded_text).decode()


def _key(found: Mapping[str, str]) -> Key:
    return Key(text(found.get("value", "")), int(found["mod_revision"]), int(found.get("lease", 0)))


def _token(etcd: Etcd, name: str, password: str) -> str:
    with _post(etcd, "auth/authenticate", {"name": name, "password": password}, ANSWER_WITHIN, {}) as answer:
        return str(json.load(answer)["token"])


def _post(
    etcd: Etcd, what: str, request: Mapping[str, object], within: float, headers: Mapping[str, str]
) -> HTTPResponse:
    data = json.dumps(request).encode()
    asked = urllib.request.Request(f"http://{etcd.endpoint}/v3/{what}", data, dict(headers))
    answer: HTTPResponse = urllib.request.urlopen(asked, timeout=within)
    return answer
