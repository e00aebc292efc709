"""Resyncs: what is listed, what is settled together, and what is repaired."""

from collections.abc import Callable, Iterable

import pytest

from bridge.claims.fitting import fits
from bridge.claims.gather import Change
from bridge.claims.memory import Memory
from bridge.claims.resync import Resynced, Steps, resync
from bridge.claims.settling import Settling
from bridge.claims.transaction import Compare, Range, Read, Revision, Transaction
from bridge.labels.model import Leaf, Ref
from bridge.view.model import Publication
from tests.claims.fake_etcd import FakeEtcd
from tests.claims.invariants import state
from tests.claims.world import (
    Bridge,
    identifier,
    layout,
    messages,
    publication,
    router,
    service,
    started,
    view,
    web,
)

Asked = Transaction | Read

PERMANENT = {"http/middlewares/docker-event-bridge/addprefix/prefix": "/docker-event-bridge"}
RULE = "traefik/http/routers/web/rule"


def run(bridge: Bridge, *publications: Publication, keeps: Iterable[str] = ()) -> Resynced:
    """Resync a host as its bridge does."""
    return _carried_out(resync(by_id(*publications), bridge.memory, bridge.fence, keeps), bridge.etcd)


def by_id(*publications: Publication) -> dict[str, Publication]:
    """Return publications by their containers' ids; the resync empties the mapping."""
    return {publication.id: publication for publication in publications}


def _carried_out(steps: Steps, fake: FakeEtcd, meanwhile: Callable[[Asked], object] = id) -> Resynced:
    """Execute the steps, and call `meanwhile` before each request."""
    request = next(steps)
    while True:
        meanwhile(request)
        try:
            request = steps.send(fake.carry_out(request))
        except StopIteration as done:
            resynced: Resynced = done.value
            return resynced


@pytest.fixture
def bridge(fake: FakeEtcd) -> Bridge:
    """Return the first host's bridge after its first resync."""
    bridge = Bridge(fake)
    run(bridge, web("c1"))
    return bridge


def test_container_redefined_by_other_host_is_settled_again(fake: FakeEtcd) -> None:
    """A resync decides again on a container whose object another host has redefined, and reports that."""
    one, two = started(fake, ["h1", "h2"])
    old = publication("c1", router("web", rule="1"), created="1")
    for bridge in (one, two):
        run(bridge)
    one.settle(old)
    assert not run(one, keeps=[old.id]).unsettled
    two.settle(publication("c2", router("web", rule="2"), created="2"))
    assert run(one, keeps=[old.id]).unsettled == [old.id]
    for resynced in (run(one, old), run(Bridge(fake, "h1"), old)):
        assert "another definition is in force" in messages(resynced)[0]


def test_container_redefined_on_same_host_is_settled_again(fake: FakeEtcd) -> None:
    """The same holds for an object that a newer container or a successor on the same host has redefined."""
    bridge = Bridge(fake)
    run(bridge)
    first, older, newer = (
        publication(name, router("web", rule=rule), created=created)
        for name, rule, created in (("c1", "1", "1"), ("c2", "2", "2"), ("c3", "1", "3"))
    )
    bridge.settle(first)
    bridge.settle(older)
    assert run(bridge, keeps=[first.id, older.id]).unsettled == [first.id]
    bridge.settle(newer)
    assert run(bridge, keeps=[first.id, older.id, newer.id]).unsettled == [older.id]
    bridge.settle("c3")
    assert run(bridge, keeps=[first.id, older.id]).unsettled == [first.id]
    assert not listings(bridge, first, older)


def test_container_redefined_in_same_batch_is_settled_again(fake: FakeEtcd) -> None:
    """Of two containers settled together, the older is decided again after the newer has redefined its object."""
    bridge = Bridge(fake)
    older, newer = (
        publication(f"c{number}", router("web", rule=str(number)), created=str(number)) for number in (1, 2)
    )
    run(bridge)
    assert not messages(bridge.settle(older, newer))
    assert run(bridge, keeps=[older.id, newer.id]).unsettled == [older.id]


def test_permanent_key_is_written_without_containers(fake: FakeEtcd) -> None:
    """The permanent key is written at the first resync, even without any container."""
    run(Bridge(fake))
    assert view(fake) == PERMANENT


def test_restart_writes_nothing(fake: FakeEtcd, bridge: Bridge) -> None:
    """A bridge that starts with an empty memory and finds everything unchanged writes nothing."""
    revision = fake.revision
    bridge.memory = Memory(layout())
    assert run(bridge, web("c1")).settled[identifier("c1")].published
    assert fake.revision == revision


def test_container_recreated_during_downtime_is_one_transaction(fake: FakeEtcd, bridge: Bridge) -> None:
    """A container that was recreated while the bridge was away is replaced in one transaction."""
    revision = fake.revision
    run(bridge, web("c2", created="2"))
    assert fake.revision == revision + 1
    assert {who.container for who in state(fake).containers} == {identifier("c2")}


def test_container_and_successor_are_settled_in_same_part(fake: FakeEtcd, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where many are settled in parts, a container and its successor are in the same part: no key is missing."""
    monkeypatch.setattr("bridge.claims.resync.SETTLED_AT_ONCE", 2)
    bridge = Bridge(fake)
    first = [publication(f"a{number}", router(f"r{number}", rule="a")) for number in range(7)]
    again = [publication(f"b{number}", router(f"r{number}", rule="a"), created="2") for number in (1, 4, 6)]
    run(bridge, *first)
    begun = {key: seen.create_revision for key, seen in fake.keys.items() if key.endswith("/rule")}
    assert len(begun) == len(first)
    assert not run(bridge, *again, first[0], *first[2:4], first[5]).unsettled
    assert {key: seen.create_revision for key, seen in fake.keys.items() if key.endswith("/rule")} == begun
    names = ("a0", "a2", "a3", "a5", "b1", "b4", "b6")
    assert {who.container for who in state(fake).containers} == {*map(identifier, names)}


def test_many_containers_take_few_requests(fake: FakeEtcd, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has nothing in common shares transactions, and the claims of many are read in parts."""
    monkeypatch.setattr("bridge.claims.resync.CLAIMS_AT_ONCE", 30)
    many = [publication(f"c{number:02}", router(f"r{number}", rule="a")) for number in range(100)]
    bridge, before = Bridge(fake), fake.revision
    run(bridge, *many)
    assert fake.revision - before <= 5
    asked: list[Asked] = []
    _carried_out(resync(by_id(*many), Memory(layout()), bridge.fence), fake, asked.append)
    assert [len(it.ranges) for it in asked if isinstance(it, Read)] == [3, 30, 30, 30, 10]


def test_failed_transaction_ends_resync_and_is_in_doubt(bridge: Bridge) -> None:
    """Whoever carries it out is told, and what the transaction was to write is in doubt."""
    steps = resync(by_id(web("c1", rule="b")), bridge.memory, bridge.fence)
    request = next(steps)
    while isinstance(request, Read):
        request = steps.send(bridge.etcd.carry_out(request))
    with pytest.raises(ConnectionError):
        steps.throw(ConnectionError())
    assert layout().object(Ref("http", "routers", "web")) in bridge.memory.doubted


def test_container_that_cannot_be_inspected_keeps_its_keys(fake: FakeEtcd, bridge: Bridge) -> None:
    """A container that cannot be inspected at the moment keeps its keys."""
    shown = view(fake)
    run(bridge, keeps=[identifier("c1")])
    assert view(fake) == shown


def test_containers_of_other_hosts_stay(fake: FakeEtcd, bridge: Bridge) -> None:
    """A resync of one host leaves the containers of other hosts alone."""
    shown = view(fake)
    run(Bridge(fake, "h2"))
    assert bridge.memory.keys
    assert view(fake) == shown


def test_changes_by_hand_are_repaired_and_reported(fake: FakeEtcd, bridge: Bridge) -> None:
    """Our keys that somebody changed or deleted are restored and named; a server without a claim is removed."""
    shown = view(fake)
    servers = "traefik/http/services/web/loadbalancer/servers"
    stray = f"{servers}/h1-{identifier('old')}/url"
    fake.put(RULE, "evil")
    fake.put(stray, "http://gone")
    fake.delete(f"{servers}/h1-{identifier('c1')}/url")
    came = run(bridge, web("c1"))
    assert set(came.mended) == {RULE, stray, f"{servers}/h1-{identifier('c1')}/url"}
    assert view(fake) == shown


def test_foreign_keys_in_view_stay(fake: FakeEtcd, bridge: Bridge) -> None:
    """Keys that others wrote into the view, even below our own objects, are never touched."""
    others = [
        "traefik/http/routers/web/observability/tracing",
        "traefik/http/routers/byhand/rule",
        f"traefik/http/services/web/loadbalancer/servers/h2-{identifier('c9')}/url",
        "traefik/http/services/web/loadbalancer/servers/mine/url",
    ]
    for key in others:
        fake.put(key, "x")
    assert not run(bridge, web("c1")).mended
    bridge.settle("c1")
    assert view(fake).keys() == {key.removeprefix("traefik/") for key in others} | PERMANENT.keys()


@pytest.mark.parametrize("path", ["containers/h1/a/b", "claims/http/x", "objects/http", "more"])
def test_unknown_keys_in_state_are_ignored(fake: FakeEtcd, bridge: Bridge, path: str) -> None:
    """What is none of the keys that are known there is passed over, and ends nobody."""
    fake.put(f"{layout().state}{path}", "x")
    revision = fake.revision
    assert not run(bridge, web("c1")).unsettled
    assert fake.revision == revision


def test_only_definers_host_repairs_definition(fake: FakeEtcd, bridge: Bridge) -> None:
    """Only the definer's host repairs a definition, not every host that shares it."""
    second = Bridge(fake, "h2")
    run(second, _on_second_host())
    fake.put(RULE, "evil")
    assert not run(second, _on_second_host()).mended
    assert run(bridge, web("c1")).mended == (RULE,)


def test_successor_repairs_definition_of_leaving_definer(fake: FakeEtcd, bridge: Bridge) -> None:
    """If the definer leaves in the same resync, its successor restores the definition, undoing the change."""
    bridge.settle(web("c2"))
    shown = view(fake)
    fake.put(RULE, "evil")
    run(bridge, web("c2"))
    run(bridge, web("c2"))
    servers = f"http/services/web/loadbalancer/servers/h1-{identifier('c1')}/url"
    assert view(fake) == {key: value for key, value in shown.items() if key != servers}


@pytest.mark.parametrize("field", ["url", "weight", "preservepath", "address", "tls"])
def test_view_is_adopted_after_lost_state(fake: FakeEtcd, bridge: Bridge, field: str) -> None:
    """Without state, a view that holds just what would be written is taken over, other hosts' servers kept."""
    shared, item = _on_second_host().items
    more = Leaf(item.server[0].path.replace("/url", f"/{field}"), "x")
    run(Bridge(fake, "h2"), _on_second_host()._replace(items=(shared, item._replace(server=(more,)))))
    shown = view(fake)
    for key in list(fake.keys):
        if key.startswith("docker-event-bridge/") and "/alive/" not in key:
            fake.delete(key)
    run(bridge, web("c1"))
    assert view(fake) == shown
    assert len(state(fake).objects) == 2


def test_servers_of_gone_containers_go_after_adoption(fake: FakeEtcd, bridge: Bridge) -> None:
    """The resync after an adoption removes this host's servers whose containers are gone."""
    run(bridge, web("c1"), web("c2"))
    for key in [it for it in fake.keys if it.startswith("docker-event-bridge/")]:
        fake.delete(key)
    bridge = Bridge(fake)
    run(bridge, web("c1"), publication("c3", router("other", rule="a")))
    stray = f"traefik/http/services/web/loadbalancer/servers/h1-{identifier('c2')}/url"
    assert run(bridge, keeps=[identifier("c1"), identifier("c3")]).mended == (stray,)


def _on_second_host() -> Publication:
    return publication(
        "c2", router("web", rule="a"), service("web", "http://c2", f"h2-{identifier('c2')}"), application="shop"
    )


@pytest.mark.parametrize("key", ["traefik/http/routers/WEB/rule", "traefik/HTTP/routers/web/rule"])
def test_foreign_name_in_other_letter_case_blocks(fake: FakeEtcd, key: str) -> None:
    """A name that a stranger wrote in another letter case blocks ours, since Traefik would merge both."""
    fake.put(key, "x")
    bridge = Bridge(fake)
    came = run(bridge, web("c1")).settled[identifier("c1")]
    assert "another letter case" in came.problems[0].message
    fake.delete(key)
    assert run(bridge, web("c1")).settled[identifier("c1")].published


@pytest.mark.parametrize("kind", ["objects", "claims", "containers"])
def test_container_with_lost_state_key_is_settled_again(fake: FakeEtcd, bridge: Bridge, kind: str) -> None:
    """A container that stays as it is, of which somebody has deleted a key of the state, is to be settled anew."""
    for key in [it for it in fake.keys if f"/{kind}/" in it]:
        fake.delete(key)
    assert run(bridge, keeps=[identifier("c1")]).unsettled == [identifier("c1")]


def test_waiting_container_with_lost_record_is_settled_again(fake: FakeEtcd, bridge: Bridge) -> None:
    """The record is all that there is of it."""
    waits = web("c2", rule="b", application="blog")
    run(bridge, web("c1"), waits)
    fake.delete(layout().container(waits.id))
    assert run(bridge, web("c1"), keeps=[waits.id]).unsettled == [waits.id]


def test_resync_clears_doubts_after_lost_answer(fake: FakeEtcd, bridge: Bridge) -> None:
    """A resync clears up what a lost answer left uncertain."""
    bridge.memory.doubted.add(layout().container(identifier("c1")))
    revision = fake.revision
    run(bridge, web("c1"))
    assert not bridge.memory.doubted
    assert fake.revision == revision


def listings(bridge: Bridge, *publications: Publication) -> int:
    """Resync a host, and return how often its bridge listed the view."""
    asked: list[Asked] = []
    _carried_out(resync(by_id(*publications), bridge.memory, bridge.fence), bridge.etcd, asked.append)
    return sum(isinstance(it, Read) and layout().view() in it.ranges for it in asked)


def test_view_is_listed_once_without_writes_of_others(fake: FakeEtcd, bridge: Bridge) -> None:
    """A bridge lists the view only once as long as nobody else writes: then its revisions are consecutive."""
    assert listings(bridge, web("c1"))
    assert not listings(bridge, web("c1"))
    assert not listings(bridge, web("c1"), publication("c2", router("other", rule="a")))
    assert not listings(bridge, publication("c2", router("other", rule="a")))
    assert view(fake).keys() >= {"http/routers/other/rule"}
    assert "http/routers/web/rule" not in view(fake)
    assert not listings(bridge)
    assert view(fake) == PERMANENT


@pytest.mark.parametrize("own_writes", [0, 1])
def test_view_is_listed_again_after_write_of_others(fake: FakeEtcd, bridge: Bridge, own_writes: int) -> None:
    """After a write of others, whatever it was, all is listed again, also where one's own write followed."""
    listings(bridge, web("c1"))
    before = view(fake)
    fake.delete(RULE)
    if own_writes:
        bridge.settle(publication("c2", router("other", rule="a")))
        bridge.settle("c2")
    assert listings(bridge, web("c1"))
    assert view(fake) == before
    assert listings(bridge, web("c1"))
    assert not listings(bridge, web("c1"))


def test_view_is_listed_again_after_lost_answer(bridge: Bridge) -> None:
    """After a lost answer the view is listed again: the write may have happened, at whatever revision."""
    listings(bridge, web("c1"))
    lost = Settling([Change(identifier("c1"), None)], bridge.memory, bridge.fence)
    lost.lost()
    assert listings(bridge, web("c1"))


def test_view_is_listed_again_after_restore_to_same_revision(fake: FakeEtcd, bridge: Bridge) -> None:
    """An etcd that was restored has another key of the living bridge, so that the view is listed again."""
    listings(bridge, web("c1"))
    bridge.fence = (Compare(Range(layout().alive()), Revision.MODIFIED, fake.revision + 1),)
    assert listings(bridge, web("c1"))


def test_hosts_agree_on_newest_definition_and_come_to_rest(fake: FakeEtcd) -> None:
    """Three hosts with different definitions of one router agree on the newest, and then write no more."""
    hosts = started(fake, ["h1", "h2", "h3"])
    for _ in range(2):
        for number, host in enumerate(hosts):
            run(host, publication(f"c{number}", router("web", rule=str(number)), created=str(number)))
    revision = fake.revision
    for number, host in enumerate(hosts):
        run(host, publication(f"c{number}", router("web", rule=str(number)), created=str(number)))
    assert fake.revision == revision
    assert view(fake)["http/routers/web/rule"] == "2"
    assert state(fake).objects[Ref("http", "routers", "web")].definer.host == "h3"


def test_unreadable_own_record_is_kept_and_reported(fake: FakeEtcd, bridge: Bridge) -> None:
    """A container whose record cannot be read is reported; it is not overwritten nor taken for removed."""
    key = layout().container(identifier("c1"))
    fake.put(key, "broken")
    came = run(bridge, web("c1")).settled[identifier("c1")]
    assert "cannot be read" in came.problems[0].message
    assert fake.find(Range(key))[0].value == "broken"


@pytest.mark.parametrize("kind", ["containers/", "claims/"])
def test_container_of_later_format_keeps_its_servers(fake: FakeEtcd, bridge: Bridge, kind: str) -> None:
    """A container whose record or claims are of a later format keeps its servers, and is reported."""
    before = view(fake)
    for key, seen in list(fake.keys.items()):
        if f"/{kind}" in key:
            fake.put(key, seen.value.replace('"format":1', '"format":9'))
    came = run(bridge, web("c1"))
    assert view(fake) == before
    assert "its format is 9" in came.settled[identifier("c1")].problems[0].message


def test_repairs_of_large_values_are_split(fake: FakeEtcd) -> None:
    """Repairs are split so that each fits one transaction, however large the values are."""
    bridge, rule = Bridge(fake), "x" * 110_000
    large = [publication(f"c{number}", router(f"r{number}", rule=rule)) for number in range(20)]
    run(bridge, *large)
    before = view(fake)
    for path in before:
        fake.delete(f"traefik/{path}")
    asked: list[Asked] = []
    _carried_out(resync(by_id(*large), bridge.memory, bridge.fence), fake, asked.append)
    assert all(isinstance(request, Read) or fits(request) for request in asked)
    assert view(fake) == before


def test_key_changed_during_repair_does_not_block_others(fake: FakeEtcd, bridge: Bridge) -> None:
    """A key that somebody changes during the repair is left to the next resync; all others are repaired now."""
    shown = view(fake)
    for path in shown:
        fake.put(f"traefik/{path}", "evil")

    def meanwhile(request: Asked) -> None:
        if isinstance(request, Transaction) and fake.keys[RULE].value == "evil":
            fake.put(RULE, "worse")

    _carried_out(resync(by_id(web("c1")), bridge.memory, bridge.fence), fake, meanwhile)
    assert view(fake) == shown | {"http/routers/web/rule": "worse"}


def test_bridge_declared_dead_repairs_nothing(fake: FakeEtcd, bridge: Bridge) -> None:
    """A bridge that was taken for dead is refused once, and does not try each key that is to be mended."""
    for path in view(fake):
        fake.put(f"traefik/{path}", "evil")
    fenced = (Compare(Range("nobody"), Revision.MODIFIED, 1),)
    asked: list[Asked] = []
    _carried_out(resync(by_id(web("c1")), bridge.memory, fenced), fake, asked.append)
    assert sum(isinstance(request, Transaction) for request in asked) <= 2
