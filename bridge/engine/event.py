"""Reads the engine's event messages and says which of them are asked for.

Pure. An event is a hint: it names a container that is worth looking at again.
Source of the fields: Docker Engine API, SystemEvents.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bridge.engine import signals


class Action(StrEnum):
    """What happened to a container; connect and disconnect are of a network."""

    START = "start"
    DIE = "die"
    KILL = "kill"
    HEALTH_STATUS = "health_status"
    PAUSE = "pause"
    UNPAUSE = "unpause"
    RENAME = "rename"
    UPDATE = "update"
    DESTROY = "destroy"
    CONNECT = "connect"
    DISCONNECT = "disconnect"


FILTERS: Mapping[str, list[str]] = {"type": ["container", "network"], "event": [*Action]}
_NETWORK_ACTIONS = {Action.CONNECT, Action.DISCONNECT}


@dataclass(frozen=True, slots=True)
class Event:
    """One event of one container.

    `signal` is the number that a kill sent, else None; `attributes` are Docker's, for a container its
    labels among them; `time` is the engine's clock, in nanoseconds since 1970.
    """

    container_id: str
    action: Action
    signal: int | None
    attributes: Mapping[str, str]
    time: int


def from_message(message: Any) -> Event | None:  # noqa: ANN401 - JSON from outside
    """Read one message of the stream; None where it is not about a container.

    Raises ValueError where it is not an event at all.
    """
    try:
        kind, (action, _, _) = message["Type"], message["Action"].partition(":")
        actor, attributes = message["Actor"]["ID"], message["Actor"].get("Attributes") or {}
        container_id = actor if kind == "container" else attributes.get("container", "")
        time = int(message["timeNano"])
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError("the engine sent an event that cannot be read") from error
    if not container_id or not _is_asked(kind, action):
        return None
    return Event(container_id, Action(action), signals.number(attributes.get("signal", "")), attributes, time)


def _is_asked(kind: str, action: str) -> bool:
    return action in set(Action) and (action in _NETWORK_ACTIONS) == (kind == "network")
