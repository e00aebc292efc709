"""Decoding the engine's event messages."""

from typing import Any

import pytest

from bridge.engine.event import FILTERS, RUNS, Action, Event, from_message

CONTAINER = "0123456789abcdef" * 4


def message(kind: str, action: str, actor: str, **attributes: str) -> dict[str, Any]:
    """Return a message as an engine sends it."""
    return {
        "Type": kind,
        "Action": action,
        "Actor": {"ID": actor, "Attributes": attributes},
        "scope": "local",
        "time": 1700000000,
        "timeNano": 1700000000123456789,
    }


def test_kill() -> None:
    """A kill event has the number of the signal."""
    sent = message("container", "kill", CONTAINER, signal="15", image="shop")

    attributes = {"signal": "15", "image": "shop"}
    assert from_message(sent) == Event(CONTAINER, Action.KILL, 15, attributes, 1700000000123456789)


@pytest.mark.parametrize("label", ["9" * 5_000, "RTMINx3", "any"])
def test_label_in_place_of_the_signal(label: str) -> None:
    """A label `signal` with any value does not keep an event from being decoded."""
    event = from_message(message("container", "start", CONTAINER, signal=label))

    assert event
    assert event.signal is None


def test_health() -> None:
    """The health status after the colon is not part of the action."""
    event = from_message(message("container", "health_status: healthy", CONTAINER))

    assert event
    assert event.action is Action.HEALTH_STATUS


@pytest.mark.parametrize(
    ("kind", "action"),
    [
        *(
            ("container", action)
            for action in ("create", "start", "die", "kill", "health_status", "pause", "unpause", "rename")
        ),
        ("container", "update"),
        ("container", "destroy"),
        ("network", "connect"),
        ("network", "disconnect"),
    ],
)
def test_routing_actions_are_requested_and_read(kind: str, action: str) -> None:
    """Whatever may change how a container is routed is asked for by Docker's name for it, and read."""
    event = from_message(message(kind, action, CONTAINER, container=CONTAINER))
    assert event
    assert (event.container_id, event.action) == (CONTAINER, action)
    assert kind in FILTERS["type"]
    assert action in FILTERS["event"]


def test_starts_and_ends_of_runs_are_requested() -> None:
    """To learn which run of a container was sent a signal, its starts and ends are asked for, too."""
    assert RUNS == {"type": ["container"], "event": ["kill", "start", "die"]}


@pytest.mark.parametrize("time", [-(2**63) + 1, 0, 2**63 - 1])
def test_times(time: int) -> None:
    """Any time that an engine can tell is read."""
    event = from_message(message("container", "die", CONTAINER) | {"timeNano": time})

    assert event
    assert event.time == time


@pytest.mark.parametrize("action", ["connect", "disconnect"])
def test_network(action: str) -> None:
    """A network event is about the container that it names."""
    event = from_message(message("network", action, "some-network", container=CONTAINER))

    assert event
    assert (event.container_id, event.action) == (CONTAINER, action)


@pytest.mark.parametrize(
    "other",
    [
        message("container", "exec_start: true", CONTAINER),
        message("container", "attach", CONTAINER),
        message("container", "connect", CONTAINER),
        message("network", "destroy", "some-network"),
        message("network", "destroy", "some-network", container=CONTAINER),
        message("network", "connect", "some-network"),
        message("network", "update", "some-network", container=CONTAINER),
        message("image", "start", "some-image"),
    ],
)
def test_events_not_changing_a_container_are_ignored(other: dict[str, Any]) -> None:
    """Events that do not change a container are ignored, even if the engine sends them in spite of the filter."""
    assert from_message(other) is None


def test_without_attributes() -> None:
    """An event without attributes is decoded."""
    bare = message("container", "die", CONTAINER) | {"Actor": {"ID": CONTAINER, "Attributes": None}}

    event = from_message(bare)

    assert event
    assert (event.signal, event.attributes) == (None, {})


@pytest.mark.parametrize(
    "garbage",
    [
        None,
        7,
        "text",
        [],
        {},
        {"Type": "container"},
        message("container", "die", CONTAINER) | {"Actor": None},
        message("container", "die", CONTAINER) | {"Actor": {"ID": CONTAINER, "Attributes": "text"}},
        message("container", "die", CONTAINER) | {"timeNano": None},
        message("container", "die", CONTAINER) | {"timeNano": "soon"},
        message("container", "die", CONTAINER) | {"Action": None},
        message("container", "die", CONTAINER) | {"Actor": {"ID": 7, "Attributes": {}}},
        message("container", "start", CONTAINER) | {"Actor": {"ID": CONTAINER, "Attributes": {"label": 7}}},
        message("network", "connect", "some-network") | {"Actor": {"ID": "x", "Attributes": {"container": []}}},
        message("container", "kill", CONTAINER) | {"timeNano": 2**63},
        message("container", "kill", CONTAINER) | {"timeNano": 10**400},
    ],
)
def test_not_an_event(garbage: object) -> None:
    """A message that is no event raises ValueError."""
    with pytest.raises(ValueError, match="event"):
        from_message(garbage)
