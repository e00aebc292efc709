"""Bridges of two versions on one etcd: what a later one writes bears a later format, and it reads both."""

from typing import TypeVar

from msgspec.structs import replace

from bridge.claims.records import FORMAT
from bridge.claims.settling import Answer
from bridge.claims.transaction import Committed, KeyValue, Put, Read, Transaction

_TODAY, _LATER = (f'{{"format":{number},' for number in (FORMAT, FORMAT + 1))


def is_later(value: str) -> bool:
    """Whether a later bridge wrote this."""
    return value.startswith(_LATER)


def understood(seen: KeyValue) -> KeyValue:
    """A key as a later bridge reads it."""
    return seen._replace(value=seen.value.replace(_LATER, _TODAY, 1)) if is_later(seen.value) else seen


def heard(answer: Answer) -> Answer:
    """An answer as a later bridge understands it."""
    if isinstance(answer, Committed):
        return answer
    return replace(answer, found=tuple(tuple(map(understood, keys)) for keys in answer.found))


Request = TypeVar("Request", Transaction, Read, Transaction | Read)


def said(request: Request) -> Request:
    """A request as a later bridge makes it."""
    if isinstance(request, Read):
        return request
    return replace(request, writes=tuple(_later(it) if isinstance(it, Put) else it for it in request.writes))


def _later(put: Put) -> Put:
    return replace(put, value=put.value.replace(_TODAY, _LATER, 1)) if put.value.startswith(_TODAY) else put
