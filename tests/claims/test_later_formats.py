"""A definition that a later bridge put in force is kept unchanged, and goes with its last claim."""

import json
from collections.abc import Mapping

import pytest

from bridge.claims.hosts import removal, unchanged
from bridge.claims.layout import Claimant
from bridge.claims.records import ObjectRecord, Unreadable, decode_object
from bridge.claims.settling import Settling
from bridge.claims.transaction import Range, Read
from bridge.labels.model import Ref
from tests.claims.fake_etcd import FakeEtcd
from tests.claims.test_hosts import driven
from tests.claims.test_resync import PERMANENT, run
from tests.claims.world import Bridge, change, identifier, layout, messages, publication, router, rules, view, web

WEB = Ref("http", "routers", "web")
FORCE = layout().object(WEB)
RULE = "http/routers/web/rule"

NOTHING: Mapping[str, object] = {}
LIKE = pytest.param(NOTHING, id="reads like today's")
UNLIKE = pytest.param({"leaves": [["rule", "a"]]}, id="reads like nothing known")


def by_a_later_bridge(
    fake: FakeEtcd, bridge: Bridge, more: Mapping[str, object] = NOTHING, key: str = FORCE
) -> dict[str, object]:
    """Rewrite a key as a later bridge would, with more fields; returns all fields."""
    said: dict[str, object] = {**json.loads(fake.keys[key].value), "format": 9, "later": [1], **more}
    fake.put(key, json.dumps(said))
    bridge.memory.learn(Range(key), fake.find(Range(key)))
    return said


def definer(container: str) -> dict[str, str]:
    """Return a container as the value of an object's key names it."""
    return {"host": "h1", "container": identifier(container)}


def test_unknown_fields_of_same_format_stay(fake: FakeEtcd, bridge: Bridge) -> None:
    """A container that is as it was has nothing written for it, whatever else its keys say."""
    bridge.settle(web("c1"))
    for key in [it for it in fake.keys if identifier("c1") in it or "/objects/" in it]:
        if key.startswith(layout().state):
            by_a_later_bridge(fake, bridge, {"format": 1}, key)
    before = dict(fake.keys)
    bridge.settle(web("c1"))
    assert fake.keys == before


@pytest.mark.parametrize("more", [LIKE, UNLIKE])
def test_newest_agreeing_claim_becomes_definer(fake: FakeEtcd, bridge: Bridge, more: dict[str, object]) -> None:
    """When the definer leaves, the newest of the agreeing claims becomes the definer; nothing else changes."""
    bridge.settle(publication("c1", router("web", rule="a")))
    bridge.settle(publication("c2", router("web", rule="a"), application="blog", created="2"))
    bridge.settle(publication("c3", router("web", rule="a"), created="3"))
    said, shown = by_a_later_bridge(fake, bridge, more), view(fake)
    bridge.settle("c1")
    assert json.loads(fake.keys[FORCE].value) == {**said, "definer": definer("c3"), "created": "3"}
    bridge.settle("c3")
    left = {**said, "definer": definer("c2"), "created": "2", "application": "blog"}
    assert json.loads(fake.keys[FORCE].value) == left
    assert view(fake) == shown


@pytest.mark.parametrize("more", [LIKE, UNLIKE])
def test_last_claim_removes_definition(fake: FakeEtcd, bridge: Bridge, more: dict[str, object]) -> None:
    """When the last claim goes, nothing is left, and there is no problem to report."""
    bridge.settle(web("c1"))
    by_a_later_bridge(fake, bridge, more)
    assert not messages(bridge.settle("c1"))
    assert not view(fake)
    assert fake.keys.keys() == {layout().alive(), layout().host_record()}


def test_leaves_in_force_count_before_definers_claim(fake: FakeEtcd, bridge: Bridge) -> None:
    """A later bridge may have put in force what its definer did not ask for."""
    bridge.settle(publication("c1", router("web", rule="a")))
    by_a_later_bridge(fake, bridge, {"leaves": {"rule": "b"}})
    fake.put(f"traefik/{RULE}", "b")
    assert not messages(bridge.settle("c1"))
    assert not view(fake)


def test_unknown_leaves_stay_and_are_reported(fake: FakeEtcd, bridge: Bridge) -> None:
    """Leaves that are not what the bridge knows may be anybody's: they stay, and are named to the user."""
    bridge.settle(publication("c1", router("web", priority="1", rule="a")))
    by_a_later_bridge(fake, bridge)
    fake.put(f"traefik/{RULE}", "b")
    fake.put("traefik/http/routers/web/later", "x")
    [told] = messages(bridge.settle("c1"))
    assert told.endswith("left are traefik/http/routers/web/later, traefik/http/routers/web/rule")
    assert view(fake) == {RULE: "b", "http/routers/web/later": "x"}
    assert FORCE not in fake.keys


def test_recreated_container_writes_todays_format(fake: FakeEtcd, bridge: Bridge) -> None:
    """To recreate the only container is one change, after which the definition has today's format."""
    bridge.settle(web("c1"))
    by_a_later_bridge(fake, bridge)
    before = fake.keys[f"traefik/{RULE}"]
    assert rules(bridge.settle("c1", web("c2", created="2")))["c2"][0] == "DEFINE"
    assert isinstance(decode_object(fake.keys[FORCE].value), ObjectRecord)
    assert fake.keys[f"traefik/{RULE}"] == before


def test_recreated_container_may_respell_definition(fake: FakeEtcd, bridge: Bridge) -> None:
    """What is in force and cannot be read is no stranger's: the spelling goes with the last who claimed it."""
    first = publication("c1", router("Web", rule="a"))
    bridge.settle(first)
    by_a_later_bridge(fake, bridge)
    run(bridge, first)
    came = bridge.settle("c1", publication("c2", router("web", rule="a"), created="2"))
    assert rules(came)["c2"] == ["DEFINE"]
    assert view(fake) == {RULE: "a"} | PERMANENT


def test_claim_of_later_format_becomes_definer(fake: FakeEtcd, bridge: Bridge) -> None:
    """If only a later bridge's claim is left, it becomes the definer, with the application and age in it."""
    bridge.settle(web("c1", rule="b"))
    bridge.settle(web("c2", created="2", rule="b"))
    by_a_later_bridge(fake, bridge, key=layout().claim(WEB, layout().me(identifier("c2"))))
    bridge.settle("c1")
    record = decode_object(fake.keys[FORCE].value)
    assert isinstance(record, ObjectRecord)
    assert (record.definer, record.application, record.created) == (Claimant(**definer("c2")), "shop", "2")


def test_host_removal_deletes_its_definitions(fake: FakeEtcd, bridge: Bridge) -> None:
    """Removing a host also removes its definitions in a later format, and then forgets the host."""
    fake.put(layout().permanent.key, layout().permanent.value)
    bridge.settle(web("c1"))
    by_a_later_bridge(fake, bridge)
    fake.put("traefik/http/routers/web/later", "x")
    fake.delete(layout().alive())
    steps = removal(layout(), unchanged(layout(), None, fake.keys[layout().host_record()]))
    came = driven(steps, next(steps), fake)
    assert came.done
    assert len(came.problems) == 1
    assert sorted(fake.keys) == [layout().permanent.key, "traefik/http/routers/web/later"]


def test_large_container_removes_its_definitions(fake: FakeEtcd, bridge: Bridge) -> None:
    """Also where whole kinds are compared, in names' own spelling: what somebody changes meanwhile is theirs."""
    bridge.settle(publication("c1", *(router(f"R{number}", rule="a") for number in range(60))))
    for key in [it for it in fake.keys if "/objects/" in it]:
        by_a_later_bridge(fake, bridge, key=key)
    settling = Settling([change("c1")], bridge.memory, bridge.fence)
    assert isinstance(settling.request, Read)
    settling.answer(fake.carry_out(settling.request))
    fake.put("traefik/http/routers/R7/rule", "by hand")
    [told] = messages(bridge.drive(settling))
    assert told.endswith("left are traefik/http/routers/R7/rule")
    assert view(fake) == {"http/routers/R7/rule": "by hand"}


def test_definition_without_readable_definer_stays(fake: FakeEtcd, bridge: Bridge) -> None:
    """A definition that does not even say who defines it stays, whoever leaves."""
    bridge.settle(web("c1"))
    said = by_a_later_bridge(fake, bridge, {"definer": "?"})
    bridge.settle("c1")
    assert json.loads(fake.keys[FORCE].value) == said
    assert isinstance(decode_object(fake.keys[FORCE].value), Unreadable)
