"""What fits one transaction, and how the compares of a large one are made fewer.

Beside one exact compare per object, the ranges of all objects of a kind are compared as one: stricter, since
strangers' changes refuse it too, but never wrong. `objects/` needs no such range: it is compared key by key.
"""

from collections.abc import Collection, Iterable

from bridge.claims.gather import claimed
from bridge.claims.layout import Layout
from bridge.claims.place import Place
from bridge.claims.records import ObjectRecord, encode_claim
from bridge.claims.transaction import (
    MAX_OPERATIONS,
    Compare,
    Put,
    Range,
    Transaction,
    as_bytes,
    each_once,
    not_newer,
)
from bridge.labels.model import Ref
from bridge.view.model import Item, Publication

MAX_BYTES = 1_000_000
"""Of keys and values; etcd takes 1.5 MiB in one request (its --max-request-bytes), what frames them included."""

MAX_WEIGHT = 250_000
"""Bytes that a container may publish, so that each of its objects can always be handed on in one transaction.

That one holds the new definition twice, in the state and in the view, the deletes of the old one, and compares.
"""

FRAME, CHARACTER = 64, 10
"""What bounds a weight from above: characters around a leaf, and bytes of one: four in a key, six in JSON."""

Kind = tuple[str, str]
"""A protocol and a kind of objects."""


def fits(transaction: Transaction) -> bool:
    """Whether etcd takes it: nested writes share the limit with what is beside them on the level above."""
    beside = max(len(transaction.compares), len(transaction.reads))
    groups = max(beside, MAX_OPERATIONS // 2)
    writes = max(groups * (MAX_OPERATIONS - groups), MAX_OPERATIONS if beside <= MAX_OPERATIONS else 0)
    return beside <= MAX_OPERATIONS and len(transaction.writes) <= writes and _size(transaction) <= MAX_BYTES


def _size(transaction: Transaction) -> int:
    ranges = (*(compare.range for compare in transaction.compares), *transaction.reads)
    puts = [write for write in transaction.writes if isinstance(write, Put)]
    return _bytes(
        *(keys.key for keys in ranges),
        *(keys.end for keys in ranges),
        *(write.key for write in transaction.writes),
        *(put.value for put in puts),
    )


def compares(objects: Iterable[Place], coarse: Collection[Kind], layout: Layout) -> tuple[Compare, ...]:
    """All that these decisions rest on, each compare once."""
    asked: list[Compare] = []
    groups: dict[Kind, list[Place]] = {}
    for place in objects:
        asked += place.exact
        groups.setdefault(kind(place.ref), []).append(place)
    for name, places in groups.items():
        if name in coarse:
            asked += _whole(places, layout)
        else:
            asked += [it for place in places for it in (*place.claims_compares, *place.view_compares)]
    return each_once(asked)


def unread(place: Place, coarse: Collection[Kind]) -> list[Range]:
    """What must have been read before the object's ranges can be compared with its whole kind's."""
    if kind(place.ref) not in coarse:
        return []
    claims = [place.layout.claims(place.ref)] if place.claims_compares and place.read is None else []
    return claims + (place.unread_view(_name(place)) if place.view_compares else [])


def kind(ref: Ref) -> Kind:
    """The protocol and kind of an object."""
    return ref.protocol, ref.kind


def is_too_heavy(publication: Publication, layout: Layout) -> bool:
    """Whether a container publishes more than MAX_WEIGHT; hardly one comes near it, so that few are weighed."""
    return at_most(publication, layout) > MAX_WEIGHT and weight(publication, layout) > MAX_WEIGHT


def at_most(publication: Publication, layout: Layout) -> int:
    """Bytes that a weight does not exceed."""
    around = FRAME + len(layout.root_key) + len(publication.application) + len(publication.created)
    return CHARACTER * sum(_characters(item, around) for item in publication.items)


def _characters(item: Item, around: int) -> int:
    own = around + 2 * len(item.ref.name)
    return own + sum(own + len(leaf.path) + len(leaf.value) for leaf in item.leaves)


def weight(publication: Publication, layout: Layout) -> int:
    """Bytes of what a container publishes, as keys of the view and as claims."""
    return sum(_weight(publication, item, layout) for item in publication.items)


def _weight(publication: Publication, item: Item, layout: Layout) -> int:
    leaves = item.leaves
    keys = (layout.view_key(item.ref, leaf.path) for leaf in leaves)
    return _bytes(*keys, *(leaf.value for leaf in leaves), encode_claim(claimed(publication, item)))


def _bytes(*texts: str) -> int:
    return len(as_bytes("".join(texts)))


def _whole(places: Iterable[Place], layout: Layout) -> list[Compare]:
    claims = [(place.ref, place.read or 0) for place in places if place.claims_compares]
    view = [(place.ref, place.view_read(_name(place))) for place in places if place.view_compares]
    asked = [(layout.claims_of_kind(ref), "claim", claims) for ref, _ in claims[:1]]
    asked += [(layout.view_of_kind(ref), "leaf", view) for ref, _ in view[:1]]
    return [
        not_newer(keys, min(read for _, read in known), f"whole: no {what} is newer")
        for keys, what, known in asked
    ]


def _name(place: Place) -> str:
    return place.record.definition.name if isinstance(place.record, ObjectRecord) else place.ref.name
