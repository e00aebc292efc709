"""What the bridges write into the state, and how they read what others wrote there.

Every value is JSON with a format version. What cannot be read (broken, or of a later version) comes back as
Unreadable, with the definer where one is named: that much stays readable in every version, so that an older
bridge can always leave. Fields that are not known are ignored.
"""

import json
from collections.abc import Callable, Mapping
from functools import lru_cache, wraps
from typing import Any, TypeVar

from msgspec import Struct

from bridge.claims.layout import Claimant
from bridge.labels.model import Ref

FORMAT = 1

Leaves = tuple[tuple[str, str], ...]
"""Paths below an object and their values, sorted by path."""


class Definition(Struct, frozen=True):
    """What an object is: its name as spelled, and its leaves."""

    name: str
    leaves: Leaves


class ObjectRecord(Struct, frozen=True):
    """The definition in force, and whose claim gave it; `application` and `created` are the definer's."""

    definition: Definition
    definer: Claimant
    application: str
    created: str


class Claim(Struct, frozen=True):
    """A container's claim on an object: what it wants it to be, and the server that it brings.

    `name` is the spelling in force, under which its server stands in the view.
    """

    application: str
    created: str
    wants: Definition
    name: str
    server: Leaves


class Wait(Struct, frozen=True):
    """Why a container waits: the object, by its folded name (None: all of them), and what is the matter."""

    ref: Ref | None
    reason: str


class ContainerRecord(Struct, frozen=True):
    """What a container (by its name) publishes, names folded, or why it waits; never both."""

    container: str
    claims: tuple[Ref, ...]
    waits: tuple[Wait, ...] = ()


class HostRecord(Struct, frozen=True):
    """Who a host is; after a goodbye, for how many seconds its routes stay (None: it has not said goodbye)."""

    engine: str
    address: str
    version: str
    goodbye: float | None = None


class AliveRecord(Struct, frozen=True):
    """A running bridge: its engine, its version, and how many seconds its lease lasts when it falls silent.

    `run` is a word of its own, by which it knows its key again; "" where it does not say.
    """

    engine: str
    version: str
    lease: float
    run: str = ""


class Unreadable(Struct, frozen=True):
    """A value that this version does not understand, and who defines the object, where it says so.

    `like` is what it would say in this version's format, if it can be read so: a guess, on which no definition is
    decided.
    """

    reason: str
    definer: Claimant | None = None
    like: "ObjectRecord | Claim | None" = None


Record = TypeVar("Record")

_BROKEN = (AttributeError, KeyError, TypeError, ValueError)
"""What reading raises where something is missing or of another type."""

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

REMEMBERED, LONGEST = 64, 1_000
"""How many decoded values are remembered, and up to which length: what labels blow up is decoded each time."""


def _remembered(decode: Callable[[str], Record]) -> Callable[[str], Record]:
    cached = lru_cache(REMEMBERED)(decode)

    @wraps(decode)
    def decoded(value: str) -> Record:
        return cached(value) if len(value) <= LONGEST else decode(value)

    return decoded


def encode_object(record: ObjectRecord) -> str:
    """The value of an object's key."""
    return _text(
        definer={"host": record.definer.host, "container": record.definer.container},
        application=record.application,
        created=record.created,
        name=record.definition.name,
        leaves=dict(record.definition.leaves),
    )


def handed_on(value: str, definer: Claimant, application: str, created: str) -> str:
    """The value of an object's key that cannot be read, given to another definer; all else stays as it was."""
    data: dict[str, object] = json.loads(value)
    data["definer"] = {"host": definer.host, "container": definer.container}
    about = {"application": application, "created": created}
    return _encode(data | {name: text for name, text in about.items() if isinstance(data.get(name), str)})


def encode_claim(claim: Claim) -> str:
    """The value of a claim's key."""
    return _text(
        application=claim.application,
        created=claim.created,
        wants={"name": claim.wants.name, "leaves": dict(claim.wants.leaves)},
        name=claim.name,
        server=dict(claim.server),
    )


def encode_container(record: ContainerRecord) -> str:
    """The value of a container's key."""
    return _text(
        container=record.container,
        claims=[_ref_list(ref) for ref in record.claims],
        waits=[
            {"object": _ref_list(wait.ref) if wait.ref else None, "reason": wait.reason} for wait in record.waits
        ],
    )


def encode_host(record: HostRecord) -> str:
    """The value of a host's key."""
    return _text(engine=record.engine, address=record.address, version=record.version, goodbye=record.goodbye)


def encode_alive(record: AliveRecord) -> str:
    """The value of a running bridge's key."""
    return _text(engine=record.engine, version=record.version, lease=record.lease, run=record.run)


@_remembered
def decode_object(value: str) -> ObjectRecord | Unreadable:
    """Read an object's key."""
    return _decoded(value, _object)


@_remembered
def decode_claim(value: str) -> Claim | Unreadable:
    """Read a claim's key."""
    return _decoded(value, _claim)


def decode_container(value: str) -> ContainerRecord | Unreadable:
    """Read a container's key."""
    return _decoded(value, _container)


def decode_host(value: str) -> HostRecord | Unreadable:
    """Read a host's key."""
    return _decoded(value, _host)


def decode_alive(value: str) -> AliveRecord | Unreadable:
    """Read a running bridge's key."""
    return _decoded(value, _alive)


def _text(**fields: object) -> str:
    return _encode({"format": FORMAT, **fields})


def _decoded(value: str, read: Callable[[Mapping[str, Any]], Record]) -> Record | Unreadable:
    try:
        data = json.loads(value)
    except (ValueError, RecursionError):
        return Unreadable("it is not JSON")
    if not isinstance(data, dict):
        return Unreadable("it is not an object")
    if data.get("format") != FORMAT:
        reason = f"its format is {data.get('format')}, this bridge knows {FORMAT}"
        return Unreadable(reason, _definer(data), _like(data, read))
    try:
        return read(data)
    except _BROKEN as error:
        return Unreadable(f"it is broken ({type(error).__name__}: {error})", _definer(data))


def _like(data: Mapping[str, Any], read: Callable[[Mapping[str, Any]], Record]) -> ObjectRecord | Claim | None:
    try:
        found = read(data)
    except _BROKEN:
        return None
    return found if isinstance(found, ObjectRecord | Claim) else None


def _definer(data: Mapping[str, Any]) -> Claimant | None:
    try:
        return _claimant(data["definer"])
    except _BROKEN:
        return None


def _claimant(data: Mapping[str, Any]) -> Claimant:
    return Claimant(_str(data, "host"), _str(data, "container"))


def _object(data: Mapping[str, Any]) -> ObjectRecord:
    definition = Definition(_str(data, "name"), _leaves(data["leaves"]))
    return ObjectRecord(definition, _claimant(data["definer"]), _str(data, "application"), _str(data, "created"))


def _claim(data: Mapping[str, Any]) -> Claim:
    wants = Definition(_str(data["wants"], "name"), _leaves(data["wants"]["leaves"]))
    return Claim(
        _str(data, "application"), _str(data, "created"), wants, _str(data, "name"), _leaves(data["server"])
    )


def _container(data: Mapping[str, Any]) -> ContainerRecord:
    waits = tuple(_wait(wait) for wait in data["waits"])
    return ContainerRecord(_str(data, "container"), tuple(_ref(ref) for ref in data["claims"]), waits)


def _wait(data: Mapping[str, Any]) -> Wait:
    return Wait(None if data["object"] is None else _ref(data["object"]), _str(data, "reason"))


def _host(data: Mapping[str, Any]) -> HostRecord:
    goodbye = data["goodbye"]
    return HostRecord(
        _str(data, "engine"),
        _str(data, "address"),
        _str(data, "version"),
        None if goodbye is None else float(goodbye),
    )


def _alive(data: Mapping[str, Any]) -> AliveRecord:
    return AliveRecord(
        _str(data, "engine"), _str(data, "version"), float(data["lease"]), _checked(data.get("run", ""))
    )


def _ref_list(ref: Ref) -> list[str]:
    return [ref.protocol, ref.kind, ref.name]


def _ref(data: Any) -> Ref:  # noqa: ANN401 - JSON from outside
    protocol, kind, name = data
    return Ref(_checked(protocol), _checked(kind), _checked(name))


def _leaves(data: Mapping[str, Any]) -> Leaves:
    for value in data.values():
        _checked(value)
    return tuple(sorted(data.items()))


def _str(data: Mapping[str, Any], name: str) -> str:
    return _checked(data[name])


def _checked(text: object) -> str:
    if not isinstance(text, str):
        raise TypeError(f"{text!r} is not a text")
    return text
