"""What the bridges write into the state, and how they read what others wrote there.

Every value is JSON with a format version. A value that cannot be read (broken, or of a later version) is returned
as Unreadable, with its definer if it names one: that much stays readable in every version, so that an older bridge
can always leave. Unknown fields are ignored.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct, field
from msgspec.json import Decoder

from bridge.claims.layout import Claimant
from bridge.labels.model import Ref

FORMAT = 1

Leaves = tuple[tuple[str, str], ...]
"""Paths below an object and their values, sorted by path."""

Seconds = Annotated[float, Meta(ge=0)]


class Definition(Struct, frozen=True):
    """What an object is: its name as spelled, and its leaves."""

    name: str
    leaves: Leaves


class ObjectRecord(Struct, frozen=True):
    """The definition in force and whose claim it comes from; `application` and `created` are the definer's."""

    definition: Definition
    definer: Claimant
    application: str
    created: str


class Claim(Struct, frozen=True):
    """A container's claim on an object: the definition that it wants, and the server that it brings.

    `name` is the spelling in force, under which its server is written to the view.
    """

    application: str
    created: str
    wants: Definition
    name: str
    server: Leaves


class _Written(Struct, frozen=True, tag_field="format", tag=FORMAT):
    """A value that is written as it stands, its format first."""


class Wait(Struct, frozen=True):
    """Why a container waits: the object, by its folded name (None: all of them), and the reason."""

    ref: Ref | None = field(name="object")
    reason: str


class ContainerRecord(_Written, frozen=True):
    """What a container (by its name) publishes, names folded, or why it waits; never both."""

    container: str
    claims: tuple[Ref, ...]
    waits: tuple[Wait, ...] = ()


class HostRecord(_Written, frozen=True):
    """Who a host is; after a clean stop, `goodbye` is for how many seconds its routes stay (else None)."""

    engine: str
    address: str
    version: str
    goodbye: Seconds | None = None


class AliveRecord(_Written, frozen=True):
    """A running bridge: its engine, its version, and for how many seconds its lease lasts without a refresh.

    `run` identifies this run, so that the bridge recognizes its own key; "" if it is not given.
    """

    engine: str
    version: str
    lease: Seconds
    run: str = ""


class Unreadable(Struct, frozen=True):
    """A value that this version cannot read, and the object's definer, if the value names one.

    `like` is the value read in this version's format, if that is possible: a guess that never decides a
    definition.
    """

    reason: str
    definer: Claimant | None = None
    like: ObjectRecord | Claim | None = None


class _Object(_Written, frozen=True):
    """An ObjectRecord as it is written."""

    definer: Claimant
    application: str
    created: str
    name: str
    leaves: dict[str, str]


class _Wanted(Struct, frozen=True):
    name: str
    leaves: dict[str, str]


class _Claim(_Written, frozen=True):
    """A Claim as it is written."""

    application: str
    created: str
    wants: _Wanted
    name: str
    server: dict[str, str]


Record = TypeVar("Record")
Written = TypeVar("Written")

_encode = msgspec.json.Encoder().encode
_containers, _hosts, _alives = Decoder(ContainerRecord), Decoder(HostRecord), Decoder(AliveRecord)
_objects, _claims = Decoder(_Object), Decoder(_Claim)


def encode_object(record: ObjectRecord) -> str:
    """Return the value of an object's key."""
    name, leaves = record.definition.name, dict(record.definition.leaves)
    return _text(_Object(record.definer, record.application, record.created, name, leaves))


def with_definer(value: str, definer: Claimant, application: str, created: str) -> str:
    """Return the value of an object that cannot be read, with another definer; all else stays as it was."""
    data: dict[str, object] = msgspec.json.decode(value)
    data["definer"] = definer
    about = {"application": application, "created": created}
    return _text(data | {name: text for name, text in about.items() if isinstance(data.get(name), str)})


def encode_claim(claim: Claim) -> str:
    """Return the value of a claim's key."""
    wants = _Wanted(claim.wants.name, dict(claim.wants.leaves))
    return _text(_Claim(claim.application, claim.created, wants, claim.name, dict(claim.server)))


def encode_record(record: ContainerRecord | HostRecord | AliveRecord) -> str:
    """Return the value of a container's, a host's or a running bridge's key."""
    return _text(record)


def decode_object(value: str) -> ObjectRecord | Unreadable:
    """Read the value of an object's key."""
    return _decoded(value, _objects, _object)


def decode_claim(value: str) -> Claim | Unreadable:
    """Read the value of a claim's key."""
    return _decoded(value, _claims, _claim)


def decode_container(value: str) -> ContainerRecord | Unreadable:
    """Read the value of a container's key."""
    return _decoded(value, _containers, _same)


def decode_host(value: str) -> HostRecord | Unreadable:
    """Read the value of a host's key."""
    return _decoded(value, _hosts, _same)


def decode_alive(value: str) -> AliveRecord | Unreadable:
    """Read the value of a running bridge's key."""
    return _decoded(value, _alives, _same)


def _text(record: object) -> str:
    return _encode(record).decode()


def _decoded(value: str, decoder: Decoder[Written], read: Callable[[Written], Record]) -> Record | Unreadable:
    try:
        return read(decoder.decode(value))
    except (ValueError, RecursionError) as error:
        return _unreadable(value, str(error), decoder.type, read)


def _unreadable(value: str, why: str, written: type[Written], read: Callable[[Written], Any]) -> Unreadable:
    try:
        data = msgspec.json.decode(value)
    except (ValueError, RecursionError):
        return Unreadable("it is not JSON")
    if not isinstance(data, dict):
        return Unreadable("it is not a JSON object")
    definer = _converted(data.get("definer"), Claimant)
    if data.get("format") == FORMAT:
        return Unreadable(f"it is broken ({why})", definer)
    alike = _converted(data | {"format": FORMAT}, written)
    like = read(alike) if alike else None
    reason = f"its format is {data.get('format')}, this bridge knows {FORMAT}"
    return Unreadable(reason, definer, like if isinstance(like, ObjectRecord | Claim) else None)


def _converted(data: object, kind: type[Written]) -> Written | None:
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError:
        return None


def _object(it: _Object) -> ObjectRecord:
    return ObjectRecord(Definition(it.name, _leaves(it.leaves)), it.definer, it.application, it.created)


def _claim(it: _Claim) -> Claim:
    wants = Definition(it.wants.name, _leaves(it.wants.leaves))
    return Claim(it.application, it.created, wants, it.name, _leaves(it.server))


def _same(record: Record) -> Record:
    return record


def _leaves(written: Mapping[str, str]) -> Leaves:
    return tuple(sorted(written.items()))
