"""When a container counts as draining: after its stop signal, in the same run, for a limited time."""

import pytest
from msgspec.structs import replace

from bridge.container import Container, from_inspect
from bridge.daemon.draining import Draining

STARTED = 1_700_000_000.0
TERM, HUP, QUIT = 15, 1, 3
LATER = 100.0


@pytest.fixture
def container() -> Container:
    """Return a container that was started at STARTED."""
    return replace(from_inspect(INSPECTED), started="2023-11-14T22:13:20.000000001Z")


INSPECTED = {
    "Id": "0123456789ab",
    "Name": "/web",
    "Created": "2023-11-14T22:13:19.000000001Z",
    "State": {"Running": True, "Paused": False},
    "Config": {"Image": "web", "Labels": {}},
    "HostConfig": {"NetworkMode": "bridge"},
    "NetworkSettings": {"Networks": {}, "Ports": {}},
}


def test_stop_signal_drains(container: Container) -> None:
    """A container without a stop signal of its own drains after SIGTERM."""
    draining = Draining()
    draining.sent(container.id, TERM, STARTED + 1, LATER)
    assert draining.holds(container)


def test_other_signal_does_not_drain(container: Container) -> None:
    """A signal other than the container's stop signal does not make it drain."""
    draining = Draining()
    draining.sent(container.id, HUP, STARTED + 1, LATER)
    assert not draining.holds(container)


def test_label_named_signal_does_not_drain(container: Container) -> None:
    """A container with a label `signal` does not drain: engines tell that in place of what was sent."""
    draining = Draining()
    draining.sent(container.id, TERM, STARTED + 1, LATER)
    assert not draining.holds(replace(container, labels={"signal": "15"}))


def test_signal_counts_only_for_its_run(container: Container) -> None:
    """A signal counts for the run in which it was looked at, and for no later one, even if nobody told of that."""
    draining = Draining()
    draining.sent(container.id, TERM, STARTED + 1, LATER)
    assert draining.holds(container)
    assert not draining.holds(replace(container, started="2023-11-14T22:15:00Z"))


def test_signal_counts_after_clock_is_set_back(container: Container) -> None:
    """A signal counts even if the engine's clock was set back after the container's start."""
    draining = Draining()
    draining.sent(container.id, TERM, STARTED - 3600, LATER)
    assert draining.holds(container)


def test_removed_container_is_forgotten(container: Container) -> None:
    """Nothing is remembered about a container that is gone."""
    draining, quits = Draining(), replace(container, stop_signal="SIGQUIT")
    draining.sent(container.id, TERM, STARTED, LATER)
    assert not draining.holds(quits)
    assert draining.ids() == {container.id}
    draining.forget(*draining.ids())
    assert not draining.ids()
    assert not draining.holds(container)


def test_drain_limit_ends_only_its_own_signal(container: Container) -> None:
    """When a signal expires, one that was sent later still counts."""
    draining = Draining()
    draining.sent(container.id, TERM, STARTED + 1, until=5)
    draining.sent(container.id, TERM, STARTED + 2, until=7)
    assert not draining.expired(6)
    assert draining.holds(container)
    assert draining.expired(7) == {container.id}
    assert not draining.holds(container)


def test_repeated_event_does_not_extend_drain(container: Container) -> None:
    """An event that the engine repeats does not extend the drain."""
    draining = Draining()
    draining.sent(container.id, TERM, STARTED + 1, until=5)
    draining.sent(container.id, TERM, STARTED + 1, until=9)
    assert draining.expired(5) == {container.id}


def test_stop_signal_is_sigterm_until_inspected(container: Container) -> None:
    """Until a container was looked at it is taken to stop at SIGTERM, as nearly all do."""
    draining = Draining()
    assert not draining.holds(container)
    assert not draining.ids()
    assert (draining.stops(container.id, TERM), draining.stops(container.id, QUIT)) == (True, False)
    draining.holds(replace(container, stop_signal="SIGQUIT"))
    assert (draining.stops(container.id, TERM), draining.stops(container.id, QUIT)) == (False, True)
    assert draining.ids() == {container.id}


def test_signals_count_until_they_expire() -> None:
    """Those are told whose time is not up, and nothing is to be watched once there are none."""
    draining = Draining()
    assert not draining
    draining.sent("a", TERM, STARTED, until=5)
    draining.sent("b", TERM, STARTED, until=7)
    assert draining.signalled() == draining.ids() == {"a", "b"}
    assert draining.expired(5) == {"a"}
    assert draining
    assert draining.signalled() == {"b"}
    draining.over("b")
    assert not draining
    assert not draining.signalled()


def test_containers_without_signal_can_end_and_be_forgotten() -> None:
    """A run may end, and a container go, of which nothing is remembered."""
    draining = Draining()
    draining.over("a")
    draining.forget("a", "b")
    assert not draining.ids()
