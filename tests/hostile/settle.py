"""Bridges publish hostile containers and withdraw them, one after the other, and touch only their own keys."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bridge.claims.gather import Change
from bridge.claims.settling import Settling
from bridge.claims.transaction import MAX_OPERATIONS, Committed, Found, KeyValue, Read, Refused, Transaction
from bridge.store.messages import transaction_request
from bridge.view.model import Publication
from tests.claims.fake_etcd import FakeEtcd
from tests.claims.invariants import Hand, State, checked, standing, state
from tests.claims.world import ROOT, Bridge, view
from tests.hostile.allowed import light

MAX_REQUEST_BYTES = 1536 * 1024
"""The largest request that etcd accepts by default."""


class Etcd(FakeEtcd):
    """A fake etcd that accepts only what a real one would."""

    def carry_out(self, request: Transaction | Read) -> Committed | Refused | Found:
        """Check the size of the request as it would be sent, then carry it out."""
        if isinstance(request, Transaction):
            assert max(len(request.compares), len(request.reads)) <= MAX_OPERATIONS, "too many for etcd"
            assert len(transaction_request(request).SerializeToString()) < MAX_REQUEST_BYTES, "too large for etcd"
        return super().carry_out(request)


@dataclass(frozen=True, slots=True)
class Side:
    """One host's bridge, and all that its containers want to publish."""

    bridge: Bridge
    wanted: Sequence[Publication]

    def come(self) -> Counter[str]:
        """Publish what can be published, and check it; return how many were too large or had to wait."""
        before = self.bridge.etcd.copy()
        came = self.bridge.settle(*self.wanted).settled
        self._alone(before)
        refused = [it.problems[0].message for it in came.values() if not it.published]
        published = {it.id: it for it in self.wanted if came[it.id].published}
        assert all(map(light, published.values()))
        standing(self.bridge.etcd, published)
        heavy = sum("does not fit" in it for it in refused)
        return Counter({"too large": heavy, "waiting": len(refused) - heavy})

    def go(self) -> None:
        """Withdraw one container after the other, and check that nothing of the host is left."""
        before = self.bridge.etcd.copy()
        for publication in self.wanted:
            self.bridge.drive(Settling([Change(publication.id, None)], self.bridge.memory, self.bridge.fence))
        self._alone(before)
        assert self.bridge.host not in map(_owner, self.bridge.etcd.keys)

    def _alone(self, before: FakeEtcd) -> None:
        """Check the invariants, and that the keys of other hosts are unchanged."""
        checked(before, self.bridge.etcd, Hand(), self.bridge.fence)
        assert self._others(before) == self._others(self.bridge.etcd)

    def _others(self, etcd: FakeEtcd) -> dict[str, KeyValue]:
        return {key: seen for key, seen in etcd.keys.items() if _owner(key) not in ("", self.bridge.host)}


def _owner(key: str) -> str:
    """Return the host whose container, claim or server a key is; "" if it is none."""
    match key.split("/"):
        case [_, _, "containers", host, _] | [_, _, "claims", _, _, _, host, _]:
            return host
        case [_, _, "services", _, "loadbalancer", "servers", segment, _]:
            return segment.rpartition("-")[0]
        case _:
            return ""


def settled(wanted: Mapping[str, Sequence[Publication]]) -> tuple[Counter[str], dict[str, str]]:
    """Publish all hosts, then withdraw one after the other; return the counts, and the view with all hosts."""
    etcd = Etcd()
    sides = [Side(Bridge(etcd, host), publications) for host, publications in wanted.items()]
    counts = sum((side.come() for side in sides), Counter[str]())
    shown = {f"{ROOT}/{key}": value for key, value in view(etcd).items()}
    counts["shared"] = sum(len({who.host for who in it}) > 1 for it in state(etcd).claims.values())
    for number, side in enumerate(sides):
        if number:
            side.come()
        side.go()
    assert not view(etcd)
    assert state(etcd) == State({}, {}, {})
    return counts, shown
