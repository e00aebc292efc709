"""Containers that need no decision, as most at a resync: they already hold exactly what they want.

The outcome is what `decide` would return without any request to etcd, found by comparing texts.
"""

from bridge.claims.decide import Settled
from bridge.claims.gather import Change, claimed, definition
from bridge.claims.layout import folded
from bridge.claims.memory import Memory
from bridge.claims.place import Rule
from bridge.claims.records import ContainerRecord, ObjectRecord, decode_object, encode_claim, encode_record
from bridge.view.model import Item, Publication


def standing(change: Change, memory: Memory, *, agrees: bool = False) -> Settled | None:
    """Return the outcome for a container that holds all its claims and agrees with what is in force, else None.

    `agrees` says that its claims are already known to want exactly what is in force.
    """
    publication = change.publication
    if publication is None or not publication.items or memory.doubted:
        return None
    refs = [folded(item.ref) for item in publication.items]
    record = encode_record(ContainerRecord(publication.container, tuple(sorted(refs))))
    if _text(memory, memory.layout.container(change.container)) != record:
        return None
    if not all(_claimed(publication, item, memory) for item in publication.items):
        return None
    if not agrees and not all(_in_force(item, memory) for item in publication.items):
        return None
    return Settled(change.container, published=True, rules=(Rule.JOIN,) * len(refs))


def _claimed(publication: Publication, item: Item, memory: Memory) -> bool:
    claim = memory.layout.claim(item.ref, memory.layout.me(publication.id))
    return _text(memory, claim) == encode_claim(claimed(publication, item, item.ref.name))


def _in_force(item: Item, memory: Memory) -> bool:
    force = decode_object(_text(memory, memory.layout.object(item.ref)))
    return isinstance(force, ObjectRecord) and force.definition == definition(item)


def _text(memory: Memory, key: str) -> str:
    seen = memory.keys.find(key)
    return seen.value if seen else ""
