"""Hosts without an advertise address are reported, since their containers may have the same addresses."""

import pytest

from bridge.claims.hosts import without_address
from bridge.claims.layout import Layout
from bridge.claims.records import AliveRecord, HostRecord, encode_record
from bridge.claims.transaction import KeyValue

HERE = Layout("traefik", "state", "here")


def keys(dead: str = "", **addresses: str) -> dict[str, KeyValue]:
    """Return the keys of hosts with these advertise addresses, all of them alive except `dead`."""
    found = {}
    for host, address in addresses.items():
        found[HERE.of(host).host_record()] = encode_record(HostRecord("engine", address, "1"))
        if host != dead:
            found[HERE.of(host).alive()] = encode_record(AliveRecord("engine", "1", 5.0))
    return {key: KeyValue(key, value, 1, 1) for key, value in found.items()}


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        pytest.param(keys(here=""), (), id="alone"),
        pytest.param(keys(here="", there="", third=""), ("there", "third"), id="others-without"),
        pytest.param(keys(here="", there="10.0.0.6"), (), id="the-other-has-one"),
        pytest.param(keys(here="10.0.0.5", there=""), (), id="this-one-has-one"),
        pytest.param(keys(here="", there="", dead="there"), (), id="the-other-is-dead"),
        pytest.param({}, (), id="no-hosts"),
    ],
)
def test_live_hosts_without_address_are_reported(seen: dict[str, KeyValue], expected: tuple[str, ...]) -> None:
    """Living hosts without an address are named, unless this one has an address."""
    assert without_address(seen, HERE) == expected


def test_host_with_record_of_later_format_is_not_reported() -> None:
    """A host whose record is of a later format is not reported: its address is unknown."""
    seen = keys(here="", there="")
    record = HERE.of("there").host_record()
    assert without_address(seen | {record: KeyValue(record, '{"format":2}', 1, 1)}, HERE) == ()
