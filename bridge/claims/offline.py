"""Settle without etcd: what would be there if these containers were all there is, by the very same code."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bridge.claims.decide import Settled
from bridge.claims.gather import Change
from bridge.claims.layout import Layout
from bridge.claims.memory import Memory
from bridge.claims.settling import Settling
from bridge.claims.transaction import Committed, Found, KeyValue, Put, Range, Read, Transaction
from bridge.view.model import Publication


@dataclass(frozen=True, slots=True)
class Offline:
    """The keys that Traefik would read, root key included, and what became of each container, by its id."""

    keys: Mapping[str, str]
    settled: Mapping[str, Settled]


def settle_offline(publications: Iterable[Publication], layout: Layout) -> Offline:
    """Settle containers in the order of their creation, then of their names."""
    ordered = sorted(publications, key=lambda it: (it.created, it.container, it.id))
    store = _Store(Memory(layout))
    for publication in ordered:
        store.settle(publication)
    settled = {publication.id: store.settle(publication) for publication in ordered}
    return Offline(store.view, settled)


@dataclass(slots=True)
class _Store:
    """One bridge, alone: its memory is all of the state, and every compare holds."""

    memory: Memory
    view: dict[str, str] = field(default_factory=dict)
    revision: int = 1

    def settle(self, publication: Publication) -> Settled:
        settling = Settling([Change(publication.id, publication)], self.memory, ())
        while request := settling.request:
            settling.answer(self._read(request) if isinstance(request, Read) else self._commit(request))
        return settling.settled[publication.id]

    def _read(self, request: Read) -> Found:
        return Found(self.revision, tuple(self._held(keys) for keys in request.ranges))

    def _held(self, keys: Range) -> tuple[KeyValue, ...]:
        shown = {key: KeyValue(key, value, 1, 1) for key, value in self.view.items()}
        everything = {**self.memory.keys, **shown}
        return tuple(everything[key] for key in sorted(everything) if _covers(keys, key))

    def _commit(self, transaction: Transaction) -> Committed:
        self.revision += 1
        for write in transaction.writes:
            if not write.key.startswith(self.memory.layout.state):
                self.view.pop(write.key, None)
                if isinstance(write, Put):
                    self.view[write.key] = write.value
        return Committed(self.revision)


def _covers(keys: Range, key: str) -> bool:
    return keys.key <= key < keys.end if keys.end else key == keys.key
