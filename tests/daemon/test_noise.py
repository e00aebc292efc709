"""Containers with very many labels or events do not harm others."""

from collections.abc import Mapping

import pytest

from bridge.daemon import sync
from bridge.daemon.draining import Draining
from bridge.daemon.gather import Gatherer
from bridge.daemon.sync import Sync
from bridge.daemon.waiting import Waiting
from bridge.daemon.work import Work
from bridge.engine.client import Engine
from bridge.engine.event import Action, Event
from bridge.engine.model import Endpoint
from bridge.labels.fields import Release
from bridge.labels.options import LabelOptions, read_options
from bridge.settings import PlanSettings
from bridge.settings.options import options
from bridge.store.client import Store
from bridge.store.connection import Connection
from tests.hosts.fakes import fake_host
from tests.lab.etcd import Etcd
from tests.lab.fake_engine import FakeContainer

BAD = {f"traefik.http.{'x' * 200}{number}.rul": "Host(`a`)" for number in range(999)}
LEASE = 3


def test_busy_bridge_keeps_its_lease(etcd: Etcd, root_key: str) -> None:
    """A bridge keeps its lease while dozens with a thousand wrong labels each keep it busy for longer."""
    with fake_host(etcd, root_key, "one", host_lease=f"{LEASE}s") as host:
        host.start()
        made = [host.engine.create(FakeContainer(f"bad{number}", BAD)) for number in range(40)]
        for container in made:
            host.engine.start(container)
        host.wait_until_routed(host.run("good"), within=60)
        assert '"waiting"' not in host.bridge.log()


def test_labels_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container's provider options are read once, not at each of its events, since labels never change."""
    read: list[str] = []

    def counted(name: str, labels: Mapping[str, str], release: Release) -> LabelOptions:
        read.append(name)
        return read_options(name, labels, release)

    monkeypatch.setattr(sync, "read_options", counted)
    store = Store(Connection(("nowhere:1",)))
    gatherer = Gatherer(Engine(Endpoint("unix:///nowhere")))
    its = Sync(options(PlanSettings(), "one"), gatherer, store, Draining(), Waiting(store, Work()))
    for action in (Action.START, Action.DIE, Action.START, Action.DIE, Action.DESTROY):
        assert its.concerned(Event("wanted", action, None, {"traefik.docker.wrong": ""}, 1))
        assert not its.concerned(Event("excluded", action, None, {"traefik.enable": "false"}, 1))
    assert sorted(read) == ["excluded", "wanted"]
