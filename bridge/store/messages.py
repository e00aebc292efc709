"""etcd's messages: requests made from our values, answers read into them."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from bridge.claims.table import Table
from bridge.claims.transaction import (
    MAX_OPERATIONS,
    Committed,
    Compare,
    Delete,
    KeyValue,
    Put,
    Range,
    Refused,
    Revision,
    Transaction,
    as_bytes,
    as_text,
)
from bridge.store.stubs import etcdrpc

_CREATED, _MODIFIED = etcdrpc.Compare.CREATE, etcdrpc.Compare.MOD
_LESS, _EQUAL = etcdrpc.Compare.LESS, etcdrpc.Compare.EQUAL

Fields = Mapping[str, Any]
"""Part of a request, by the names of its fields: three times as fast as messages for the parts."""


class Message(Protocol):
    """A message on its way to etcd."""

    def SerializeToString(self) -> bytes:  # noqa: N802, protobuf's name
        """Return the message in wire format."""


class Header(Protocol):
    """The header of every answer."""

    revision: int


class KeyValueMessage(Protocol):
    """A key in an answer."""

    key: bytes
    value: bytes
    create_revision: int
    mod_revision: int


class RangeResponse(Protocol):
    """The keys of a range, or one page of them."""

    header: Header
    kvs: Sequence[KeyValueMessage]
    more: bool


class ResponseOp(Protocol):
    """The answer to one operation of a transaction."""

    response_range: RangeResponse


class TxnResponse(Protocol):
    """The outcome of a transaction."""

    header: Header
    succeeded: bool
    responses: Sequence[ResponseOp]


def key_value(message: KeyValueMessage) -> KeyValue:
    """Return a key of an answer as a KeyValue."""
    return KeyValue(as_text(message.key), as_text(message.value), message.create_revision, message.mod_revision)


def add_keys(answer: RangeResponse, table: Table) -> None:
    """Add the keys of an answer to those that came before them."""
    for message in answer.kvs:
        table.add(message.key, message.value, message.create_revision, message.mod_revision)


def range_bounds(keys: Range) -> dict[str, bytes]:
    """Return the fields that say which keys are meant."""
    return {"key": as_bytes(keys.key), "range_end": as_bytes(keys.end)}


def transaction_request(transaction: Transaction, lease: int = 0) -> Message:
    """Return the request for a transaction; each key that it puts is attached to `lease` (0: none).

    Raises ValueError if it exceeds what etcd accepts.
    """
    writes = [_write(write, lease) for write in transaction.writes]
    reads = [_read(keys) for keys in transaction.reads]
    beside = max(len(transaction.compares), len(reads))
    return _txn(
        compare=[_compare(compare) for compare in transaction.compares],
        success=_nested(writes, beside),
        failure=reads,
    )


def outcome(answer: TxnResponse) -> Committed | Refused:
    """Return what became of a transaction."""
    if answer.succeeded:
        return Committed(answer.header.revision)
    return Refused(answer.header.revision, found_keys(answer))


def read_request(keys: Sequence[Range], revision: int) -> Message:
    """Return the request to read up to 128 single keys at one revision, the latest for 0."""
    return _txn(success=[_read(it, revision) for it in keys])


def found_keys(answer: TxnResponse) -> tuple[tuple[KeyValue, ...], ...]:
    """Return what a transaction read, in the order requested."""
    return tuple(tuple(map(key_value, response.response_range.kvs)) for response in answer.responses)


def _txn(**parts: Sequence[Fields]) -> Message:
    request: Message = etcdrpc.TxnRequest(**parts)
    return request


def _nested(writes: Sequence[Fields], beside: int) -> Sequence[Fields]:
    """Spread writes that are too many for one level over nested transactions.

    A nested transaction may hold as many as the level of its parent leaves of the limit (etcd's checkTxnRequest).
    """
    if max(len(writes), beside) <= MAX_OPERATIONS:
        return writes
    for groups in range(max(beside, 1), MAX_OPERATIONS):
        size = MAX_OPERATIONS - groups
        if groups * size >= len(writes):
            starts = range(0, len(writes), size)
            return [{"request_txn": {"success": writes[at : at + size]}} for at in starts]
    raise ValueError(f"{len(writes)} writes beside {beside} compares or reads do not fit a transaction")


def _compare(compare: Compare) -> Fields:
    created = compare.revision is Revision.CREATED
    return {
        "target": _CREATED if created else _MODIFIED,
        "result": _LESS if compare.below else _EQUAL,
        "create_revision" if created else "mod_revision": compare.value,
        **range_bounds(compare.range),
    }


def _write(write: Put | Delete, lease: int) -> Fields:
    key = as_bytes(write.key)
    if isinstance(write, Put):
        return {"request_put": {"key": key, "value": as_bytes(write.value), "lease": lease}}
    return {"request_delete_range": {"key": key}}


def _read(keys: Range, revision: int = 0) -> Fields:
    return {"request_range": {**range_bounds(keys), "revision": revision}}
