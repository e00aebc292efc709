"""The requests to an engine as blocking calls of the `docker` package, whose exceptions pass through."""

import json
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import requests

from bridge.container import Container, from_inspect
from bridge.engine import event
from bridge.engine.faults import is_refusal
from bridge.engine.model import EngineInfo, Listed, Unreadable
from bridge.engine.package import APIClient, APIError
from bridge.engine.transport import SILENCE, get

LINES_AT_ONCE = 65536
# In bytes; an event has all labels of its container, but an endless line must not fill the memory.
LONGEST_LINE = 64 * 1024 * 1024

T = TypeVar("T")

_BROKEN_OFF = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)


def ping(client: APIClient) -> None:
    """Return if the engine answers; raise otherwise."""
    client.ping()


def info(client: APIClient) -> EngineInfo:
    """Return the identity of the engine, without id and name if a proxy in front of it does not reveal them."""
    try:
        answer = client.info()
    except APIError as error:
        if not is_refusal(error):
            raise
        return EngineInfo("", "", client.version()["Version"], client.api_version)
    return EngineInfo(answer["ID"], answer["Name"], answer["ServerVersion"], client.api_version)


def list_all(take: Callable[[Listed], T], client: APIClient) -> list[T]:
    """Return the result of `take` for each container, whether it runs or not.

    It is called as soon as the container is read: the full entries of thousands would take much memory.
    """
    path = f"/v{client.api_version}/containers/json"
    taken: list[T] = []

    def take_early(found: dict[str, Any]) -> dict[str, Any] | None:
        if not isinstance(found.get("NetworkSettings"), dict):  # which only a container has, none of its parts
            return found
        taken.append(take(_listed(found)))
        return None

    entries = get(client, path, params={"all": "1"}, timeout=SILENCE).json(object_hook=take_early)
    return taken + [take(_listed(entry)) for entry in entries if entry]


def _listed(entry: dict[str, Any]) -> Listed:
    name = next(iter(entry.get("Names") or ()), "").removeprefix("/")
    networks = _networks(entry) or {}
    ids = frozenset(network.get("NetworkID") or "" for network in networks.values() if network)
    # Interned, since the ids are kept: a new string each time would keep the memory around it from being freed.
    return Listed(sys.intern(entry["Id"]), name, entry.get("Labels") or {}, ids, _state(entry))


def _networks(entry: Mapping[str, Any]) -> Mapping[str, Any] | None:
    found: Mapping[str, Any] | None = (entry.get("NetworkSettings") or {}).get("Networks")
    return found


def _state(entry: Mapping[str, Any]) -> int | None:
    """Hash everything that can change during a container's life; its health is in `Status`, after the uptime."""
    networks = _networks(entry)
    if networks is None or "Ports" not in entry or "Status" not in entry:
        return None
    health = entry["Status"].partition("(")[2] if entry.get("State") == "running" else ""
    ports = sorted(map(repr, entry["Ports"] or ()))
    return hash(repr((entry.get("State"), health, sorted(entry["Names"] or ()), ports, sorted(networks.items()))))


def inspect_several(ids: Sequence[str], client: APIClient) -> dict[str, Container | Unreadable | None]:
    """Inspect containers, one after the other."""
    return {container_id: inspect(container_id, client) for container_id in ids}


def inspect(container_id: str, client: APIClient) -> Container | Unreadable | None:
    """Return the container; None only if the engine itself says that there is none.

    If an answer breaks off although the engine is alive, it is requested once more; a second failure affects only
    this container.
    """
    try:
        return _inspect(container_id, client)
    except _BROKEN_OFF:
        ping(client)
    try:
        return _inspect(container_id, client)
    except _BROKEN_OFF as error:
        return Unreadable(container_id, f"the engine's answer broke off ({error})")


def _inspect(container_id: str, client: APIClient) -> Container | Unreadable | None:
    try:
        return _of(container_id, from_inspect(client.inspect_container(container_id)))
    except APIError as error:
        if is_refusal(error):
            raise
        if error.status_code == requests.codes.not_found and "no such container" in _said(error):
            return None
        return Unreadable(container_id, f"the engine answered {error.status_code} ({error.explanation})")
    except requests.ReadTimeout:
        return Unreadable(container_id, f"the engine did not answer within {SILENCE} s")
    except (ValueError, RecursionError) as error:
        return Unreadable(container_id, str(error))


def _of(container_id: str, found: Container) -> Container | Unreadable:
    """Check that an answer is about the container that was asked for, by id or by name."""
    if found.id.startswith(container_id) or found.name == container_id:
        return found
    return Unreadable(container_id, f"the engine answered with another container ({found.name})")


def _said(error: APIError) -> str:
    return (error.explanation or "").lower()


def drivers(network_ids: Collection[str], client: APIClient) -> dict[str, str]:
    """Return the drivers of networks by their ids; those that are gone are missing.

    Raises APIError with a refusal if a proxy in front of the engine does not allow the request.
    """
    found = client.networks(ids=sorted(network_ids))
    return {network["Id"]: network["Driver"] for network in found if network["Id"] in network_ids}


def past(client: APIClient, until: str) -> Iterator[Any]:
    """Yield the remembered messages about signals, starts and ends: an engine keeps its last 256 events."""
    parameters = {"since": "1", "until": until, "filters": json.dumps(event.RUNS)}
    path = f"/v{client.api_version}/events"
    with get(client, path, params=parameters, stream=True, timeout=SILENCE) as response:
        yield from messages(response)


def subscribe(client: APIClient, since: str) -> requests.Response:
    """Return the response whose body is the stream of events.

    An engine responds a moment before it subscribes (getEvents in moby), so the request includes events since a
    time just before.
    """
    parameters = {"since": since, "filters": json.dumps(event.FILTERS)}
    path = f"/v{client.api_version}/events"
    return get(client, path, params=parameters, stream=True, timeout=(SILENCE, None))


def now(client: APIClient) -> str:
    """Return the current time in seconds by the engine's clock."""
    told = parsedate_to_datetime(get(client, "/_ping", timeout=SILENCE).headers.get("Date", ""))
    return f"{told.timestamp():.0f}"


def messages(response: requests.Response) -> Iterator[Any]:
    """Yield the messages of a stream as they arrive."""
    return map(json.loads, _lines(response.iter_content(LINES_AT_ONCE)))


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield lines, each joined only once: an event has all labels of its container and may be very long."""
    begun: list[bytes] = []
    length = 0
    for piece in pieces:
        *ends, rest = piece.split(b"\n")
        for end in ends:
            yield b"".join((*begun, end))
            begun, length = [], 0
        begun.append(rest)
        length += len(rest)
        if length > LONGEST_LINE:
            raise ValueError("the engine sent a line without an end")
    if last := b"".join(begun):
        yield last


def hang_up(client: APIClient, response: requests.Response | None) -> None:
    """End a stream, and with it the call that reads it in another thread."""
    if response is not None:
        with suppress(OSError, RuntimeError, ValueError):
            response.raw.shutdown()
    client.close()
    if response is not None:
        response.close()
