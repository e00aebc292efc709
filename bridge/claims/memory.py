"""What a bridge remembers of the state between events, so that a typical event needs no reads.

It is never trusted: every transaction compares what its decision was based on.
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from bridge.claims.layout import Layout
from bridge.claims.records import ContainerRecord, Unreadable, decode_container
from bridge.claims.table import Keys
from bridge.claims.transaction import Delete, KeyValue, Put, Range, Transaction
from bridge.labels.model import Ref


class Memory(Struct):
    """The keys of the state as this bridge last saw them: its own containers and claims, and the objects.

    `names` are the spellings in the view that no definition in force accounts for, by folded name; `doubted` are
    keys whose last write may or may not have happened. `revision` is etcd's revision as long as only this bridge
    has written to it since the last listing; 0 if that is unknown, or if everything must be listed anyway. A new
    lease, another cluster or a revision that went back voids all of it: start with a new memory and a resync.
    """

    layout: Layout
    keys: Keys = field(default_factory=Keys)
    names: Mapping[Ref, frozenset[str]] = field(default_factory=dict)
    doubted: set[str] = field(default_factory=set)
    revision: int = 0

    def container(self, container: str) -> ContainerRecord | Unreadable | None:
        """Return what a container of this host publishes."""
        seen = self.keys.find(self.layout.container(container))
        return None if seen is None else decode_container(seen.value)

    def held(self, container: str) -> set[Ref]:
        """Return the objects that a container of this host claims, by folded name."""
        record = self.container(container)
        return set(record.claims) if isinstance(record, ContainerRecord) else set()

    def learn(self, asked: Range, found: Iterable[KeyValue]) -> None:
        """Record what was read for one key of the state."""
        self.keys.pop(asked.key, None)
        self.doubted.discard(asked.key)
        self.keys.update((seen.key, seen) for seen in found)

    def commit(self, transaction: Transaction, revision: int) -> None:
        """Record what was written."""
        if transaction.writes:
            self.revision = revision if revision == self.revision + 1 else 0
        for write in self._own(transaction):
            match write:
                case Put(key, value):
                    self.keys[key] = KeyValue(key, value, 0, revision)
                case Delete(key):
                    self.keys.pop(key, None)

    def doubt(self, transaction: Transaction) -> None:
        """Record that these writes may or may not have happened."""
        self.revision = 0
        self.doubted.update(write.key for write in self._own(transaction))

    def _own(self, transaction: Transaction) -> Iterable[Put | Delete]:
        return (write for write in transaction.writes if write.key.startswith(self.layout.state))
