"""The etcd in memory that the model of claims uses behaves like a real one."""

import random
from collections.abc import Callable
from typing import TypeVar

import pytest

from bridge.claims.transaction import Compare, Delete, Found, Put, Range, Read, Refused, Revision, Transaction
from bridge.store.client import Store
from bridge.store.connection import Connection
from tests.claims.fake_etcd import FakeEtcd
from tests.store.conftest import OpenStore, StartEtcd

pytestmark = pytest.mark.anyio

T = TypeVar("T")

STEPS = 1_500
KEYS = ("a", "a/", "a/1", "a/1/x", "a/2", "a0", "b", "b/\u00fc", "b/\udcff", "b0")


class Steps:
    """Random transactions on a few keys, with comparisons that hold about as often as they fail."""

    def __init__(self, seed: str, etcd: FakeEtcd) -> None:
        self._random = random.Random(seed)
        self._etcd = etcd

    def transaction(self) -> Transaction:
        """Return some comparisons, some writes of different keys, some reads."""
        writes = self._random.sample(KEYS, self._random.randrange(4))
        return Transaction(
            self._some(self._compare, 3), tuple(self._write(key) for key in writes), self._some(self._range, 3)
        )

    def read(self) -> Read:
        """Return a read of a few ranges."""
        return Read((self._range(), *self._some(self._range, 3)))

    def _some(self, make: Callable[[], T], below: int) -> tuple[T, ...]:
        return tuple(make() for _ in range(self._random.randrange(below)))

    def _range(self) -> Range:
        first, last = sorted(self._random.sample(KEYS, 2))
        return Range(first, self._random.choice(("", last)))

    def _compare(self) -> Compare:
        keys, revision = self._range(), self._random.choice(tuple(Revision))
        held = self._etcd.find(keys)
        known = [it.mod_revision for it in held] + [it.create_revision for it in held]
        value = self._random.choice((0, self._etcd.revision, *known)) + self._random.choice((0, 0, 1))
        return Compare(keys, revision, value, below=self._random.random() < 0.5)

    def _write(self, key: str) -> Put | Delete:
        return self._random.choice((Put(key, str(self._etcd.revision)), Delete(key)))


async def carry_out(store: Store, asked: Transaction | Read) -> object:
    """Execute a request on the real etcd."""
    if isinstance(asked, Transaction):
        return await store.commit(asked)
    snapshot = await store.read(*asked.ranges)
    return Found(snapshot.revision, tuple(map(tuple, snapshot.found)))


async def test_fake_answers_like_etcd(release: str, start_etcd: StartEtcd, open_store: OpenStore) -> None:
    """The same random transactions and reads, others for each release, get the same answers and revisions."""
    store = open_store(Connection((start_etcd().endpoint,)))
    fake = FakeEtcd()
    steps = Steps(release, fake)
    refused = 0
    for number in range(STEPS):
        asked = steps.read() if number % 5 == 0 else steps.transaction()
        answer = await carry_out(store, asked)
        assert fake.carry_out(asked) == answer, (number, asked)
        refused += isinstance(answer, Refused)
    assert STEPS / 5 < refused < STEPS * 3 / 5
