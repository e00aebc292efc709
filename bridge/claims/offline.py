"""Settle without etcd: what would result if these containers were the only ones, by the same code."""

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from bridge.claims.decide import Settled
from bridge.claims.gather import Change
from bridge.claims.layout import Layout, folded
from bridge.claims.memory import Memory
from bridge.claims.settling import Settling
from bridge.claims.transaction import Committed, Found, KeyValue, Put, Range, Read, Transaction
from bridge.view.model import Publication


class Offline(Struct, frozen=True):
    """The keys that Traefik would read, root key included, and the outcome for each container, by its id."""

    keys: Mapping[str, str]
    settled: Mapping[str, Settled]


def settle_offline(publications: Iterable[Publication], layout: Layout) -> Offline:
    """Settle containers in the order of creation, then of name."""
    ordered = sorted(publications, key=lambda it: (it.created, it.container, it.id))
    store = _Store(Memory(layout))
    settled = {publication.id: store.settle(publication) for publication in ordered}
    claims = Counter(folded(item.ref) for publication in ordered for item in publication.items)
    # Later containers may have changed the outcome for those that share an object with them.
    sharing = [it for it in ordered if any(claims[folded(item.ref)] > 1 for item in it.items)]
    settled |= {publication.id: store.settle(publication) for publication in sharing}
    return Offline(store.view, settled)


class _Store(Struct):
    """An etcd with a single bridge: it holds only what that bridge wrote, and every compare succeeds.

    `names` are the keys of `held` in order, so that a range is found without scanning all of them.
    """

    memory: Memory
    held: dict[str, KeyValue] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    revision: int = 1

    @property
    def view(self) -> dict[str, str]:
        """The keys and values that Traefik would read."""
        state = self.memory.layout.state
        return {name: seen.value for name, seen in self.held.items() if not name.startswith(state)}

    def settle(self, publication: Publication) -> Settled:
        settling = Settling([Change(publication.id, publication)], self.memory, ())
        while request := settling.request:
            settling.answer(self._read(request) if isinstance(request, Read) else self._commit(request))
        return settling.settled[publication.id]

    def _read(self, request: Read) -> Found:
        return Found(self.revision, tuple(self._found(keys) for keys in request.ranges))

    def _found(self, keys: Range) -> tuple[KeyValue, ...]:
        first = bisect_left(self.names, keys.key)
        after = bisect_left(self.names, keys.end) if keys.end else bisect_right(self.names, keys.key)
        return tuple(self.held[name] for name in self.names[first:after])

    def _commit(self, transaction: Transaction) -> Committed:
        self.revision += 1
        for write in transaction.writes:
            if self.held.pop(write.key, None):
                del self.names[bisect_left(self.names, write.key)]
            if isinstance(write, Put):
                self.held[write.key] = KeyValue(write.key, write.value, self.revision, self.revision)
                insort(self.names, write.key)
        return Committed(self.revision)
