"""The difference between what is there and what should be, key by key; each delete names one key."""

from collections.abc import Collection, Sequence

from bridge.claims.gather import Known, Party
from bridge.claims.layout import Layout
from bridge.claims.place import Place
from bridge.claims.records import (
    Claim,
    ContainerRecord,
    Unreadable,
    Wait,
    decode_object,
    encode_claim,
    encode_object,
    encode_record,
)
from bridge.claims.transaction import Delete, Put
from bridge.labels.model import Ref


def difference(parties: Sequence[Party], places: Collection[Place], known: Known) -> tuple[Put | Delete, ...]:
    """Return the writes that bring about what was decided."""
    before: dict[str, str] = {}
    after: dict[str, str] = {}
    for place in places:
        before |= _seen(place)
        after |= _decided(place)
    for party in parties:
        before |= _held(party, known)
        after |= _got(party, known)
    puts = [Put(key, after[key]) for key in sorted(after) if before.get(key) != after[key]]
    return (*puts, *(Delete(key) for key in sorted(before.keys() - after.keys())))


def _seen(place: Place) -> dict[str, str]:
    if place.seen is None:
        return {}
    return {place.seen.key: place.seen.value, **place.before()}


def _decided(place: Place) -> dict[str, str]:
    if place.record is None:
        return {}
    if place.seen and decode_object(place.seen.value) == place.record:
        return _seen(place)
    key = place.layout.object(place.ref)
    if isinstance(place.record, Unreadable):
        return {key: place.text}
    return {key: encode_object(place.record), **place.shown(place.record.definition)}


def _held(party: Party, known: Known) -> dict[str, str]:
    layout, seen = known.layout, known.memory.keys
    keys = [layout.claim(ref, party.me) for ref in party.held]
    written = {key: seen[key].value for key in (*keys, layout.container(party.me.container)) if key in seen}
    return written | _servers(party.held.items(), layout)


def _got(party: Party, known: Known) -> dict[str, str]:
    layout = known.layout
    claims = {layout.claim(ref, party.me): _claim(party, ref, claim, known) for ref, claim in party.gets.items()}
    record = _record(party)
    if record is None:
        return claims
    seen = known.memory.keys.find(layout.container(party.me.container))
    text = seen.value if seen and record == party.record else encode_record(record)
    return {layout.container(party.me.container): text, **claims, **_servers(party.gets.items(), layout)}


def _claim(party: Party, ref: Ref, claim: Claim, known: Known) -> str:
    if claim == party.held.get(ref):
        return known.memory.keys[known.layout.claim(ref, party.me)].value
    return encode_claim(claim)


def _record(party: Party) -> ContainerRecord | None:
    name = party.publication.container or (party.record.container if party.record else "")
    if party.gets:
        return ContainerRecord(name, tuple(sorted(party.gets)))
    if party.change.refused:
        return ContainerRecord(name, (), (Wait(None, party.change.refused.message),))
    waits = tuple(Wait(verdict.ref, told.message) for told, verdict in party.told() if verdict.rule.waits)
    return ContainerRecord(name, (), waits) if waits else None


def _servers(claims: Collection[tuple[Ref, Claim]], layout: Layout) -> dict[str, str]:
    return {
        layout.view_key(ref._replace(name=claim.name), path): value
        for ref, claim in claims
        for path, value in claim.server
    }
