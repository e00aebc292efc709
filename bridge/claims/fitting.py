"""What fits into one transaction, and how a large one gets by with fewer compares.

A large one keeps one exact compare per object, but compares the claims and the view of all objects of a kind as
one range each. This is stricter, since changes to unrelated objects refuse it too, but never wrong. `objects/`
needs no such range: it is compared key by key.
"""

from collections.abc import Collection, Iterable

from bridge.claims.gather import claimed
from bridge.claims.layout import Layout
from bridge.claims.place import Place
from bridge.claims.records import encode_claim
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
"""Limit for keys and values; etcd accepts 1.5 MiB per request (its --max-request-bytes), framing included."""

MAX_WEIGHT = 250_000
"""Bytes that a container may publish, so that each of its objects can always be handed on in one transaction.

Such a transaction holds the new definition twice (in the state and in the view), the deletes of the old one, and
the compares.
"""

FRAME, CHARACTER = 64, 10
"""For an upper bound of a weight: characters around each leaf, and bytes per character (4 in a key, 6 in JSON)."""

Kind = tuple[str, str]
"""A protocol and a kind of object."""


def fits(transaction: Transaction) -> bool:
    """Return whether etcd accepts it: nested writes share the limit with what is beside them one level up."""
    beside = max(len(transaction.compares), len(transaction.reads))
    groups = max(beside, MAX_OPERATIONS // 2)
    writes = max(groups * (MAX_OPERATIONS - groups), MAX_OPERATIONS)
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
    """Return all compares that these decisions rely on, each once."""
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
    """Return what must be read before whole ranges can be compared instead of those of this object."""
    if kind(place.ref) not in coarse:
        return []
    claims = [place.layout.claims(place.ref)] if place.claims_compares and place.read is None else []
    return claims + [keys for name in sorted(place.compared) for keys in place.unread_view(name)]


def kind(ref: Ref) -> Kind:
    """Return the protocol and kind of an object."""
    return ref.protocol, ref.kind


def is_too_heavy(publication: Publication, layout: Layout) -> bool:
    """Return whether a container publishes more than MAX_WEIGHT; only the few that come near it are weighed."""
    return weight_bound(publication, layout) > MAX_WEIGHT and weight(publication, layout) > MAX_WEIGHT


def weight_bound(publication: Publication, layout: Layout) -> int:
    """Return an upper bound of a weight, in bytes."""
    around = FRAME + len(layout.root_key) + len(publication.application) + len(publication.created)
    return CHARACTER * sum(_characters(item, around) for item in publication.items)


def _characters(item: Item, around: int) -> int:
    own = around + 2 * len(item.ref.name)
    return own + sum(own + len(leaf.path) + len(leaf.value) for leaf in item.leaves)


def weight(publication: Publication, layout: Layout) -> int:
    """Return how many bytes a container publishes, as keys of the view and as claims."""
    return sum(_weight(publication, item, layout) for item in publication.items)


def _weight(publication: Publication, item: Item, layout: Layout) -> int:
    leaves = item.leaves
    keys = (layout.view_key(item.ref, leaf.path) for leaf in leaves)
    return _bytes(*keys, *(leaf.value for leaf in leaves), encode_claim(claimed(publication, item)))


def _bytes(*texts: str) -> int:
    return len(as_bytes("".join(texts)))


def _whole(places: Iterable[Place], layout: Layout) -> list[Compare]:
    claims = [(place.ref, place.read or 0) for place in places if place.claims_compares]
    view = [(place.ref, place.view_read(name)) for place in places for name in place.compared]
    asked = [(layout.claims_of_kind(ref), "claim", claims) for ref, _ in claims[:1]]
    asked += [(layout.view_of_kind(ref), "leaf", view) for ref, _ in view[:1]]
    return [
        not_newer(keys, min(read for _, read in known), f"whole: no {what} is newer")
        for keys, what, known in asked
    ]
