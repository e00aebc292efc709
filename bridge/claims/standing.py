"""Containers of which nothing is to be decided, as of most at a resync: what they hold is just what they want.

It is what `decide` would say of them without a word to etcd, found by comparing texts.
"""

from bridge.claims.decide import Settled
from bridge.claims.gather import Change, claimed, definition
from bridge.claims.layout import folded
from bridge.claims.memory import Memory
from bridge.claims.place import Rule
from bridge.claims.records import ContainerRecord, ObjectRecord, decode_object, encode_claim, encode_container
from bridge.view.model import Item, Publication


def standing(change: Change, memory: Memory, *, agrees: bool = False) -> Settled | None:
    """How a container stands that holds all its claims already, on definitions that it agrees with; else None.

    Where it is known already that its claims want just what is in force, it `agrees`.
    """
    publication = change.publication
    if publication is None or not publication.items or memory.doubted:
        return None
    refs = [folded(item.ref) for item in publication.items]
    record = encode_container(ContainerRecord(publication.container, tuple(sorted(refs))))
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
