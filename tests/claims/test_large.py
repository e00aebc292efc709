"""Large containers and many containers: few transactions, and a clear message if one is not enough."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.claims.fitting import fits, weight, weight_bound
from bridge.claims.layout import Layout
from bridge.claims.settling import Settling
from bridge.claims.transaction import Delete, Read, Transaction, as_seen
from bridge.labels.model import Ref
from bridge.store.messages import transaction_request
from bridge.view.model import Publication
from tests.claims.fake_etcd import FakeEtcd
from tests.claims.invariants import state
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


def test_sixty_routers_are_one_transaction(fake: FakeEtcd, bridge: Bridge) -> None:
    """A container with sixty routers is added, recreated and removed with one revision each."""
    items = [router(f"r{number}", rule="a", service="web") for number in range(60)]
    before = fake.revision
    bridge.settle(web("c1")._replace(items=(*web("c1").items, *items)))
    bridge.settle("c1", web("c2")._replace(items=(*web("c2").items, *items)))
    assert len(state(fake).objects) == 62
    bridge.settle("c2")
    assert fake.revision - before == 3
    assert not view(fake)


def test_range_compare_notices_new_foreign_key(fake: FakeEtcd, bridge: Bridge) -> None:
    """One compare of a whole range notices a stranger's key, just as the compares of single objects would."""
    large = publication("c1", *(router(f"r{number}", rule="a") for number in range(60)))
    settling = Settling([change(large)], bridge.memory, bridge.fence)
    assert isinstance(settling.request, Read)
    settling.answer(fake.carry_out(settling.request))
    fake.put("traefik/http/routers/r7/priority", "1")
    bridge.drive(settling)
    assert rules(settling)["c1"].count("WAIT_FOREIGN") == 1
    assert list(view(fake)) == ["http/routers/r7/priority"]


def test_existing_foreign_key_blocks_large_container(fake: FakeEtcd, bridge: Bridge) -> None:
    """What is read of a kind is looked at, not only compared."""
    fake.put("traefik/http/routers/r7/priority", "1")
    came = bridge.settle(publication("c1", *(router(f"r{number}", rule="a") for number in range(60))))
    assert rules(came)["c1"].count("WAIT_FOREIGN") == 1
    assert list(view(fake)) == ["http/routers/r7/priority"]


def test_object_claimed_while_large_container_leaves_stays(fake: FakeEtcd) -> None:
    """An object that another host claims while a large container leaves stays, and the new claim defines it."""
    first, second = started(fake, ["h1", "h2"])
    first.settle(publication("c1", *(router(f"r{number}", rule="a") for number in range(60))))
    settling = Settling([change("c1")], first.memory, first.fence)
    assert isinstance(settling.request, Read)
    settling.answer(fake.carry_out(settling.request))
    second.settle(publication("c2", router("r7", rule="a")))
    first.drive(settling)
    assert view(fake) == {"http/routers/r7/rule": "a"}
    assert state(fake).objects[Ref("http", "routers", "r7")].definer.container == identifier("c2")


@pytest.mark.parametrize(
    "large",
    [
        publication("c1", *(router(f"r{number}", rule="a") for number in range(130))),
        publication("c1", router("web", rule="a" * 200_000)),
        publication("c1", router("web", rule="\U0001f600" * 50_000)),
        publication("c1", router("web", rule="\x01" * 40_000)),
    ],
    ids=["objects", "bytes", "bytes-in-utf-8", "bytes-in-json"],
)
def test_container_too_large_for_transaction_is_refused(bridge: Bridge, large: Publication) -> None:
    """A container that is too large for one transaction is refused with a problem, and others are published."""
    came = bridge.settle(large, web("c2"))
    assert "does not fit one etcd transaction" in messages(came)[0]
    assert came.settled[identifier("c2")].published


TEXTS = st.text(st.sampled_from('a"\\\x01\x7fé€\U0001f600'), max_size=40)


@given(st.dictionaries(TEXTS, st.dictionaries(TEXTS, TEXTS, max_size=3), max_size=3), TEXTS, TEXTS)
def test_estimated_weight_is_never_below_weight(
    items: dict[str, dict[str, str]], text: str, root_key: str
) -> None:
    """The quick estimate of a weight is never below the weight, whatever texts take as keys and in JSON."""
    routers = [router(name, **leaves) for name, leaves in items.items()]
    one = publication("c1", *routers, service("s", text, "h1-c1"), application=text, created=text)
    where = Layout(root_key, "state", "h1")
    assert weight(one, where) <= weight_bound(one, where)


def test_leaving_many_shared_objects_takes_several_transactions(fake: FakeEtcd) -> None:
    """A container that hands on more objects than fit one transaction leaves in several."""
    first, second = started(fake, ["h1", "h2"])
    items = [router(f"r{number}", rule="a") for number in range(100)]
    first.settle(publication("c1", *items))
    second.settle(publication("c2", *items, created="2"))
    first.settle("c1")
    assert {it.definer.container for it in state(fake).objects.values()} == {identifier("c2")}
    assert len(view(fake)) == 100


def test_names_are_freed_first_if_both_exceed_a_transaction(bridge: Bridge) -> None:
    """Where both do not fit one transaction, whoever comes finds the names free that the other had."""
    first, second = (
        publication(name, *(router(f"r{number}", rule=name) for number in numbers), application=name)
        for name, numbers in (("c1", range(90)), ("c2", range(60, 150)))
    )
    bridge.settle(first)
    assert bridge.settle(second, "c1").settled[second.id].published


@pytest.mark.parametrize("beside", [0, 1, 63, 64, 65, 126, 127, 128, 129])
def test_as_many_writes_fit_as_etcd_request_has_room_for(beside: int) -> None:
    """However many compares there are, as many writes fit as a request to etcd has room for, and not one more."""
    compares = tuple(as_seen(f"compared{number}", None) for number in range(beside))
    for writes in (1, 127, 128, 129, 252, 253, 4_095, 4_096, 4_097):
        transaction = Transaction(compares, tuple(Delete(f"k{number}") for number in range(writes)), ())
        try:
            sent = bool(transaction_request(transaction))
        except ValueError:
            sent = False
        assert fits(transaction) is sent, writes


def test_hundred_containers_share_few_transactions(fake: FakeEtcd, bridge: Bridge) -> None:
    """A hundred unrelated containers that start at once are published in a few shared transactions."""
    before = fake.revision
    bridge.settle(*(publication(f"c{number:02}", router(f"r{number}", rule="a")) for number in range(100)))
    assert len(view(fake)) == 100
    assert fake.revision - before <= 4


@pytest.mark.parametrize("leaves", [200, 3_000])
def test_object_with_many_leaves_passes_to_successor(fake: FakeEtcd, bridge: Bridge, leaves: int) -> None:
    """A successor's definition may add any number of leaves: they are compared as one range."""
    many = {f"option{number}": "x" for number in range(leaves)}
    bridge.settle(publication("c1", router("web", rule="a"), created="2"))
    bridge.settle(publication("c2", router("web", **many), created="1"))
    bridge.settle("c1")
    assert len(view(fake)) == leaves


def test_definer_stays_if_successors_claim_is_too_large(fake: FakeEtcd, bridge: Bridge) -> None:
    """A definer whose successor's claim is too large for a transaction stays: it is told, and nothing hangs."""
    bridge.settle(publication("c1", router("web", rule="a"), created="2"))
    bridge.settle(publication("c2", router("web", rule="b"), created="1"))
    key = layout().claim(Ref("http", "routers", "web"), layout().me(identifier("c2")))
    fake.put(key, fake.keys[key].value.replace('"b"', f'"{"b" * 600_000}"'))
    came = bridge.settle("c1", publication("c3", router("api", rule="a")))
    assert "cannot leave" in came.settled[identifier("c1")].problems[0].message
    assert not came.unsettled
    assert view(fake) == {"http/routers/web/rule": "a", "http/routers/api/rule": "a"}
    assert state(fake).containers[layout().me(identifier("c1"))].container == "c1"


@pytest.mark.parametrize("name", ["api", "web"])
@pytest.mark.parametrize(
    "then", ["c1", publication("c1", router("other", rule="a"), created="2")], ids=["leaves", "changes"]
)
def test_other_objects_leave_if_one_cannot_be_handed_on(
    fake: FakeEtcd, bridge: Bridge, name: str, then: Publication | str
) -> None:
    """A container that cannot leave one object still leaves the others and publishes what is new."""
    bridge.settle(publication("c1", router("web", rule="a"), router("api", rule="a"), created="2"))
    bridge.settle(publication("c2", router(name, rule="b"), created="1"))
    key = layout().claim(Ref("http", "routers", name), layout().me(identifier("c2")))
    fake.put(key, fake.keys[key].value.replace('"b"', f'"{"b" * 600_000}"'))
    before = bridge.requests
    came = bridge.settle(then)
    assert bridge.requests - before < 20
    assert "cannot leave" in came.settled[identifier("c1")].problems[0].message
    new = {"http/routers/other/rule"} if isinstance(then, Publication) else set()
    assert view(fake).keys() == {f"http/routers/{name}/rule"} | new
