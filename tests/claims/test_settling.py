"""What settling does with a container's objects, what it costs, and which problems it reports."""

import pytest

from bridge.claims.decide import Decision, decide
from bridge.claims.gather import Known
from bridge.claims.records import (
    ContainerRecord,
    ObjectRecord,
    decode_container,
    decode_object,
    encode_object,
)
from bridge.claims.settling import ATTEMPTS, Settling
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


def test_one_event_is_one_transaction(fake: FakeEtcd, bridge: Bridge) -> None:
    """A container is added and removed with one request each, and leaves nothing."""
    before = fake.revision
    assert rules(bridge.settle(web("c1"))) == {"c1": ["DEFINE", "DEFINE"]}
    assert view(fake) == {
        RULE: "a",
        "http/services/web/loadbalancer/servers": "",
        f"http/services/web/loadbalancer/servers/h1-{identifier('c1')}/url": "http://c1",
    }
    bridge.settle("c1")
    assert (bridge.requests, fake.revision - before) == (2, 2)
    assert not view(fake)
    assert not state(fake).containers


def test_unchanged_container_sends_no_request(fake: FakeEtcd, bridge: Bridge) -> None:
    """An event that changes nothing sends no request to etcd."""
    bridge.settle(web("c1"))
    asked, revision = bridge.requests, fake.revision
    assert rules(bridge.settle(web("c1"))) == {"c1": ["JOIN", "JOIN"]}
    assert (bridge.requests, fake.revision) == (asked, revision)
    assert standing(change(web("c1")), bridge.memory)


def test_unchanged_replica_becomes_definer_in_two_requests(bridge: Bridge) -> None:
    """When a definer leaves, an unchanged replica takes over its objects in two requests."""
    bridge.settle(web("c1"), web("c2"))
    asked = bridge.requests
    came = bridge.settle("c1", web("c2"))
    assert rules(came) == {"c1": [], "c2": ["JOIN", "JOIN"]}
    assert bridge.requests - asked == 2


def test_replica_writes_only_its_own_keys(bridge: Bridge) -> None:
    """A replica writes its server, its claims and its record, and nothing else."""
    bridge.settle(web("c1"))
    settling = Settling([change(web("c2"))], bridge.memory, bridge.fence)
    assert isinstance(settling.request, Transaction)
    own = identifier("c2")
    assert len(settling.request.writes) == 4
    assert all(own in write.key for write in settling.request.writes)


def test_redefining_writes_only_differing_leaves(fake: FakeEtcd, bridge: Bridge) -> None:
    """Of a new definition only leaves that differ are written, and leaves that are gone deleted by name.

    Of what is there only the claims are read: that nobody wrote a new leaf by hand is compared.
    """
    bridge.settle(publication("c1", router("web", rule="a", priority="1", service="s")))
    revision = fake.revision
    newer = publication("c2", router("web", rule="a", priority="2", tls="true"), created="2")
    settling = Settling([change(newer)], bridge.memory, bridge.fence)
    assert settling.request == Read((layout().claims(Ref("http", "routers", "web")),))
    assert rules(bridge.drive(settling)) == {"c2": ["REDEFINE"]}
    changed = {key for key, it in fake.keys.items() if it.mod_revision > revision and key.startswith("traefik/")}
    assert changed == {"traefik/http/routers/web/priority", "traefik/http/routers/web/tls"}
    assert "http/routers/web/service" not in view(fake)


def test_older_container_serves_under_newer_definition(bridge: Bridge, fake: FakeEtcd) -> None:
    """During a rollout the application's older containers serve on, and the difference is reported."""
    bridge.settle(web("c2", rule="new", created="2"))
    came = bridge.settle(web("c1", rule="old", created="1"))
    assert rules(came) == {"c1": ["DIFFER", "JOIN"]}
    assert messages(came)[0].endswith(
        f"(application shop, container {identifier('c2')} on host h1): rule is 'old' here and 'new' there"
    )
    assert view(fake)[RULE] == "new"


def test_conflict_with_other_application_publishes_nothing(fake: FakeEtcd) -> None:
    """A container that conflicts with another application publishes nothing, says why, and joins when it can."""
    first, second = started(fake, ["h1", "h2"])
    first.settle(web("c1"))
    shown = view(fake)
    came = second.settle(web("c2", rule="b", application="blog"))
    told = came.settled[identifier("c2")]
    assert not told.published
    assert view(fake) == shown
    assert told.problems[0].label == "traefik.http.routers.web.rule"
    assert told.watch == (Range(layout().object(Ref("http", "routers", "web"))),)
    record = decode_container(fake.keys[layout("h2").container(identifier("c2"))].value)
    assert isinstance(record, ContainerRecord)
    assert record.waits[0].reason == told.problems[0].message
    revision = fake.revision
    second.settle(web("c2", rule="b", application="blog"))
    assert fake.revision == revision
    first.settle("c1")
    assert second.settle(web("c2", rule="b", application="blog")).settled[identifier("c2")].published


def test_container_that_begins_to_wait_withdraws_the_rest(fake: FakeEtcd) -> None:
    """A published container that changes into a conflict withdraws everything else in the same transaction."""
    first, second = started(fake, ["h1", "h2"])
    first.settle(web("c1"))
    second.settle(publication("c2", router("mine", rule="a"), application="blog"))
    before = fake.copy()
    both = publication("c2", router("mine", rule="a"), router("web", rule="b"), application="blog")
    assert not second.settle(both).settled[identifier("c2")].published
    assert "http/routers/mine/rule" not in view(fake)
    checked(before, fake, Hand(), second.fence)


def test_record_names_only_objects_waited_for(fake: FakeEtcd, bridge: Bridge) -> None:
    """Beside that, whoever waits may differ from what is in force: told, but no reason to wait."""
    bridge.settle(publication("c2", router("web", rule="new"), created="2"))
    bridge.settle(publication("c3", router("taken", rule="a"), application="blog"))
    came = bridge.settle(publication("c1", router("web", rule="old"), router("taken", rule="b")))
    assert rules(came) == {"c1": ["DIFFER", "WAIT_APPLICATION"]}
    record = state(fake).containers[layout().me(identifier("c1"))]
    assert [wait.ref for wait in record.waits] == [Ref("http", "routers", "taken")]


def test_reported_difference_shows_no_secrets(bridge: Bridge) -> None:
    """The reported difference between two definitions shows no credentials."""
    leaf = "basicauth/users"
    bridge.settle(publication("c1", router("web", **{leaf: "a:hash1"})))
    came = bridge.settle(publication("c2", router("web", **{leaf: "a:hash2"}), application="blog"))
    assert "hash" not in messages(came)[0]


def test_newest_agreeing_claim_becomes_definer(fake: FakeEtcd, bridge: Bridge) -> None:
    """When the definer of an object shared by several applications leaves, only the definer changes."""
    bridge.settle(web("c1", created="1"))
    bridge.settle(web("c2", created="2"))
    bridge.settle(web("c3", created="3", application="blog"))
    shown = view(fake)
    bridge.settle("c1")
    assert state(fake).objects[Ref("http", "routers", "web")].definer.container == identifier("c3")
    assert view(fake) == {key: value for key, value in shown.items() if identifier("c1") not in key}


def test_disagreeing_claim_does_not_become_definer(fake: FakeEtcd, bridge: Bridge) -> None:
    """While several applications share what is in force, an older one that agrees succeeds, not a newer one."""
    bridge.settle(web("c2", rule="old", created="2"))
    bridge.settle(web("c3", rule="new", created="3"))
    bridge.settle(web("c1", rule="new", created="1", application="blog"))
    bridge.settle("c3")
    assert state(fake).objects[Ref("http", "routers", "web")].definer.container == identifier("c1")
    assert view(fake)[RULE] == "new"


def test_rollback_restores_newest_remaining_definition(fake: FakeEtcd, bridge: Bridge) -> None:
    """When the container that redefined an object leaves, the newest remaining one's definition is in force."""
    bridge.settle(web("c1", rule="old"))
    bridge.settle(web("c2", rule="new", created="2"))
    bridge.settle("c2")
    assert view(fake)[RULE] == "old"


def test_container_older_than_definer_watches_only_the_object(bridge: Bridge) -> None:
    """A container older than the definer watches only the object: other claims cannot change its decision."""
    old = web("c1", rule="a")
    bridge.settle(old)
    bridge.settle(web("c2", rule="b", created="2"))
    came = bridge.settle(old)
    assert rules(came)["c1"] == ["DIFFER", "JOIN"]
    force = Range(layout().object(Ref("http", "routers", "web")))
    assert came.settled[identifier("c1")].watch == (force,)


def test_recreated_container_is_one_transaction(fake: FakeEtcd, bridge: Bridge) -> None:
    """A recreated container is one transaction, which does not write what did not change."""
    bridge.settle(web("c1"))
    revision, shown = fake.revision, view(fake)
    bridge.settle("c1", web("c2", created="2"))
    assert fake.revision == revision + 1
    assert fake.keys["traefik/http/routers/web/rule"].mod_revision <= revision
    assert len(view(fake)) == len(shown)


def test_recreated_container_may_respell_unclaimed_name(fake: FakeEtcd, bridge: Bridge) -> None:
    """The spelling of a name stays while others claim it, and may change once the last of them is gone."""
    bridge.settle(publication("c1", router("Web", rule="a")))
    bridge.settle(publication("c2", router("Web", rule="a"), created="2"))
    bridge.settle("c1", publication("c3", router("web", rule="a"), created="3"))
    assert view(fake) == {"http/routers/Web/rule": "a"}
    bridge.settle("c2", publication("c3", router("web", rule="a"), created="3"))
    assert view(fake) == {RULE: "a"}


def test_rollout_that_respells_a_name_waits(fake: FakeEtcd, bridge: Bridge) -> None:
    """A rollout that spells a service differently waits: Traefik would not find it by the other spelling."""
    bridge.settle(publication("c1", router("web", service="Shop"), service("Shop", "u1", "h1-c1")))
    before = view(fake)
    assert before["http/services/Shop/loadbalancer/servers/h1-c1/url"] == "u1"
    renewed = publication("c2", router("web", service="shop"), service("shop", "u2", "h1-c2"), created="2")
    came = bridge.settle(renewed)
    assert rules(came) == {"c2": ["REDEFINE", "WAIT_SPELLING"]}
    assert "here the name is spelled shop, there Shop" in messages(came)[0]
    assert view(fake) == before
    bridge.settle("c1", renewed)
    assert view(fake)["http/routers/web/service"] == "shop"
    assert view(fake)["http/services/shop/loadbalancer/servers/h1-c2/url"] == "u2"


def test_foreign_keys_block_respelling(fake: FakeEtcd, bridge: Bridge) -> None:
    """A name is not respelled if a stranger wrote keys in the new spelling."""
    bridge.settle(publication("c1", router("Web", rule="a")))
    fake.put("traefik/http/routers/web/rule", "x")
    came = bridge.settle("c1", publication("c2", router("web", rule="a"), created="2"))
    assert rules(came)["c2"] == ["WAIT_FOREIGN"]
    assert view(fake) == {RULE: "x"}


def test_different_spelling_is_a_conflict(bridge: Bridge) -> None:
    """Another application that only spells the name differently is a conflict."""
    bridge.settle(publication("c1", router("Web", rule="a")))
    came = bridge.settle(publication("c2", router("web", rule="a"), application="blog"))
    assert rules(came) == {"c2": ["WAIT_APPLICATION"]}
    assert "here the name is spelled web, there Web" in messages(came)[0]


def test_successor_does_not_overwrite_foreign_keys(fake: FakeEtcd, bridge: Bridge) -> None:
    """What is in force stays where the successor's definition would take somebody's key, while that is there."""
    old = publication("c1", router("web", rule="old", priority="1"))
    bridge.settle(old)
    bridge.settle(publication("c2", router("web", rule="new"), created="2"))
    fake.put("traefik/http/routers/web/priority", "9")
    assert not bridge.settle("c2").unsettled
    assert view(fake) == {RULE: "new", "http/routers/web/priority": "9"}
    fake.delete("traefik/http/routers/web/priority")
    assert rules(bridge.settle(old)) == {"c1": ["REDEFINE"]}
    assert view(fake) == {RULE: "old", "http/routers/web/priority": "1"}


def test_claim_of_later_format_keeps_definition_in_force(fake: FakeEtcd, bridge: Bridge) -> None:
    """A claim that cannot be read counts as another application's; even alone it keeps the definition in force."""
    bridge.settle(web("c2", rule="old", created="0"))
    bridge.settle(web("c1"))
    later = layout("h9").claim(Ref("http", "routers", "web"), layout("h9").me(identifier("c9")))
    fake.put(later, '{"format":9}')
    bridge.settle("c1")
    assert view(fake)[RULE] == "a"
    bridge.settle("c2")
    assert view(fake)[RULE] == "a"
    force = decode_object(fake.keys[layout().object(Ref("http", "routers", "web"))].value)
    assert isinstance(force, ObjectRecord)
    assert force.definer == layout("h9").me(identifier("c9"))


def test_container_older_than_definer_reads_no_other_claims(bridge: Bridge) -> None:
    """A container older than the definer does not read the other claims: one request checks that it still is."""
    bridge.settle(web("c2", rule="new", created="2"))
    bridge.settle(web("c1", rule="old"))
    asked = bridge.requests
    bridge.settle(web("c1", rule="old"))
    assert bridge.requests == asked + 1


def test_oldest_of_two_settled_together_gets_the_name(bridge: Bridge) -> None:
    """Of two containers that are settled together, the one created first gets the name."""
    came = bridge.settle(web("c2", rule="b", application="blog", created="2"), web("c1"))
    assert came.settled[identifier("c1")].published
    assert not came.settled[identifier("c2")].published


def test_wait_is_watched_from_before_own_transaction(fake: FakeEtcd) -> None:
    """A wait is watched from before its own transaction, which may itself remove the reason to wait."""
    first, second = started(fake, ["h1", "h2"])
    second.settle(publication("c9", router("taken", rule="a"), application="other"))
    first.settle(publication("c8", router("taken", rule="a"), application="other"))
    first.settle(publication("c2", router("web", rule="a"), created="2"))
    leaves = publication("c2", router("web", rule="a"), router("taken", rule="b"), created="2")
    waits = publication("c1", router("web", rule="b"), application="blog", created="1")
    came = first.settle(waits, leaves)
    assert came.settled[identifier("c1")].revision < fake.revision
    assert first.settle(waits).settled[identifier("c1")].published


def test_decision_relies_on_oldest_revision_read(fake: FakeEtcd, bridge: Bridge) -> None:
    """Of what was read at several revisions the first one counts: what came after it is not known of all."""
    bridge.settle(publication("c2", router("a", rule="new"), router("b", rule="new"), created="2"))
    known = Known(bridge.memory)
    for name, revision in (("a", 9), ("b", 5)):
        claims = layout().claims(Ref("http", "routers", name))
        known.learn([claims], [fake.find(claims)], revision)
    decided = decide([change(publication("c1", router("a", rule="old"), router("b", rule="old")))], known, ())
    assert isinstance(decided, Decision)
    assert decided.relied == 5


def test_new_address_changes_only_server_and_its_claim(fake: FakeEtcd, bridge: Bridge) -> None:
    """A new address changes the server and its claim; the definition in force stays as it is."""
    bridge.settle(web("c1"))
    force = fake.keys[layout().object(Ref("http", "routers", "web"))]
    moved = service("web", "http://elsewhere", f"h1-{identifier('c1')}")
    bridge.settle(web("c1")._replace(items=(router("web", rule="a"), moved)))
    assert view(fake)[f"http/services/web/loadbalancer/servers/h1-{identifier('c1')}/url"] == "http://elsewhere"
    assert fake.keys[force.key] == force


@pytest.mark.parametrize("key", ["traefik/http/routers/web", "traefik/http/routers/web/priority"])
def test_foreign_keys_block_their_name(fake: FakeEtcd, bridge: Bridge, key: str) -> None:
    """A container whose name somebody uses by hand waits, and the keys by hand stay."""
    fake.put(key, "5")
    assert rules(bridge.settle(web("c1"))) == {"c1": ["WAIT_FOREIGN", "DEFINE"]}
    assert list(view(fake)) == [key.removeprefix("traefik/")]


def test_name_in_two_letter_cases_is_a_problem(bridge: Bridge) -> None:
    """Two names of one container that differ only in letter case are reported as a problem, not merged."""
    came = bridge.settle(publication("c1", router("web", rule="a"), router("WEB", rule="b")))
    assert not came.settled[identifier("c1")].published
    assert "letter case" in messages(came)[0]


def test_definition_of_later_format_is_left_alone(fake: FakeEtcd, bridge: Bridge) -> None:
    """A definition in a later format is neither overwritten nor joined, but a container can leave it."""
    bridge.settle(web("c1"))
    bridge.settle(web("c2"))
    key = layout().object(Ref("http", "routers", "web"))
    later = fake.keys[key].value.replace('"format":1', '"format":9')
    fake.put(key, later)
    came = bridge.settle(web("c3", rule="b"))
    assert "its format is 9" in messages(came)[0]
    bridge.settle("c2")
    assert fake.keys[key].value == later
    assert not fake.find(Range(layout().container(identifier("c2"))))


def test_unreadable_own_record_is_left_alone(fake: FakeEtcd, bridge: Bridge) -> None:
    """A container whose own record is broken stays as it is, with a problem."""
    key = layout().container(identifier("c1"))
    fake.put(key, "broken")
    bridge.memory.learn(Range(key), fake.find(Range(key)))
    came = bridge.settle(web("c1"))
    assert "cannot be read: it is not JSON" in messages(came)[0]
    assert fake.keys[key].value == "broken"


def test_bridge_declared_dead_writes_nothing(fake: FakeEtcd, bridge: Bridge) -> None:
    """A bridge whose `alive` is gone is refused at its next transaction and writes nothing."""
    fake.delete(layout().alive())
    came = bridge.settle(web("c1"))
    assert came.fenced
    assert not came.settled
    assert not view(fake)


@pytest.mark.parametrize("done", [True, False])
def test_keys_are_read_after_lost_answer(fake: FakeEtcd, bridge: Bridge, *, done: bool) -> None:
    """After a lost answer the bridge reads what is there, and can remove the container without a trace."""
    settling = Settling([change(web("c1"))], bridge.memory, bridge.fence)
    assert isinstance(settling.request, Transaction)
    if done:
        fake.commit(settling.request)
    settling.lost()
    bridge.settle("c1")
    assert not view(fake)
    assert not state(fake).claims


@pytest.mark.parametrize("done", [True, False])
def test_no_container_counts_as_unchanged_after_lost_answer(fake: FakeEtcd, bridge: Bridge, *, done: bool) -> None:
    """After a lost answer a container is never taken as unchanged: the transaction may have changed it."""
    bridge.settle(web("c1"))
    settling = Settling([change(web("c1", rule="b"))], bridge.memory, bridge.fence)
    while isinstance(settling.request, Read):
        settling.answer(fake.carry_out(settling.request))
    assert isinstance(settling.request, Transaction)
    if done:
        fake.commit(settling.request)
    settling.lost()
    bridge.settle(web("c1"))
    assert view(fake)[RULE] == "a"


def test_definition_written_meanwhile_is_not_overwritten() -> None:
    """A definition that another host wrote between decision and commit is not overwritten."""
    fake = FakeEtcd()
    first, second = started(fake, ["h1", "h2"])
    settling = Settling([change(web("c1", rule="a"))], first.memory, first.fence)
    second.settle(web("c2", rule="b", application="blog"))
    while settling.request:
        settling.answer(fake.carry_out(settling.request))
    assert rules(settling) == {"c1": ["WAIT_APPLICATION", "JOIN"]}


def test_repeatedly_refused_container_is_left_for_later(fake: FakeEtcd) -> None:
    """While others go forward at each attempt a container is not settled; it is told so after so many attempts.

    Those that are decided apart from it have as many of their own.
    """
    first, second = started(fake, ["h1", "h2"])
    large = publication("c1", *web("c1").items, *(router(f"r{number}", rule="a") for number in range(40)))
    shared = publication("c3", router("api", rule="a"))
    settling, attempts = Settling(map(change, (large, shared)), first.memory, first.fence), 0
    while settling.request:
        if isinstance(settling.request, Transaction):
            second.settle(*(("c2", "c4") if attempts % 2 else (web("c2"), shared._replace(id=identifier("c4")))))
            attempts += 1
            assert attempts <= 2 * ATTEMPTS
        settling.answer(fake.carry_out(settling.request))
    assert attempts == 2 * ATTEMPTS
    assert (settling.settled, settling.unsettled) == ({}, [large.id, shared.id])


def test_object_key_in_state_names_the_definer(fake: FakeEtcd, bridge: Bridge) -> None:
    """The object's key is written with the definition in force and its definer."""
    settling = Settling([change(web("c1"))], bridge.memory, bridge.fence)
    assert isinstance(settling.request, Transaction)
    fake.commit(settling.request)
    record = state(fake).objects[Ref("http", "routers", "web")]
    assert Put(layout().object(Ref("http", "routers", "web")), encode_object(record)) in settling.request.writes
