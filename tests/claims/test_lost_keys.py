"""Keys that vanish under a live bridge: a host purged by hand, an etcd restored, a state deleted."""

from collections.abc import Callable

import pytest

from bridge.claims.hosts import removal, unchanged
from bridge.view.model import Publication
from tests.claims.fake_etcd import FakeEtcd
from tests.claims.invariants import Hand, checked, standing
from tests.claims.test_hosts import driven
from tests.claims.world import (
    Bridge,
    identifier,
    layout,
    publication,
    router,
    rules,
    service,
    view,
    web,
)

SERVERS = "traefik/http/services/web/loadbalancer/servers"
PERMANENT = Hand(frozenset({layout().permanent[:2]}))


def purge(fake: FakeEtcd) -> None:
    """Remove everything of the host, as `purge --force` does."""
    keys = layout()
    steps = removal(keys, unchanged(keys, fake.keys[keys.alive()], fake.keys[keys.host_record()]), forget=False)
    assert driven(steps, next(steps), fake).done


def restore(fake: FakeEtcd) -> None:
    """Restore etcd to a time when the bridge was alive but had not yet published this container."""
    for key in [it for it in fake.keys if identifier("c1") in it or "/web" in it]:
        fake.delete(key)


def moved(first: Publication) -> Publication:
    """Return the same container with another address."""
    return first._replace(items=(first.items[0], service("web", "http://moved", f"h1-{first.id}")))


@pytest.mark.parametrize("lose", [purge, restore])
@pytest.mark.parametrize("change", [moved, lambda _: "c1"], ids=["moves", "leaves"])
def test_container_with_lost_claims_is_never_half_published(
    fake: FakeEtcd,
    bridge: Bridge,
    lose: Callable[[FakeEtcd], None],
    change: Callable[[Publication], Publication | str],
) -> None:
    """A container whose claims are gone claims everything again, or leaves without a trace; never only half."""
    bridge.settle(web("c1"))
    lose(fake)
    before, wanted = fake.copy(), change(web("c1"))
    came = bridge.settle(wanted)
    assert not came.unsettled
    checked(before, fake, PERMANENT, bridge.fence)
    standing(fake, {identifier("c1"): wanted if isinstance(wanted, Publication) else None})


def test_lost_claims_do_not_block_other_containers(fake: FakeEtcd, bridge: Bridge) -> None:
    """If one of several containers in a batch lost its claims, all are published, and none only in part."""
    others = [publication(f"o{number}", router(f"r{number}", rule="a")) for number in range(4)]
    bridge.settle(web("c1"), *others)
    restore(fake)
    before, asked = fake.copy(), bridge.requests
    more = [it._replace(items=(*it.items, router(f"{it.container}x", rule="a"))) for it in others]
    assert not bridge.settle(moved(web("c1")), *more).unsettled
    assert bridge.requests - asked == 3
    checked(before, fake, PERMANENT, bridge.fence)
    standing(fake, {it.id: it for it in (web("c1"), *more)})


def test_claims_of_restored_record_are_released(fake: FakeEtcd, bridge: Bridge) -> None:
    """Claims that a restore brings back, and that the bridge has long forgotten, are read and released."""
    bridge.settle(web("c1"), publication("c2", router("other", rule="a")))
    older = dict(fake.keys)
    bridge.settle(publication("c1", router("new", rule="a")))
    fake.keys = older
    before = fake.copy()
    bridge.settle(publication("c1", router("new", rule="b")))
    checked(before, fake, PERMANENT, bridge.fence)
    assert view(fake) == {"http/routers/new/rule": "b", "http/routers/other/rule": "a"}


def test_container_takes_over_its_orphaned_server_key(fake: FakeEtcd, bridge: Bridge) -> None:
    """A server key without any definition blocks its name for all containers but the one that wrote it."""
    orphan = f"{SERVERS}/h1-{identifier('c1')}/url"
    fake.put(orphan, "http://old")
    assert rules(bridge.settle(web("c2"))) == {"c2": ["DEFINE", "WAIT_FOREIGN"]}
    assert rules(bridge.settle(web("c1"))) == {"c1": ["DEFINE", "ADOPT"]}
    assert fake.keys[orphan].value == "http://c1"
    assert rules(bridge.settle(web("c2"))) == {"c2": ["JOIN", "JOIN"]}


def test_foreign_keys_beside_orphaned_server_key_stay(fake: FakeEtcd, bridge: Bridge) -> None:
    """An orphan of ours does not make the other keys below its name ours."""
    for path in (f"h1-{identifier('c1')}/url", "byhand/url"):
        fake.put(f"{SERVERS}/{path}", "x")
    shown = view(fake)
    assert rules(bridge.settle(web("c1"))) == {"c1": ["DEFINE", "WAIT_FOREIGN"]}
    assert view(fake) == shown
