"""What events mean for a container: whether they concern it, and whether they are part of its start."""

from collections.abc import Mapping

import pytest
from msgspec import field

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

ENGINE = Engine(Endpoint("unix:///nowhere"))


def made(gatherer: Gatherer) -> Sync:
    """Return what decides about events, without an engine or etcd behind it."""
    store = Store(Connection(("nowhere:1",)))
    return Sync(options(PlanSettings(), "one"), gatherer, store, Draining(), Waiting(store, Work()))


class Recorded(Gatherer):
    """A gatherer that records whether each event that it was told of is part of a start."""

    told: list[bool] = field(default_factory=list)

    def outdate(self, container_id: str, *, by_start: bool) -> None:  # noqa: ARG002 - always the same container
        """Record what was told."""
        self.told.append(by_start)


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        ("connect", True),
        ("connect connect", True),
        ("connect start", True),
        ("start", True),
        ("connect start connect", False),
        ("connect start start", False),
        ("start disconnect", False),
        ("start die", False),
        ("start die disconnect", False),
        ("start die connect", True),
        ("start die start", True),
        ("disconnect", False),
        ("rename", False),
        ("destroy", False),
    ],
)
def test_connect_and_start_of_stopped_container_are_its_start(actions: str, expected: bool) -> None:  # noqa: FBT001
    """Only until a container runs are its connects and its start what was waited for; all else is a change."""
    gatherer = Recorded(ENGINE)
    its = made(gatherer)
    for action in actions.split():
        its.concerned(Event("one", Action(action), None, {}, 1))
    assert gatherer.told[-1] is expected


def test_labels_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container's provider options are read once, not at each of its events, since labels never change."""
    read: list[str] = []

    def counted(name: str, labels: Mapping[str, str], release: Release) -> LabelOptions:
        read.append(name)
        return read_options(name, labels, release)

    monkeypatch.setattr(sync, "read_options", counted)
    its = made(Gatherer(ENGINE))
    for action in (Action.START, Action.DIE, Action.START, Action.DIE, Action.DESTROY):
        assert its.concerned(Event("wanted", action, None, {"traefik.docker.wrong": ""}, 1))
        assert not its.concerned(Event("excluded", action, None, {"traefik.enable": "false"}, 1))
    assert sorted(read) == ["excluded", "wanted"]
