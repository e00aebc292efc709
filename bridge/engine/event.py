"""Reads the engine's event messages and defines which of them to ask for.

Pure. An event is a hint: it names a container to inspect again.
Source of the fields: Docker Engine API, SystemEvents.
"""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from bridge.engine import signals


class Action(StrEnum):
    """What happened to a container; connect and disconnect are events of a network."""

    CREATE = "create"
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
RUNS: Mapping[str, list[str]] = {"type": ["container"], "event": [Action.KILL, Action.START, Action.DIE]}
"""The filters for the events that show whether a running container was sent its stop signal."""

# An engine's times have 64 bits; JSON allows numbers that are too large to calculate with.
_ENDLESS = 2**63

NETWORK_ACTIONS = {Action.CONNECT, Action.DISCONNECT}


class Event(Struct, frozen=True):
    """One event of one container.

    `signal` is the number of the signal of a kill, else None; `attributes` are Docker's, which for a container
    include its labels; `time` is by the engine's clock, in nanoseconds since 1970.
    """

    container_id: str
    action: Action
    signal: int | None
    attributes: Mapping[str, str]
    time: int


def from_message(message: object) -> Event | None:
    """Read one message of the stream; None if it is not about a container.

    Raises ValueError if it is not an event at all.
    """
    match message:
        case {
            "Type": str(kind),
            "Action": str(action),
            "Actor": {"ID": str(actor), "Attributes": dict() | None as attributes},
            "timeNano": int(time),
        } if abs(time) < _ENDLESS and _are_texts(attributes or {}):
            return _of_container(kind, action.partition(":")[0], actor, attributes or {}, time)
        case _:
            raise ValueError("the engine sent an event that cannot be read")


def _are_texts(attributes: Mapping[str, object]) -> bool:
    return all(isinstance(value, str) for value in attributes.values())


def _of_container(kind: str, action: str, actor: str, attributes: Mapping[str, str], time: int) -> Event | None:
    container_id = actor if kind == "container" else attributes.get("container", "")
    if not container_id or not _is_asked(kind, action):
        return None
    signal = signals.number(attributes.get("signal", ""))
    return Event(container_id, Action(action), signal, attributes, time)


def _is_asked(kind: str, action: str) -> bool:
    return action in set(Action) and (action in NETWORK_ACTIONS) == (kind == "network")
