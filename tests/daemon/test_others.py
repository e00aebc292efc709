"""Sharing the root key: with people who write by hand, and with other applications."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.daemon.host import WITHIN, Host, hosted, routed_by
from tests.lab.engine import Engine
from tests.lab.etcd import Etcd
from tests.lab.wait import wait_for

MENDED = "mended a key that was changed by somebody else"


@pytest.fixture
def mending(engine: Engine, etcd: Etcd, root_key: str) -> Iterator[Host]:
    """Return a host whose bridge looks after everything every second."""
    with hosted(engine, etcd, root_key, resync_interval="1s") as host:
        yield host


def test_foreign_keys_are_left_alone(mending: Host, root_key: str) -> None:
    """Keys that others wrote below the root, even below our objects, survive resyncs and our containers' end."""
    others = {
        "http/routers/theirs/rule": "Host(`theirs`)",
        "http/routers/ours/priority": "7",
        "http/services/ours/loadbalancer/servers/elsewhere-0123456789ab/url": "http://192.0.2.1",
    }
    with mending.container("ours") as container:
        for path, text in others.items():
            mending.keys.etcd.ctl("put", f"{root_key}/{path}", text)
        before = {path: mending.keys.view()[path] for path in others}
        _delete_and_wait(mending, "http/routers/ours/rule")
    mending.wait_until_withdrawn(container)
    mending.wait_until_followed()
    assert {path: key for path, key in mending.keys.view().items() if "docker-event-bridge" not in path} == before


def test_key_deleted_by_hand_is_restored(mending: Host) -> None:
    """A key of ours that was deleted by hand is restored at the next resync, and reported."""
    with mending.container("whole"):
        before = {path: key.value for path, key in mending.keys.view().items()}
        server = next(path for path in before if "/servers/" in path)
        for path in ("http/routers/whole/rule", server):
            _delete_and_wait(mending, path)
        assert {path: key.value for path, key in mending.keys.view().items()} == before
        told = [line["key"] for line in mending.logged(event=MENDED)]
        assert told == [f"{mending.keys.root_key}/{path}" for path in ("http/routers/whole/rule", server)]


def _delete_and_wait(host: Host, path: str) -> None:
    host.keys.etcd.ctl("del", f"{host.keys.root_key}/{path}")
    wait_for(lambda: path in host.keys.view(), WITHIN, host.bridge.process.tail)


@contextmanager
def two_hosts(engine: Engine, etcd: Etcd, root_key: str) -> Iterator[tuple[Host, Host]]:
    """Run two bridges, each with the containers of its own site."""
    with ExitStack() as stack:
        hosts = []
        for site in ("one", "two"):
            settings = {"host_name": site, "constraints": f"Label(`site`, `{site}`)"}
            hosts.append(stack.enter_context(hosted(engine, etcd, root_key, **settings)))
        yield hosts[0], hosts[1]


def test_waiting_container_is_published_when_other_leaves(engine: Engine, etcd: Etcd, root_key: str) -> None:
    """A container that waits for another application is reported once, and routed when that one is gone."""
    shared = "--label=traefik.http.routers.shared.rule=Host(`{}`)"
    with (
        two_hosts(engine, etcd, root_key) as (one, two),
        engine.container("holder", "--label=site=one", shared.format("first")) as holder,
    ):
        keys = one.keys
        wait_for(lambda: keys.servers(holder, "one"), WITHIN, one.bridge.process.tail)
        with engine.container("waiter", "--label=site=two", shared.format("second"), routed_by("own")) as waiter:
            wait_for(lambda: two.logged(container="waiter", level="warning"), WITHIN, two.bridge.process.tail)
            engine.cli("update", "--cpu-shares", "512", "waiter")
            with engine.container("next", "--label=site=two", routed_by("next")) as following:
                wait_for(lambda: keys.servers(following, "two"), WITHIN, two.bridge.process.tail)
            assert not keys.servers(waiter, "two")
            assert len(two.logged(container="waiter", level="warning")) == 1
            engine.cli("stop", "--time", "1", "holder")
            wait_for(lambda: keys.servers(waiter, "two"), WITHIN, two.bridge.process.tail)
            assert keys.view()["http/routers/shared/rule"].value == "Host(`second`)"
