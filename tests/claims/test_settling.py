"""What becomes of a container's objects, what it costs, and what people are told."""

from dataclasses import replace

import pytest

from bridge.claims.records import (
    ContainerRecord,
    ObjectRecord,
    decode_container,
    decode_object,
    encode_object,
)
from bridge.claims.settling import Settling
from bridge.claims.standing import standing
from bridge.claims.transaction import Put, Range, Read, Transaction
from bridge.labels.model import Ref
from tests.claims.fake_etcd import FakeEtcd
from tests.claims.invariants import Hand, checked, state
from tests.claims.world import (
    Bridge,
    change,
    identifier,
    layout,
    messages,
    publication,
    router,
    rules,
    service,
    started,
    view,
    web,
)

RULE = "http/routers/web/rule"


def test_one_event_is_one_transaction(etcd: FakeEtcd, bridge: Bridge) -> None:
    """A container comes and goes with one request each, and leaves nothing."""
    before = etcd.revision
    assert rules(bridge.settle(web("c1"))) == {"c1": ["DEFINE", "DEFINE"]}
    assert view(etcd) == {
        RULE: "a",
        "http/services/web/loadbalancer/servers": "",
        f"http/services/web/loadbalancer/servers/h1-{identifier('c1')}/url": "http://c1",
    }
    bridge.settle("c1")
    assert (bridge.requests, etcd.revision - before) == (2, 2)
    assert not view(etcd)
    assert not state(etcd).containers


def test_unchanged_costs_nothing(etcd: FakeEtcd, bridge: Bridge) -> None:
    """An event that changes nothing asks etcd nothing."""
    bridge.settle(web("c1"))
    asked, revision = bridge.requests, etcd.revision
    assert rules(bridge.settle(web("c1"))) == {"c1": ["JOIN", "JOIN"]}
    assert (bridge.requests, etcd.revision) == (asked, revision)
    assert standing(change(web("c1")), bridge.memory)


def test_a_replica_that_stands_succeeds_at_once(bridge: Bridge) -> None:
    """Where a definer leaves, who shares its objects takes over in two requests, itself unchanged."""
    bridge.settle(web("c1"), web("c2"))
    asked = bridge.requests
    came = bridge.settle("c1", web("c2"))
    assert rules(came) == {"c1": [], "c2": ["JOIN", "JOIN"]}
    assert bridge.requests - asked == 2


def test_replica_touches_only_its_own(bridge: Bridge) -> None:
    """A replica writes its server, its claims and its record, and nothing else."""
    bridge.settle(web("c1"))
    settling = Settling([change(web("c2"))], bridge.memory, bridge.fence)
    assert isinstance(settling.request, Transaction)
    own = identifier("c2")
    assert len(settling.request.writes) == 4
    assert all(own in write.key for write in settling.request.writes)


def test_redefining_writes_what_differs(etcd: FakeEtcd, bridge: Bridge) -> None:
    """Of a new definition only leaves that differ are written, and leaves that are gone deleted by name."""
    bridge.settle(publication("c1", router("web", rule="a", priority="1", service="s")))
    revision = etcd.revision
    came = bridge.settle(publication("c2", router("web", rule="a", priority="2", tls="true"), created="2"))
    assert rules(came) == {"c2": ["REDEFINE"]}
    changed = {key for key, it in etcd.keys.items() if it.mod_revision > revision and key.startswith("traefik/")}
    assert changed == {"traefik/http/routers/web/priority", "traefik/http/routers/web/tls"}
    assert "http/routers/web/service" not in view(etcd)


def test_older_container_serves_under_the_new_definition(bridge: Bridge, etcd: FakeEtcd) -> None:
    """While an application is rolled out its older containers serve on, and the difference is told."""
    bridge.settle(web("c2", rule="new", created="2"))
    came = bridge.settle(web("c1", rule="old", created="1"))
    assert rules(came) == {"c1": ["DIFFER", "JOIN"]}
    assert messages(came)[0].endswith(
        f"(application shop, container {identifier('c2')} on host h1): rule is 'old' here and 'new' there"
    )
    assert view(etcd)[RULE] == "new"


def test_another_application_waits_as_a_whole(etcd: FakeEtcd) -> None:
    """Who wants something else under a name in use gets nothing, is told why, and gets all when it is free."""
    first, second = started(etcd, ["h1", "h2"])
    first.settle(web("c1"))
    shown = view(etcd)
    came = second.settle(web("c2", rule="b", application="blog"))
    told = came.settled[identifier("c2")]
    assert not told.published
    assert view(etcd) == shown
    assert told.problems[0].label == "traefik.http.routers.web.rule"
    assert told.watch == (Range(layout().object(Ref("http", "routers", "web"))),)
    record = decode_container(etcd.keys[layout("h2").container(identifier("c2"))].value)
    assert isinstance(record, ContainerRecord)
    assert record.waits[0].reason == told.problems[0].message
    revision = etcd.revision
    second.settle(web("c2", rule="b", application="blog"))
    assert etcd.revision == revision
    first.settle("c1")
    assert second.settle(web("c2", rule="b", application="blog")).settled[identifier("c2")].published


def test_waiting_container_gives_back_what_it_held(etcd: FakeEtcd) -> None:
    """Who comes to want what another has lets go of all the rest in the same transaction."""
    first, second = started(etcd, ["h1", "h2"])
    first.settle(web("c1"))
    second.settle(publication("c2", router("mine", rule="a"), application="blog"))
    before = etcd.copy()
    both = publication("c2", router("mine", rule="a"), router("web", rule="b"), application="blog")
    assert not second.settle(both).settled[identifier("c2")].published
    assert "http/routers/mine/rule" not in view(etcd)
    checked(before, etcd, Hand(), second.fence)


def test_secrets_are_not_told(bridge: Bridge) -> None:
    """The difference between two definitions shows no credentials."""
    leaf = "basicauth/users"
    bridge.settle(publication("c1", router("web", **{leaf: "a:hash1"})))
    came = bridge.settle(publication("c2", router("web", **{leaf: "a:hash2"}), application="blog"))
    assert "hash" not in messages(came)[0]


def test_newest_agreeing_claim_succeeds(etcd: FakeEtcd, bridge: Bridge) -> None:
    """When the definer leaves what several applications share, nothing changes but the definer."""
    bridge.settle(web("c1", created="1"))
    bridge.settle(web("c2", created="2"))
    bridge.settle(web("c3", created="3", application="blog"))
    shown = view(etcd)
    bridge.settle("c1")
    assert state(etcd).objects[Ref("http", "routers", "web")].definer.container == identifier("c3")
    assert view(etcd) == {key: value for key, value in shown.items() if identifier("c1") not in key}


def test_rollback_falls_back_to_what_is_left(etcd: FakeEtcd, bridge: Bridge) -> None:
    """When the container that redefined leaves, the newest of those that are left has its way."""
    bridge.settle(web("c1", rule="old"))
    bridge.settle(web("c2", rule="new", created="2"))
    bridge.settle("c2")
    assert view(etcd)[RULE] == "old"


def test_recreated_container_is_one_change(etcd: FakeEtcd, bridge: Bridge) -> None:
    """A container that is gone and its successor are one transaction, which keeps what did not change."""
    bridge.settle(web("c1"))
    revision, shown = etcd.revision, view(etcd)
    bridge.settle("c1", web("c2", created="2"))
    assert etcd.revision == revision + 1
    assert etcd.keys["traefik/http/routers/web/rule"].mod_revision <= revision
    assert len(view(etcd)) == len(shown)


def test_recreated_container_may_spell_anew(etcd: FakeEtcd, bridge: Bridge) -> None:
    """The spelling of a name stays while others claim it, and goes with the last who did."""
    bridge.settle(publication("c1", router("Web", rule="a")))
    bridge.settle(publication("c2", router("web", rule="a"), created="2"))
    assert view(etcd) == {"http/routers/Web/rule": "a"}
    bridge.settle("c1", "c2", publication("c3", router("web", rule="a"), created="3"))
    assert view(etcd) == {RULE: "a"}


def test_strangers_block_a_spelling(etcd: FakeEtcd, bridge: Bridge) -> None:
    """A new spelling is not put over keys that somebody wrote in it."""
    bridge.settle(publication("c1", router("Web", rule="a")))
    etcd.put("traefik/http/routers/web/rule", "x")
    came = bridge.settle("c1", publication("c2", router("web", rule="a"), created="2"))
    assert rules(came)["c2"] == ["WAIT_FOREIGN"]
    assert view(etcd) == {RULE: "x"}


def test_spelling_is_part_of_a_definition(bridge: Bridge) -> None:
    """Another application that spells a name otherwise wants something else."""
    bridge.settle(publication("c1", router("Web", rule="a")))
    came = bridge.settle(publication("c2", router("web", rule="a"), application="blog"))
    assert rules(came) == {"c2": ["WAIT_APPLICATION"]}
    assert "here the name is spelled web, there Web" in messages(came)[0]


def test_successor_does_not_overwrite_strangers(etcd: FakeEtcd, bridge: Bridge) -> None:
    """What is in force stays where the successor's definition would take somebody else's key."""
    bridge.settle(publication("c1", router("web", rule="old", priority="1")))
    bridge.settle(publication("c2", router("web", rule="new"), created="2"))
    etcd.put("traefik/http/routers/web/priority", "9")
    assert not bridge.settle("c2").unsettled
    assert view(etcd) == {RULE: "new", "http/routers/web/priority": "9"}


def test_claims_of_a_later_format_stay(etcd: FakeEtcd, bridge: Bridge) -> None:
    """A claim that cannot be read is another application's: it keeps what is in force, alone too."""
    bridge.settle(web("c2", rule="old", created="0"))
    bridge.settle(web("c1"))
    later = layout("h9").claim(Ref("http", "routers", "web"), layout("h9").me(identifier("c9")))
    etcd.put(later, '{"format":9}')
    bridge.settle("c1")
    assert view(etcd)[RULE] == "a"
    bridge.settle("c2")
    assert view(etcd)[RULE] == "a"
    force = decode_object(etcd.keys[layout().object(Ref("http", "routers", "web"))].value)
    assert isinstance(force, ObjectRecord)
    assert force.definer == layout("h9").me(identifier("c9"))


def test_older_container_needs_no_look_at_the_others(bridge: Bridge) -> None:
    """Who is older than the definer cannot have its way, and asks only whether that still holds."""
    bridge.settle(web("c2", rule="new", created="2"))
    bridge.settle(web("c1", rule="old"))
    asked = bridge.requests
    bridge.settle(web("c1", rule="old"))
    assert bridge.requests == asked + 1


def test_oldest_comes_first(bridge: Bridge) -> None:
    """Of two containers that are settled together the one that was created first has the name."""
    came = bridge.settle(web("c2", rule="b", application="blog", created="2"), web("c1"))
    assert came.settled[identifier("c1")].published
    assert not came.settled[identifier("c2")].published


def test_wait_is_watched_from_before_its_own_transaction(etcd: FakeEtcd) -> None:
    """What a container waits for may go in the very transaction that says so: that must not be missed."""
    first, second = started(etcd, ["h1", "h2"])
    second.settle(publication("c9", router("taken", rule="a"), application="other"))
    first.settle(publication("c8", router("taken", rule="a"), application="other"))
    first.settle(publication("c2", router("web", rule="a"), created="2"))
    leaves = publication("c2", router("web", rule="a"), router("taken", rule="b"), created="2")
    waits = publication("c1", router("web", rule="b"), application="blog", created="1")
    came = first.settle(waits, leaves)
    assert came.settled[identifier("c1")].revision < etcd.revision
    assert first.settle(waits).settled[identifier("c1")].published


def test_moved_server_needs_no_claim_anew(etcd: FakeEtcd, bridge: Bridge) -> None:
    """A new address changes the server and its claim, in force stays what was."""
    bridge.settle(web("c1"))
    force = etcd.keys[layout().object(Ref("http", "routers", "web"))]
    moved = service("web", "http://elsewhere", f"h1-{identifier('c1')}")
    bridge.settle(replace(web("c1"), items=(router("web", rule="a"), moved)))
    assert view(etcd)[f"http/services/web/loadbalancer/servers/h1-{identifier('c1')}/url"] == "http://elsewhere"
    assert etcd.keys[force.key] == force


@pytest.mark.parametrize("key", ["traefik/http/routers/web", "traefik/http/routers/web/priority"])
def test_strangers_keys_block_their_name(etcd: FakeEtcd, bridge: Bridge, key: str) -> None:
    """A name that somebody wrote by hand is left to them, and the container waits."""
    etcd.put(key, "5")
    assert rules(bridge.settle(web("c1"))) == {"c1": ["WAIT_FOREIGN", "DEFINE"]}
    assert list(view(etcd)) == [key.removeprefix("traefik/")]


def test_name_in_two_spellings_costs_the_container(bridge: Bridge) -> None:
    """Two names of one container that Traefik takes for one are told, not merged."""
    came = bridge.settle(publication("c1", router("web", rule="a"), router("WEB", rule="b")))
    assert not came.settled[identifier("c1")].published
    assert "letter case" in messages(came)[0]


def test_later_format_is_left_alone(etcd: FakeEtcd, bridge: Bridge) -> None:
    """What a later bridge has put in force is neither overwritten nor joined, but can be left."""
    bridge.settle(web("c1"))
    bridge.settle(web("c2"))
    key = layout().object(Ref("http", "routers", "web"))
    later = etcd.keys[key].value.replace('"format":1', '"format":9')
    etcd.put(key, later)
    came = bridge.settle(web("c3", rule="b"))
    assert "its format is 9" in messages(came)[0]
    bridge.settle("c2")
    assert etcd.keys[key].value == later
    assert not etcd.find(Range(layout().container(identifier("c2"))))


def test_unreadable_record_of_its_own_is_left_alone(etcd: FakeEtcd, bridge: Bridge) -> None:
    """A container whose own record is broken stays as it is, and is told."""
    key = layout().container(identifier("c1"))
    etcd.put(key, "broken")
    bridge.memory.learn(Range(key), etcd.find(Range(key)))
    came = bridge.settle(web("c1"))
    assert "cannot be read: it is not JSON" in messages(came)[0]
    assert etcd.keys[key].value == "broken"


def test_bridge_that_was_declared_dead_writes_nothing(etcd: FakeEtcd, bridge: Bridge) -> None:
    """Whoever lost its place among the living is told so at its next transaction."""
    etcd.delete(layout().alive())
    came = bridge.settle(web("c1"))
    assert came.fenced
    assert not came.settled
    assert not view(etcd)


@pytest.mark.parametrize("done", [True, False])
def test_lost_answer_is_asked_for(etcd: FakeEtcd, bridge: Bridge, *, done: bool) -> None:
    """After an answer that was lost the bridge finds out what is there, and leaves it without a trace."""
    settling = Settling([change(web("c1"))], bridge.memory, bridge.fence)
    assert isinstance(settling.request, Transaction)
    if done:
        etcd.commit(settling.request)
    settling.lost()
    bridge.settle("c1")
    assert not view(etcd)
    assert not state(etcd).claims


@pytest.mark.parametrize("done", [True, False])
def test_nothing_stands_while_an_answer_is_missing(etcd: FakeEtcd, bridge: Bridge, *, done: bool) -> None:
    """Whoever is remembered to hold what it wants may hold something else, if a transaction got no answer."""
    bridge.settle(web("c1"))
    settling = Settling([change(web("c1", rule="b"))], bridge.memory, bridge.fence)
    while isinstance(settling.request, Read):
        settling.answer(etcd.carry_out(settling.request))
    assert isinstance(settling.request, Transaction)
    if done:
        etcd.commit(settling.request)
    settling.lost()
    bridge.settle(web("c1"))
    assert view(etcd)[RULE] == "a"


def test_compares_come_first() -> None:
    """A definition that others wrote in the meantime is not overwritten, even with the same words."""
    etcd = FakeEtcd()
    first, second = started(etcd, ["h1", "h2"])
    settling = Settling([change(web("c1", rule="a"))], first.memory, first.fence)
    second.settle(web("c2", rule="b", application="blog"))
    while settling.request:
        settling.answer(etcd.carry_out(settling.request))
    assert rules(settling) == {"c1": ["WAIT_APPLICATION", "JOIN"]}


def test_put_of_state_names_the_definer(etcd: FakeEtcd, bridge: Bridge) -> None:
    """The definition in force is written with whose claim gave it."""
    settling = Settling([change(web("c1"))], bridge.memory, bridge.fence)
    assert isinstance(settling.request, Transaction)
    etcd.commit(settling.request)
    record = state(etcd).objects[Ref("http", "routers", "web")]
    assert Put(layout().object(Ref("http", "routers", "web")), encode_object(record)) in settling.request.writes
