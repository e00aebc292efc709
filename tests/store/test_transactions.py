"""Transactions and reads on a real etcd."""

import itertools

import pytest
from anyio import create_task_group

from bridge.claims.layout import under
from bridge.claims.transaction import (
    Committed,
    Compare,
    Delete,
    KeyValue,
    Put,
    Range,
    Refused,
    Revision,
    Transaction,
)
from bridge.store.client import PAGE, Store
from bridge.store.connection import Connection
from bridge.store.errors import StoreRejected
from tests.store.answers import write
from tests.store.conftest import OpenStore, StartEtcd

pytestmark = pytest.mark.anyio


def absent(key: str) -> Compare:
    """Return the compare that a key does not exist."""
    return Compare(Range(key), Revision.CREATED, 0)


async def holds(store: Store, *compares: Compare) -> bool:
    """Return whether all compares hold, writing nothing."""
    return isinstance(await store.commit(Transaction(compares, (), ())), Committed)


async def test_commit_writes_everything_at_one_revision(store: Store, root_key: str) -> None:
    """All writes of a transaction happen at the revision that it returns."""
    a, b, gone = f"{root_key}/a", f"{root_key}/b", f"{root_key}/gone"
    before = await write(store, Put(gone, "x"))
    revision = await write(store, Put(a, "1"), Put(b, "2"), Delete(gone))
    assert revision == before + 1
    (found,) = (await store.read(under(f"{root_key}/"))).found
    assert list(found) == [KeyValue(a, "1", revision, revision), KeyValue(b, "2", revision, revision)]


async def test_refused_transaction_reads_instead_of_writing(store: Store, root_key: str) -> None:
    """If a compare fails, nothing is written, and the reads are answered in order."""
    key = f"{root_key}/a"
    revision = await write(store, Put(key, "1"))
    answer = await store.commit(
        Transaction((absent(key),), (Put(key, "2"),), (Range(f"{root_key}/none"), Range(key)))
    )
    assert answer == Refused(revision, ((), (KeyValue(key, "1", revision, revision),)))


async def test_comparing_one_key(store: Store, root_key: str) -> None:
    """A key is compared by its create or mod revision; an absent key has 0 for both."""
    key, none = Range(f"{root_key}/a"), Range(f"{root_key}/none")
    created = await write(store, Put(key.key, "1"))
    changed = await write(store, Put(key.key, "2"))
    assert await holds(
        store,
        Compare(key, Revision.CREATED, created),
        Compare(key, Revision.MODIFIED, changed),
        Compare(key, Revision.MODIFIED, changed + 1, below=True),
        Compare(none, Revision.CREATED, 0),
        Compare(none, Revision.MODIFIED, 0),
    )
    assert not await holds(store, Compare(key, Revision.MODIFIED, created))
    assert not await holds(store, Compare(key, Revision.CREATED, changed))
    assert not await holds(store, Compare(key, Revision.MODIFIED, changed, below=True))


async def test_empty_range_compares_like_absent_key(store: Store, root_key: str) -> None:
    """An empty range compares as revision 0."""
    keys = under(f"{root_key}/")
    assert await holds(store, Compare(keys, Revision.MODIFIED, 0))
    assert not await holds(store, Compare(keys, Revision.MODIFIED, 7))


async def test_comparing_a_range(store: Store, root_key: str) -> None:
    """A compare of a range holds for all its keys: create revision 0 means empty, `below` means nothing newer."""
    keys = under(f"{root_key}/")
    empty = Compare(keys, Revision.CREATED, 0)
    assert await holds(store, empty, Compare(keys, Revision.MODIFIED, 1, below=True))
    first = await write(store, Put(f"{root_key}/a", "1"))
    second = await write(store, Put(f"{root_key}/b", "2"))
    assert not await holds(store, empty)
    assert await holds(store, Compare(keys, Revision.MODIFIED, second + 1, below=True))
    assert not await holds(store, Compare(keys, Revision.MODIFIED, first + 1, below=True))


async def test_range_compare_does_not_see_deletions(store: Store, root_key: str) -> None:
    """A range from which a key was deleted compares as if the key had never existed."""
    keys = under(f"{root_key}/")
    revision = await write(store, Put(f"{root_key}/a", "1"), Put(f"{root_key}/b", "2"))
    await write(store, Delete(f"{root_key}/a"))
    assert await holds(store, Compare(keys, Revision.MODIFIED, revision + 1, below=True))
    await write(store, Delete(f"{root_key}/b"))
    assert await holds(store, Compare(keys, Revision.CREATED, 0))


@pytest.mark.parametrize(("compares", "writes"), [(0, 129), (64, 64 * 64), (100, 100 * 28), (128, 128)])
async def test_many_writes_are_one_revision(store: Store, root_key: str, compares: int, writes: int) -> None:
    """As many writes as can be nested beside the compares are committed as one transaction, at one revision."""
    keys = [f"{root_key}/{number:04}" for number in range(writes)]
    conditions = tuple(absent(key) for key in keys[:compares])
    transaction = Transaction(conditions, tuple(Put(key, "") for key in keys), ())
    committed = await store.commit(transaction)
    (found,) = (await store.read(under(f"{root_key}/"))).found
    assert [entry.key for entry in found] == keys
    assert {entry.mod_revision for entry in found} == {committed.revision}
    assert isinstance(await store.commit(transaction), Refused if compares else Committed)


@pytest.mark.parametrize(("compares", "reads", "writes"), [(129, 0, 1), (0, 129, 1), (100, 0, 2801)])
async def test_too_many_operations_raise_before_sending(
    store: Store, compares: int, reads: int, writes: int
) -> None:
    """A transaction with more operations than etcd allows raises ValueError before it is sent."""
    transaction = Transaction(
        (absent("a"),) * compares, tuple(Put(f"{n}", "") for n in range(writes)), (Range("a"),) * reads
    )
    with pytest.raises(ValueError, match="do not fit"):
        await store.commit(transaction)


async def test_too_many_bytes_are_rejected(store: Store, root_key: str) -> None:
    """A transaction that is larger than etcd accepts is rejected, and the next one works."""
    with pytest.raises(StoreRejected, match="too large"):
        await write(store, Put(f"{root_key}/a", "x" * 1_700_000))
    with pytest.raises(StoreRejected, match="larger than max"):
        await write(store, Put(f"{root_key}/a", "x" * 9_000_000))
    assert await write(store, Put(f"{root_key}/a", "x"))


async def test_reading_several_ranges_at_one_revision(store: Store, root_key: str) -> None:
    """Ranges that are read page by page show one revision, whatever is written meanwhile."""
    first, last = f"{root_key}/0/a", f"{root_key}/1/{PAGE:05}"
    large = [Put(f"{root_key}/1/{number:05}", "") for number in range(PAGE)]
    for start in range(0, PAGE, 1_000):
        await write(store, *large[start : start + 1_000])
    await write(store, Put(first, ""), Put(last, ""))

    async def write_both() -> None:
        for number in itertools.count():
            await write(store, Put(first, str(number)), Put(last, str(number)))

    async with create_task_group() as tasks:
        tasks.start_soon(write_both)
        seen = [
            await store.read(under(f"{root_key}/0/"), under(f"{root_key}/1/"), Range("none")) for _ in range(5)
        ]
        tasks.cancel_scope.cancel()
    assert [[len(found) for found in snapshot.found] for snapshot in seen] == [[1, PAGE + 1, 0]] * 5
    assert all(snapshot.found[0][0].value == snapshot.found[1][-1].value for snapshot in seen)
    assert all(snapshot.found[0][0].mod_revision <= snapshot.revision for snapshot in seen)
    assert len({snapshot.revision for snapshot in seen}) > 1


async def test_keys_and_values_that_are_not_utf8(store: Store, root_key: str) -> None:
    """Keys and values that are not UTF-8 can be written, read, compared and deleted unchanged."""
    key, value = f"{root_key}/\udcff", "\udcc3("
    revision = await write(store, Put(key, value))
    assert (await store.read(Range(key))).found == ((KeyValue(key, value, revision, revision),),)
    assert await holds(store, Compare(Range(key), Revision.MODIFIED, revision))
    await write(store, Delete(key))
    assert (await store.read(Range(key))).found == ((),)


async def test_reading_many_keys_is_one_answer(store: Store, root_key: str) -> None:
    """Hundreds of single keys among ranges are answered in order, absent ones too, all at one revision."""
    keys = [f"{root_key}/{number:04}" for number in range(300)]
    await write(store, *(Put(key, "") for key in keys[::2]))
    asked = (*map(Range, keys[:200]), under(f"{root_key}/"), *map(Range, keys[200:]))

    async def write_all() -> None:
        for number in itertools.count():
            await write(store, *(Put(key, str(number)) for key in keys[::2]))

    async with create_task_group() as tasks:
        tasks.start_soon(write_all)
        seen = [await store.read(*asked) for _ in range(10)]
        tasks.cancel_scope.cancel()
    singles = [[found for it, found in zip(asked, one.found, strict=True) if not it.end] for one in seen]
    for one, snapshot in zip(singles, seen, strict=True):
        assert [it.key for found in one for it in found] == keys[::2]
        assert [len(found) for found in one] == [1, 0] * 150
        assert len({it.value for found in snapshot.found for it in found}) == 1


@pytest.mark.parametrize(
    ("limit", "writes"),
    [
        pytest.param("--max-txn-ops=39", 40, id="operations"),
        pytest.param("--max-request-bytes=1000", 1, id="bytes"),
    ],
)
async def test_error_names_lowered_limit_of_etcd(
    limit: str, writes: int, start_etcd: StartEtcd, open_store: OpenStore
) -> None:
    """If etcd's limits are below the defaults, the error names the option of etcd to change."""
    store = open_store(Connection((start_etcd(limit).endpoint,)))
    with pytest.raises(StoreRejected, match=f"{limit.partition('=')[0]} must be"):
        await write(store, *(Put(f"{number}", "x" * 2_000) for number in range(writes)))
