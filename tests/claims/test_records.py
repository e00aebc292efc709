"""The values that the bridges write into the state, and how they read those of others."""

import json

import pytest
from msgspec.structs import replace

from bridge.claims.layout import Claimant
from bridge.claims.records import (
    AliveRecord,
    Claim,
    ContainerRecord,
    Definition,
    HostRecord,
    ObjectRecord,
    Unreadable,
    Wait,
    decode_alive,
    decode_claim,
    decode_container,
    decode_host,
    decode_object,
    encode_claim,
    encode_object,
    encode_record,
)
from bridge.labels.model import Ref

WEB = Ref("http", "routers", "web")
DEFINITION = Definition("Wéb", (("entrypoints", "a,b"), ("rule", "Host(`a`)")))
OBJECT = ObjectRecord(DEFINITION, Claimant("h1", "0123456789ab"), "shop|img", "2024-01-01T00:00:00Z")

DEEP = '{"format":1,"more":' + "[" * 100_000


def test_encoded_values_are_decoded_unchanged() -> None:
    """Every value is decoded to what was encoded."""
    claim = Claim("shop|img", "2024-01-01T00:00:00Z", DEFINITION, "web", (("a", "b"),))
    container = ContainerRecord("shop-1", (WEB,))
    waiting = ContainerRecord("shop-1", (), (Wait(WEB, "taken"), Wait(None, "too large")))
    assert decode_object(encode_object(OBJECT)) == OBJECT
    assert decode_claim(encode_claim(claim)) == claim
    assert decode_container(encode_record(container)) == container
    assert decode_container(encode_record(waiting)) == waiting
    for host in (HostRecord("id", "10.0.0.1", "1.0"), HostRecord("id", "", "1.0", goodbye=600.0)):
        assert decode_host(encode_record(host)) == host
    alive = AliveRecord("id", "1.0", 5, "0a1b")
    assert decode_alive(encode_record(alive)) == alive
    assert decode_alive('{"format":1,"engine":"id","version":"1.0","lease":5}') == AliveRecord("id", "1.0", 5)


def test_written_values_have_format_1() -> None:
    """What is written bears format 1 as long as it is just this: earlier bridges, and later ones, read it."""
    claim = Claim("shop|img", "2024", Definition("Web", (("rule", "a"),)), "Web", (("b/url", "u"),))
    force = ObjectRecord(Definition("Web", (("rule", "a"),)), Claimant("h1", "0a1b"), "shop|img", "2024")
    waiting = ContainerRecord("shop-1", (), (Wait(WEB, "taken"),))
    assert encode_object(force) == (
        '{"format":1,"definer":{"host":"h1","container":"0a1b"},"application":"shop|img","created":"2024",'
        '"name":"Web","leaves":{"rule":"a"}}'
    )
    assert encode_claim(claim) == (
        '{"format":1,"application":"shop|img","created":"2024","wants":{"name":"Web","leaves":{"rule":"a"}},'
        '"name":"Web","server":{"b/url":"u"}}'
    )
    assert encode_record(waiting) == (
        '{"format":1,"container":"shop-1","claims":[],'
        '"waits":[{"object":["http","routers","web"],"reason":"taken"}]}'
    )
    assert encode_record(HostRecord("id", "10.0.0.1", "1.0", 600.0)) == (
        '{"format":1,"engine":"id","address":"10.0.0.1","version":"1.0","goodbye":600.0}'
    )
    assert encode_record(AliveRecord("id", "1.0", 5, "0a1b")) == (
        '{"format":1,"engine":"id","version":"1.0","lease":5,"run":"0a1b"}'
    )


def test_definitions_are_equal_in_any_order_of_leaves() -> None:
    """Definitions are equal when their leaves are, whoever wrote them."""
    said = json.loads(encode_object(OBJECT))
    said["leaves"] = dict(reversed(said["leaves"].items()))
    assert decode_object(json.dumps(said)) == OBJECT


def test_definer_is_readable_in_every_version() -> None:
    """The definer is readable in a later format too, so that an older bridge can leave."""
    later = json.dumps({"format": 2, "definer": {"host": "h1", "container": "0123456789ab"}, "what": []})
    assert decode_object(later) == Unreadable("its format is 2, this bridge knows 1", OBJECT.definer)


def test_unknown_fields_are_ignored() -> None:
    """Fields that a later bridge adds without changing the format are ignored."""
    assert decode_object(json.dumps({**json.loads(encode_object(OBJECT)), "more": 1})) == OBJECT


@pytest.mark.parametrize(
    "value",
    ["", "[]", "null", "{}", '"a"', '{"format":1}', "[" * 100_000, DEEP, '{"format":1,"leaves":[["a"]],"name":1}'],
)
def test_broken_values_are_read_as_unreadable(value: str) -> None:
    """Whatever somebody wrote there is read as unreadable, with a reason; nothing is raised."""
    for decode in (decode_object, decode_claim, decode_container, decode_host, decode_alive):
        assert isinstance(decode(value), Unreadable)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-1", "1" + "0" * 400, '"soon"'])
def test_invalid_times_are_read_as_unreadable(number: str) -> None:
    """A time that nobody can wait for is told, instead of ending whoever reads it."""
    host = encode_record(HostRecord("id", "", "1.0", goodbye=600.0)).replace("600.0", number)
    alive = encode_record(AliveRecord("id", "1.0", 5)).replace('"lease":5', f'"lease":{number}')
    assert isinstance(decode_host(host), Unreadable)
    assert isinstance(decode_alive(alive), Unreadable)


def test_lone_surrogates_are_read_as_unreadable() -> None:
    """A lone surrogate in a JSON escape makes the record Unreadable, since it could not be written into a key."""
    written, whole = encode_object(OBJECT), replace(OBJECT, application="shop\N{WHALE}|img")
    assert isinstance(decode_object(written.replace("shop", "shop\\ud83d")), Unreadable)
    assert decode_object(written.replace("shop", "shop\\ud83d\\udc0b")) == whole
