"""The rules that must hold in etcd after every transaction, checked on the keys alone."""

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.claims.layout import Claimant, ClaimKey, ContainerKey, Layout, ObjectKey, folded
from bridge.claims.records import (
    Claim,
    ContainerRecord,
    ObjectRecord,
    decode_claim,
    decode_container,
    decode_object,
)
from bridge.claims.transaction import Compare, Transaction
from bridge.labels.model import Ref
from bridge.view.model import Publication
from tests.claims.fake_etcd import FakeEtcd
from tests.claims.versions import understood
from tests.claims.world import layout

LAYOUT = layout("")


BY_HAND = "by hand"


@dataclass(frozen=True, slots=True)
class Hand:
    """Keys of the view that were there before, keys that strangers wrote, and keys of ours that they deleted."""

    left: frozenset[tuple[str, str]] = frozenset()
    written: frozenset[str] = frozenset()
    wiped: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class State:
    """The decoded state: what the bridges agree on."""

    objects: dict[Ref, ObjectRecord]
    claims: dict[Ref, dict[Claimant, Claim]]
    containers: dict[Claimant, ContainerRecord]


def state(etcd: FakeEtcd, where: Layout = LAYOUT) -> State:
    """Decode the state."""
    read = State({}, {}, {})
    for seen in map(understood, etcd.keys.values()):
        match where.parse(seen.key):
            case ObjectKey(ref):
                record = decode_object(seen.value)
                assert isinstance(record, ObjectRecord)
                read.objects[ref] = record
            case ClaimKey(ref, claimant):
                claim = decode_claim(seen.value)
                assert isinstance(claim, Claim)
                read.claims.setdefault(ref, {})[claimant] = claim
            case ContainerKey(claimant):
                container = decode_container(seen.value)
                assert isinstance(container, ContainerRecord)
                read.containers[claimant] = container
    return read


def checked(
    before: FakeEtcd,
    after: FakeEtcd,
    hand: Hand,
    fence: tuple[Compare, ...],
    where: Layout = LAYOUT,
    *,
    mixed: bool = False,
) -> None:
    """Hold one transaction against all rules; `mixed` are worlds of bridges of two versions."""
    old, new = state(before, where), state(after, where)
    for ref in old.objects.keys() | new.objects.keys() | new.claims.keys():
        _behind(ref, new, hand, where, mixed=mixed)
        _change(ref, old, new)
    taken = {folded(ref) for ref in map(where.viewed, hand.written) if ref}
    for ref in new.objects.keys() - old.objects.keys():
        assert ref not in taken, f"{ref.name}: defined in spite of somebody's keys"
    _whole(new)
    _shown(after, new, hand, where)
    lives = before.commit(Transaction(fence, (), ())).__class__.__name__ == "Committed"
    assert lives or before.revision == after.revision, "written by who was declared dead"


def _behind(ref: Ref, new: State, hand: Hand, where: Layout, *, mixed: bool) -> None:
    record, claims = new.objects.get(ref), new.claims.get(ref, {})
    assert bool(record) == bool(claims), f"{ref.name}: an object without claims, or claims without an object"
    if record:
        assert record.definer in claims, f"{ref.name}: no claim behind the definer"
        definer = claims[record.definer]
        added = {path for path, _ in definer.wants.leaves} - {path for path, _ in record.definition.leaves}
        named = ref._replace(name=record.definition.name)
        obstructed = any(where.view_key(named, path) in hand.written for path in added)
        agrees = definer.wants.leaves == record.definition.leaves
        # In mixed worlds a bridge keeps a definition that it cannot read in force, until one that can corrects it.
        assert agrees or obstructed or mixed, f"{ref.name}: its definer wants something else"
        assert definer.application == record.application, f"{ref.name}: its definer is another application's"
        apart = {it.application for it in claims.values() if it.wants.leaves != record.definition.leaves}
        assert len(apart) < 2, f"{ref.name}: two applications disagree with what is in force"
        assert all(it.name == record.definition.name for it in claims.values()), f"{ref.name}: spelled twice"


def _change(ref: Ref, old: State, new: State) -> None:
    was, now = old.objects.get(ref), new.objects.get(ref)
    if not now:
        return
    former, claims = old.claims.get(ref, {}), new.claims[ref]
    stayed = {who: it for who, it in claims.items() if who in former and former[who].wants == it.wants}
    if was and stayed and was.definition != now.definition:
        assert was.definition.name == now.definition.name, f"{ref.name}: spelled anew under those who stay"
        others = {it.application for it in stayed.values()} - {now.application}
        assert not others, f"{ref.name}: changed under another application"
    for who in claims.keys() - stayed.keys():
        agrees = claims[who].wants == now.definition
        assert claims[who].wants.name == now.definition.name, f"{ref.name}: claimed under another spelling"
        assert agrees or claims[who].application == now.application, f"{ref.name}: hides behind another's"


def _whole(new: State) -> None:
    held: dict[Claimant, set[Ref]] = {}
    for ref, claims in new.claims.items():
        for who in claims:
            held.setdefault(who, set()).add(ref)
    listed = {who: set(it.claims) for who, it in new.containers.items() if it.claims}
    assert held == listed, "containers do not list their claims"
    assert not any(it.claims and it.waits for it in new.containers.values()), "waits while holding something"


def _shown(etcd: FakeEtcd, new: State, hand: Hand, where: Layout) -> None:
    shown: dict[str, str] = {}
    for ref, record in new.objects.items():
        named = ref._replace(name=record.definition.name)
        shown |= {where.view_key(named, path): value for path, value in record.definition.leaves}
        for claim in new.claims.get(ref, {}).values():
            shown |= {where.view_key(named, path): value for path, value in claim.server}
    shown |= dict.fromkeys(hand.written, BY_HAND)
    found = {seen.key: seen.value for seen in etcd.find(where.view())}
    missing = {key for key in shown if key not in found} - hand.wiped
    assert not missing, "what is in force is not in the view"
    assert found.items() <= shown.items() | hand.left, "the view holds more than what is in force"


def standing(etcd: FakeEtcd, wanted: Mapping[str, Publication | None]) -> None:
    """Check that a container that publishes has all its claims or waits, and that any other has left nothing."""
    containers = {who.container: it for who, it in state(etcd).containers.items()}
    for container, publication in wanted.items():
        record = containers.get(container)
        if publication is None:
            assert record is None, f"{container} is gone and left something"
        else:
            assert record, f"{container} was forgotten"
            assert record.waits or len(record.claims) == len(publication.items), f"{container} is there in part"
