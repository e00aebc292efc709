"""An etcd in memory, reduced to transactions, reads and revisions."""

from bisect import bisect_left

from bridge.claims.transaction import (
    Committed,
    Compare,
    Delete,
    Found,
    KeyValue,
    Put,
    Range,
    Read,
    Refused,
    Revision,
    Transaction,
)


class FakeEtcd:
    """Keys in the order of their names; each transaction that writes makes one revision."""

    def __init__(self, keys: dict[str, KeyValue] | None = None, revision: int = 1) -> None:
        self.keys = keys or {}
        self.revision = revision

    def copy(self) -> "FakeEtcd":
        """Return an independent copy."""
        return FakeEtcd(dict(self.keys), self.revision)

    def carry_out(self, request: Transaction | Read) -> Committed | Refused | Found:
        """Execute a transaction or a read."""
        if isinstance(request, Read):
            return Found(self.revision, tuple(self.find(keys) for keys in request.ranges))
        return self.commit(request)

    def commit(self, transaction: Transaction) -> Committed | Refused:
        """Execute a transaction."""
        if not all(self._holds(compare) for compare in transaction.compares):
            return Refused(self.revision, tuple(self.find(keys) for keys in transaction.reads))
        written = [write for write in transaction.writes if isinstance(write, Put) or write.key in self.keys]
        self.revision += bool(written)
        for write in written:
            self._write(write)
        return Committed(self.revision)

    def find(self, keys: Range) -> tuple[KeyValue, ...]:
        """Return the keys in a range."""
        if not keys.end:
            return (self.keys[keys.key],) if keys.key in self.keys else ()
        names = sorted(self.keys)
        return tuple(
            self.keys[name] for name in names[bisect_left(names, keys.key) : bisect_left(names, keys.end)]
        )

    def put(self, key: str, value: str) -> None:
        """Write one key, as a stranger would."""
        self.commit(Transaction((), (Put(key, value),), ()))

    def delete(self, key: str) -> None:
        """Delete one key, as a stranger would."""
        self.commit(Transaction((), (Delete(key),), ()))

    def _holds(self, compare: Compare) -> bool:
        created = compare.revision is Revision.CREATED
        found = self.find(compare.range)
        revisions = [it.create_revision if created else it.mod_revision for it in found] or [0]
        return all(it < compare.value if compare.below else it == compare.value for it in revisions)

    def _write(self, write: Put | Delete) -> None:
        if isinstance(write, Put):
            old = self.keys.get(write.key)
            created = old.create_revision if old else self.revision
            self.keys[write.key] = KeyValue(write.key, write.value, created, self.revision)
        else:
            del self.keys[write.key]
