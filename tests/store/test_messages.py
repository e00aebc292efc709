"""Requests to etcd, made from our values, and answers read into them: as messages, without an etcd."""

from typing import Any

import pytest

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
    as_seen,
)
from bridge.store.messages import add_keys, key_value, outcome, read_request, transaction_request
from bridge.store.stubs import etcdrpc

WEB = {"key": b"web", "value": b"\xff", "create_revision": 3, "mod_revision": 5}


def compares(*wanted: Compare) -> list[Any]:
    """Return the compares of a transaction's request."""
    sent: Any = transaction_request(Transaction(wanted, (), ()))
    return list(sent.compare)


@pytest.mark.parametrize(
    ("compare", "sent"),
    [
        pytest.param(
            Compare(Range("a"), Revision.CREATED, 3),
            {"key": b"a", "target": "CREATE", "result": "EQUAL", "create_revision": 3},
            id="created",
        ),
        pytest.param(
            Compare(Range("a", "b"), Revision.MODIFIED, 3),
            {"key": b"a", "range_end": b"b", "target": "MOD", "result": "EQUAL", "mod_revision": 3},
            id="range-modified",
        ),
        pytest.param(
            Compare(Range("a"), Revision.MODIFIED, 3, below=True),
            {"key": b"a", "target": "MOD", "result": "LESS", "mod_revision": 3},
            id="below",
        ),
    ],
)
def test_compares(compare: Compare, sent: dict[str, Any]) -> None:
    """A compare names the keys, which of their revisions it looks at, and what that must be."""
    assert compares(compare) == [etcdrpc.Compare(**sent)]


def test_transaction_request() -> None:
    """Writes are for when all compares hold, and each key put has the lease; reads are for when they do not."""
    wanted = Transaction((), (Put("a", "\udcff"), Delete("b")), (Range("c"), Range("d", "e")))
    assert transaction_request(wanted, lease=7) == etcdrpc.TxnRequest(
        success=[
            {"request_put": {"key": b"a", "value": b"\xff", "lease": 7}},
            {"request_delete_range": {"key": b"b"}},
        ],
        failure=[{"request_range": {"key": b"c"}}, {"request_range": {"key": b"d", "range_end": b"e"}}],
    )


def test_read_request_at_revision() -> None:
    """Several keys are read at the revision that is asked for."""
    assert read_request([Range("a"), Range("b", "c")], 9) == etcdrpc.TxnRequest(
        success=[
            {"request_range": {"key": b"a", "revision": 9}},
            {"request_range": {"key": b"b", "range_end": b"c", "revision": 9}},
        ]
    )


@pytest.mark.parametrize("beside", [0, 1, 64, 126])
@pytest.mark.parametrize("part", ["compares", "reads"])
def test_many_writes_are_nested(part: str, beside: int) -> None:
    """Too many writes for one level are nested, each once and in order, and no path is too long for etcd."""
    ranges = tuple(Range(f"k{number}") for number in range(beside))
    ours = tuple(as_seen(keys.key, None) for keys in ranges) if part == "compares" else ()
    for count in (1, 127, 128, 129, 4_000 if beside <= 64 else 252):
        names = [f"{number:04}".encode() for number in range(count)]
        writes = tuple(Delete(name.decode()) for name in names)
        sent: Any = transaction_request(Transaction(ours, writes, () if part == "compares" else ranges))
        nested = [it.request_txn for it in sent.success if it.HasField("request_txn")]
        written = [it for txn in nested for it in txn.success] or list(sent.success)
        assert [it.request_delete_range.key for it in written] == names
        level = max(len(sent.compare), len(sent.failure), len(sent.success))
        assert level + max((len(txn.success) for txn in nested), default=0) <= MAX_OPERATIONS
        assert bool(nested) is (count > MAX_OPERATIONS)


def test_transaction_answer() -> None:
    """A transaction was committed at a revision, or refused, with what it read, in the order of its reads."""
    header = {"revision": 9}
    responses = [{"response_range": {"kvs": [WEB]}}, {"response_range": {}}]
    found = KeyValue("web", "\udcff", 3, 5)
    assert outcome(etcdrpc.TxnResponse(header=header, succeeded=True)) == Committed(9)
    assert outcome(etcdrpc.TxnResponse(header=header, responses=responses)) == Refused(9, ((found,), ()))


def test_keys_of_answer_are_added_to_table() -> None:
    """The keys of an answer are added to a table as they are read singly."""
    table = Table()
    add_keys(etcdrpc.RangeResponse(kvs=[WEB, WEB | {"key": b"xyz"}]), table)
    one = key_value(etcdrpc.RangeResponse(kvs=[WEB]).kvs[0])
    assert list(table) == [one, one._replace(key="xyz")]
