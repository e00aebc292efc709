"""Hosts that are gone: which ones count as gone, how long their routes stay, and what their removal leaves."""

from collections.abc import Mapping

import pytest

from bridge.claims.hosts import Removal, Removed, departed, names, removal, unchanged
from bridge.claims.records import ContainerRecord, HostRecord, encode_record
from bridge.claims.transaction import KeyValue, Read, Transaction
from tests.claims.fake_etcd import FakeEtcd
from tests.claims.world import Bridge, layout, started, view, web

GRACE = 60.0


@pytest.fixture
def two(fake: FakeEtcd) -> tuple[Bridge, Bridge]:
    """Return two hosts that share a service, after the second one's bridge died."""
    fake.put(layout().permanent.key, layout().permanent.value)
    one, other = started(fake, ("h1", "h2"))
    one.settle(web("c1"))
    other.settle(web("c2"))
    fake.delete(layout("h2").alive())
    return one, other


def seen(fake: FakeEtcd) -> Mapping[str, KeyValue]:
    """Return the keys that the bridges watch."""
    keys = layout()
    return {it.key: it for asked in (keys.alive_hosts(), keys.hosts()) for it in fake.find(asked)}


def removed(fake: FakeEtcd, host: str, *, comes_back: bool = False) -> Removed:
    """Remove a host that has no `alive`; with `comes_back` it returns after the decision."""
    keys = layout(host)
    steps = removal(keys, unchanged(keys, None, fake.keys[keys.host_record()]))
    request = next(steps)
    if comes_back:
        fake.put(keys.alive(), "back")
    return driven(steps, request, fake)


def driven(steps: Removal, request: Transaction | Read, fake: FakeEtcd) -> Removed:
    """Drive a removal from this request to its end."""
    while True:
        try:
            request = steps.send(fake.carry_out(request))
        except StopIteration as done:
            came: Removed = done.value
            return came


def test_host_without_alive_key_has_departed(fake: FakeEtcd, two: tuple[Bridge, Bridge]) -> None:
    """Only a host without a live bridge has departed, and it stays for the grace period."""
    gone, unclear = departed(seen(fake), layout(two[0].host), GRACE)
    assert [(it.host, it.stays) for it in gone] == [("h2", GRACE)]
    assert not unclear


@pytest.mark.usefixtures("two")
def test_own_host_never_counts_as_departed(fake: FakeEtcd) -> None:
    """A bridge that finds its own `alive` gone is no dead host to itself: it would remove what it serves."""
    gone, unclear = departed(seen(fake), layout("h2"), GRACE)
    assert not gone
    assert not unclear


@pytest.mark.parametrize("stays", [0.0, 600.0])
def test_goodbye_sets_how_long_routes_stay(fake: FakeEtcd, two: tuple[Bridge, Bridge], stays: float) -> None:
    """After a goodbye a host stays for the time that it names, be that shorter or longer than the grace."""
    fake.put(layout("h2").host_record(), encode_record(HostRecord("", "", "1", stays)))
    (gone,), _ = departed(seen(fake), layout(two[0].host), GRACE)
    assert gone.stays == stays


def test_host_with_record_of_later_format_is_not_removed(fake: FakeEtcd, two: tuple[Bridge, Bridge]) -> None:
    """A host whose record has a later format is not removed: it may have said goodbye for any time."""
    fake.put(layout("h2").host_record(), '{"format":9}')
    gone, unclear = departed(seen(fake), layout(two[0].host), GRACE)
    assert (gone, list(unclear)) == ((), ["h2"])


def test_removal_keeps_objects_shared_with_other_host(fake: FakeEtcd, two: tuple[Bridge, Bridge]) -> None:
    """A removed host leaves nothing, and what it shared with the other host stays."""
    before = view(fake)
    assert removed(fake, two[1].host) == Removed(("c2",), (), done=True)
    assert not [key for key in fake.keys if "/h2" in key]
    assert view(fake) == {path: value for path, value in before.items() if "63320" not in path}


def test_host_without_containers_is_forgotten(fake: FakeEtcd) -> None:
    """There is nothing to remove of it but who it was."""
    bare = Bridge(fake, "h3")
    fake.delete(layout(bare.host).alive())
    assert removed(fake, bare.host) == Removed((), (), done=True)
    assert layout(bare.host).host_record() not in fake.keys


@pytest.mark.parametrize("kind", ["containers", "claims"])
def test_removal_leaves_and_reports_unreadable_keys(fake: FakeEtcd, two: tuple[Bridge, Bridge], kind: str) -> None:
    """What a later bridge wrote is reported and left, with the host's record, for later bridges to remove."""
    before = view(fake)
    for key, it in list(fake.keys.items()):
        if f"/{kind}/" in key and "/h2/" in key:
            fake.put(key, it.value.replace('"format":1', '"format":9'))
    came = removed(fake, two[1].host)
    assert not came.done
    assert "its format is 9" in came.problems[0].message
    assert view(fake) == before
    assert layout("h2").host_record() in fake.keys


def test_containers_of_removed_host_are_sorted_by_name() -> None:
    """Whoever removes a host is shown names, sorted; where one cannot be read, what its key ends in."""
    records = {"0a": encode_record(ContainerRecord("web", ())), "0b": '{"format":9}'}
    records["0c"] = encode_record(ContainerRecord("api", ()))
    keys = [KeyValue(layout().container(container), value, 1, 1) for container, value in records.items()]
    assert names(keys) == ("0b", "api", "web")


def test_host_that_returns_before_commit_keeps_its_keys(fake: FakeEtcd, two: tuple[Bridge, Bridge]) -> None:
    """If the host is back between decision and commit, nothing is removed."""
    before = fake.find(layout("h2").containers()), view(fake)
    assert not removed(fake, two[1].host, comes_back=True).done
    assert (fake.find(layout("h2").containers()), view(fake)) == before
