"""Beginning anew: what is listed, settled together and mended."""

from collections.abc import Callable, Iterable

import pytest

from bridge.claims.fitting import fits
from bridge.claims.memory import Memory
from bridge.claims.resync import Resynced, Steps, resync
from bridge.claims.transaction import Compare, Range, Read, Revision, Transaction
from bridge.labels.model import Ref
from bridge.view.model import Publication
from tests.claims.fake_etcd import FakeEtcd
from tests.claims.invariants import state
from tests.claims.world import Bridge, identifier, layout, publication, router, service, started, view, web

Asked = Transaction | Read

PERMANENT = {"http/middlewares/docker-event-bridge/addprefix/prefix": "/docker-event-bridge"}
RULE = "traefik/http/routers/web/rule"


def run(bridge: Bridge, *publications: Publication, keeps: Iterable[str] = ()) -> Resynced:
    """Resync a host, as its bridge does."""
    return _carried_out(resync(publications, bridge.memory, bridge.fence, keeps), bridge.etcd)


def _carried_out(steps: Steps, etcd: FakeEtcd, meanwhile: Callable[[Asked], object] = id) -> Resynced:
    """Carry steps out; `meanwhile` is what happens before each request."""
    request = next(steps)
    while True:
        meanwhile(request)
        try:
            request = steps.send(etcd.carry_out(request))
        except StopIteration as done:
            resynced: Resynced = done.value
            return resynced


@pytest.fixture
def bridge(etcd: FakeEtcd) -> Bridge:
    """The first host's bridge, after its first resync."""
    bridge = Bridge(etcd)
    run(bridge, web("c1"))
    return bridge


def test_root_is_never_empty(etcd: FakeEtcd) -> None:
    """The permanent key is there from the start, without any container."""
    run(Bridge(etcd))
    assert view(etcd) == PERMANENT


def test_restart_writes_nothing(etcd: FakeEtcd, bridge: Bridge) -> None:
    """A bridge that remembers nothing finds all as it left it."""
    revision = etcd.revision
    bridge.memory = Memory(layout())
    assert run(bridge, web("c1")).settled[identifier("c1")].published
    assert etcd.revision == revision


def test_gone_and_recreated_while_nobody_looked(etcd: FakeEtcd, bridge: Bridge) -> None:
    """What went and what came while the bridge was away is one transaction."""
    revision = etcd.revision
    run(bridge, web("c2", created="2"))
    assert etcd.revision == revision + 1
    assert {who.container for who in state(etcd).containers} == {identifier("c2")}


def test_unknown_containers_stay(etcd: FakeEtcd, bridge: Bridge) -> None:
    """A container that cannot be inspected at the moment keeps what it has."""
    shown = view(etcd)
    run(bridge, keeps=[identifier("c1")])
    assert view(etcd) == shown


def test_other_hosts_containers_stay(etcd: FakeEtcd, bridge: Bridge) -> None:
    """A host settles its own containers only."""
    shown = view(etcd)
    run(Bridge(etcd, "h2"))
    assert bridge.memory.keys
    assert view(etcd) == shown


def test_changes_by_hand_are_mended(etcd: FakeEtcd, bridge: Bridge) -> None:
    """Keys of ours that somebody changed or deleted are put back and named; a server of nobody goes."""
    shown = view(etcd)
    servers = "traefik/http/services/web/loadbalancer/servers"
    stray = f"{servers}/h1-{identifier('old')}/url"
    etcd.put(RULE, "evil")
    etcd.put(stray, "http://gone")
    etcd.delete(f"{servers}/h1-{identifier('c1')}/url")
    came = run(bridge, web("c1"))
    assert set(came.mended) == {RULE, stray, f"{servers}/h1-{identifier('c1')}/url"}
    assert view(etcd) == shown


def test_keys_of_others_stay(etcd: FakeEtcd, bridge: Bridge) -> None:
    """What somebody else put in the view, also below our own objects, is never touched."""
    others = [
        "traefik/http/routers/web/observability/tracing",
        "traefik/http/routers/byhand/rule",
        f"traefik/http/services/web/loadbalancer/servers/h2-{identifier('c9')}/url",
        "traefik/http/services/web/loadbalancer/servers/mine/url",
    ]
    for key in others:
        etcd.put(key, "x")
    assert not run(bridge, web("c1")).mended
    bridge.settle("c1")
    assert view(etcd).keys() == {key.removeprefix("traefik/") for key in others} | PERMANENT.keys()


def test_definition_is_mended_by_its_definers_host(etcd: FakeEtcd, bridge: Bridge) -> None:
    """One host mends a definition, not each that shares it."""
    second = Bridge(etcd, "h2")
    run(second, _on_second_host())
    etcd.put(RULE, "evil")
    assert not run(second, _on_second_host()).mended
    assert run(bridge, web("c1")).mended == (RULE,)


def test_lost_state_is_taken_over(etcd: FakeEtcd, bridge: Bridge) -> None:
    """Without state, a view that holds just what would be written is taken over, other hosts' servers kept."""
    run(Bridge(etcd, "h2"), _on_second_host())
    shown = view(etcd)
    for key in list(etcd.keys):
        if key.startswith("docker-event-bridge/") and "/alive/" not in key:
            etcd.delete(key)
    run(bridge, web("c1"))
    assert view(etcd) == shown
    assert len(state(etcd).objects) == 2


def _on_second_host() -> Publication:
    return publication(
        "c2", router("web", rule="a"), service("web", "http://c2", f"h2-{identifier('c2')}"), application="shop"
    )


@pytest.mark.parametrize("key", ["traefik/http/routers/WEB/rule", "traefik/HTTP/routers/web/rule"])
def test_name_in_another_case_blocks(etcd: FakeEtcd, key: str) -> None:
    """A name that somebody wrote in another letter case is theirs too, as Traefik merges both."""
    etcd.put(key, "x")
    bridge = Bridge(etcd)
    came = run(bridge, web("c1")).settled[identifier("c1")]
    assert "another letter case" in came.problems[0].message
    etcd.delete(key)
    assert run(bridge, web("c1")).settled[identifier("c1")].published


def test_doubts_end_with_a_resync(etcd: FakeEtcd, bridge: Bridge) -> None:
    """A resync finds out what a lost answer left open."""
    bridge.memory.doubted.add(layout().container(identifier("c1")))
    revision = etcd.revision
    run(bridge, web("c1"))
    assert not bridge.memory.doubted
    assert etcd.revision == revision


def test_all_hosts_resync_to_the_same(etcd: FakeEtcd) -> None:
    """Three hosts that share all come to rest, and nobody writes any more."""
    hosts = started(etcd, ["h1", "h2", "h3"])
    for _ in range(2):
        for number, host in enumerate(hosts):
            run(host, publication(f"c{number}", router("web", rule=str(number)), created=str(number)))
    revision = etcd.revision
    for number, host in enumerate(hosts):
        run(host, publication(f"c{number}", router("web", rule=str(number)), created=str(number)))
    assert etcd.revision == revision
    assert view(etcd)["http/routers/web/rule"] == "2"
    assert state(etcd).objects[Ref("http", "routers", "web")].definer.host == "h3"


def test_broken_record_of_its_own_is_told(etcd: FakeEtcd, bridge: Bridge) -> None:
    """A record that cannot be read is neither overwritten nor taken for a container that is gone."""
    key = layout().container(identifier("c1"))
    etcd.put(key, "broken")
    came = run(bridge, web("c1")).settled[identifier("c1")]
    assert "cannot be read" in came.problems[0].message
    assert etcd.find(Range(key))[0].value == "broken"


@pytest.mark.parametrize("kind", ["containers/", "claims/"])
def test_servers_of_a_later_format_stay(etcd: FakeEtcd, bridge: Bridge, kind: str) -> None:
    """A container whose record or claims a later bridge wrote keeps its servers, and is told about."""
    before = view(etcd)
    for key, seen in list(etcd.keys.items()):
        if f"/{kind}" in key:
            etcd.put(key, seen.value.replace('"format":1', '"format":9'))
    came = run(bridge, web("c1"))
    assert view(etcd) == before
    assert "its format is 9" in came.settled[identifier("c1")].problems[0].message


def test_large_values_are_mended_apart(etcd: FakeEtcd) -> None:
    """What is mended together always fits one transaction, however large the values are."""
    bridge, rule = Bridge(etcd), "x" * 110_000
    large = [publication(f"c{number}", router(f"r{number}", rule=rule)) for number in range(20)]
    run(bridge, *large)
    before = view(etcd)
    for path in before:
        etcd.delete(f"traefik/{path}")
    asked: list[Asked] = []
    _carried_out(resync(large, bridge.memory, bridge.fence), etcd, asked.append)
    assert all(isinstance(request, Read) or fits(request) for request in asked)
    assert view(etcd) == before


def test_what_cannot_be_mended_holds_up_nothing(etcd: FakeEtcd, bridge: Bridge) -> None:
    """A key that somebody changes at that moment is left to the next resync; all others are mended now."""
    shown = view(etcd)
    for path in shown:
        etcd.put(f"traefik/{path}", "evil")

    def meanwhile(request: Asked) -> None:
        if isinstance(request, Transaction) and etcd.keys[RULE].value == "evil":
            etcd.put(RULE, "worse")

    _carried_out(resync([web("c1")], bridge.memory, bridge.fence), etcd, meanwhile)
    assert view(etcd) == shown | {"http/routers/web/rule": "worse"}


def test_who_was_taken_for_dead_mends_nothing(etcd: FakeEtcd, bridge: Bridge) -> None:
    """It asks once, not for each key."""
    for path in view(etcd):
        etcd.put(f"traefik/{path}", "evil")
    fenced = (Compare(Range("nobody"), Revision.MODIFIED, 1),)
    asked: list[Asked] = []
    _carried_out(resync([web("c1")], bridge.memory, fenced), etcd, asked.append)
    assert sum(isinstance(request, Transaction) for request in asked) <= 2
