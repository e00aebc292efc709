"""Which events outdate what was asked about a container ahead of its start."""

import pytest
from msgspec import field

from bridge.daemon.draining import Draining
from bridge.daemon.gather import Gatherer
from bridge.daemon.sync import Sync
from bridge.daemon.waiting import Waiting
from bridge.daemon.work import Work
from bridge.engine.client import Engine
from bridge.engine.event import Action, Event
from bridge.engine.model import Endpoint
from bridge.settings import PlanSettings
from bridge.settings.options import options
from bridge.store.client import Store
from bridge.store.connection import Connection


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
    store, gatherer = Store(Connection(("nowhere:1",))), Recorded(Engine(Endpoint("unix:///nowhere")))
    sync = Sync(options(PlanSettings(), "one"), gatherer, store, Draining(), Waiting(store, Work()))
    for action in actions.split():
        sync.concerned(Event("one", Action(action), None, {}, 1))
    assert gatherer.told[-1] is expected
