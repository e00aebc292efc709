"""Simulates bridges of a later version: they write a later format, and read both."""

from typing import TypeVar

from msgspec.structs import replace

from bridge.claims.records import FORMAT
from bridge.claims.settling import Answer
from bridge.claims.transaction import Committed, KeyValue, Put, Read, Transaction

_TODAY, _LATER = (f'{{"format":{number},' for number in (FORMAT, FORMAT + 1))


def is_later(value: str) -> bool:
    """Return whether a later bridge wrote this value."""
    return value.startswith(_LATER)


def understood(seen: KeyValue) -> KeyValue:
    """Return a key as a later bridge reads it."""
    return seen._replace(value=seen.value.replace(_LATER, _TODAY, 1)) if is_later(seen.value) else seen


def heard(answer: Answer) -> Answer:
    """Return an answer as a later bridge reads it."""
    if isinstance(answer, Committed):
        return answer
    return replace(answer, found=tuple(tuple(map(understood, keys)) for keys in answer.found))


Request = TypeVar("Request", Transaction, Read, Transaction | Read)


def said(request: Request) -> Request:
    """Return a request as a later bridge sends it."""
    if isinstance(request, Read):
        return request
    return replace(request, writes=tuple(_later(it) if isinstance(it, Put) else it for it in request.writes))


def _later(put: Put) -> Put:
    return replace(put, value=put.value.replace(_TODAY, _LATER, 1)) if put.value.startswith(_TODAY) else put
