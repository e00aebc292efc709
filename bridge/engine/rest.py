"""The questions to an engine as blocking calls of the `docker` package, whose exceptions pass through."""

import json
import os
import sys
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ProtocolError

from bridge.container import Container, from_inspect
from bridge.engine import event
from bridge.engine.errors import EngineRejected
from bridge.engine.faults import is_refusal, not_an_endpoint, shown
from bridge.engine.model import Endpoint, EngineInfo, Listed, Unreadable
from bridge.engine.package import (
    APIClient,
    APIError,
    TLSConfig,
    UnixHTTPAdapter,
    create_api_error_from_http_exception,
    enable_ssh,
    kwargs_from_env,
    version_lt,
)

OLDEST_API = "1.41"
# Seconds without a byte; less than a question's deadline, so that one silent inspection costs its container.
SILENCE = 8
LINES_AT_ONCE = 65536
# More than are asked at once: each beyond is a connection for one question, and a warning in the log.
CONNECTIONS = 64

T = TypeVar("T")

_BROKEN_OFF = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)


class _Socket(UnixHTTPAdapter):
    """Keeps its connections for all questions: the package opens others for each URL, so for each container."""

    def get_connection(self, _: object, proxies: Any = None) -> Any:  # noqa: ANN401 - as the package has it
        return super().get_connection("", proxies)


class _Client(APIClient):
    def mount(self, prefix: Any, adapter: Any) -> None:  # noqa: ANN401 - as requests has it
        """Keep connections, of those to a socket, too."""
        if isinstance(adapter, UnixHTTPAdapter):
            adapter = _Socket(adapter.socket_path, adapter.timeout, max_pool_size=CONNECTIONS)
        elif type(adapter) is HTTPAdapter:
            adapter = HTTPAdapter(pool_maxsize=CONNECTIONS)
        super().mount(prefix, adapter)

    def request(self, *what: Any, **options: Any) -> requests.Response:  # noqa: ANN401 - those of requests
        """Keep to the endpoint's own CA: requests lets REQUESTS_CA_BUNDLE win over a session's."""
        return super().request(*what, **{"verify": self.verify, **options})

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # noqa: ANN401 - as above
        """Ask once more where a kept connection was closed just as it was used: proxies close those at rest."""
        try:
            return super().send(request, **options)
        except requests.ConnectionError as error:
            if not _was_closed(error):
                raise
        return super().send(request, **options)

    @cached_property
    def _prepared(self) -> requests.PreparedRequest:
        return self.prepare_request(requests.Request("GET", self.base_url))

    def inspect_container(self, container: Any) -> Any:  # noqa: ANN401 - as the package has it
        """Ask without what a session adds anew to each request: that takes a third of an inspection."""
        request = self._prepared.copy()
        request.url = f"{self.base_url}/v{self.api_version}/containers/{quote(container)}/json"
        return _checked(self.send(request, timeout=SILENCE, verify=self.verify)).json()

    def _retrieve_server_version(self) -> str:
        """Read the API version from the answer to a ping: for `/version` an engine starts other programs."""
        told: str | None = _get(self, "/_ping", timeout=SILENCE).headers.get("Api-Version")
        return told or str(super()._retrieve_server_version())  # type: ignore[misc]  # its stubs leave it out


def _was_closed(error: requests.ConnectionError) -> bool:
    match error.args:
        case [ProtocolError(args=[_, ConnectionResetError() | BrokenPipeError()])]:
            return True
        case _:
            return False


def connect(endpoint: Endpoint) -> APIClient:
    """Return a client that speaks the API version of the engine."""
    warnings.filterwarnings("ignore", "Unverified HTTPS request")  # the user asked for it
    if "ssh://" in (endpoint.url or os.environ.get("DOCKER_HOST", "")):
        enable_ssh()
    try:
        client = _Client(version="auto", timeout=SILENCE, **_options(endpoint))
    except ValueError as error:
        raise not_an_endpoint(shown(endpoint)) from error
    # No proxy leads to a socket, and to look for one at every call takes a fifth of an inspection.
    client.trust_env = not client.base_url.startswith("http+docker://")
    if version_lt(client.api_version, OLDEST_API):
        client.close()
        raise EngineRejected(
            f"Docker engine at {shown(endpoint)}: its API {client.api_version} is too old; "
            f"{OLDEST_API} (Docker 20.10) is the oldest that is understood"
        )
    return client


def _options(endpoint: Endpoint) -> dict[str, Any]:
    tls = {"tls": _tls(endpoint)} if _wants_tls(endpoint) else {}
    return {"base_url": endpoint.url, **tls} if endpoint.url else kwargs_from_env() | tls


def _wants_tls(endpoint: Endpoint) -> bool:
    return bool(endpoint.ca or endpoint.cert or endpoint.key or endpoint.insecure_skip_verify)


def _tls(endpoint: Endpoint) -> TLSConfig:
    pair = (endpoint.cert, endpoint.key)
    return TLSConfig(
        client_cert=pair if any(pair) else None,
        ca_cert=endpoint.ca or None,
        verify=not endpoint.insecure_skip_verify,
    )


def ping(client: APIClient) -> None:
    """Return if the engine answers."""
    client.ping()


def info(client: APIClient) -> EngineInfo:
    """Return who the engine is; without id and name where a proxy before it keeps them secret."""
    try:
        answer = client.info()
    except APIError as error:
        if not is_refusal(error):
            raise
        return EngineInfo("", "", client.version()["Version"], client.api_version)
    return EngineInfo(answer["ID"], answer["Name"], answer["ServerVersion"], client.api_version)


def list_all(take: Callable[[Listed], T], client: APIClient) -> list[T]:
    """Return what `take` makes of each container, whether it runs or not.

    It is made as soon as the container is read: what the engine tells of thousands takes much memory.
    """
    path = f"/v{client.api_version}/containers/json"
    taken: list[T] = []

    def take_early(found: dict[str, Any]) -> dict[str, Any] | None:
        if not isinstance(found.get("NetworkSettings"), dict):  # which no part of a container has
            return found
        taken.append(take(_listed(found)))
        return None

    entries = _get(client, path, params={"all": "1"}, timeout=SILENCE).json(object_hook=take_early)
    return taken + [take(_listed(entry)) for entry in entries if entry]


def _listed(entry: dict[str, Any]) -> Listed:
    name = next(iter(entry.get("Names") or ()), "").removeprefix("/")
    networks = _networks(entry) or {}
    ids = frozenset(network.get("NetworkID") or "" for network in networks.values() if network)
    # Interned: the ids stay, and new ones each time would keep all the memory around them from being given back.
    return Listed(sys.intern(entry["Id"]), name, entry.get("Labels") or {}, ids, _state(entry))


def _networks(entry: Mapping[str, Any]) -> Mapping[str, Any] | None:
    found: Mapping[str, Any] | None = (entry.get("NetworkSettings") or {}).get("Networks")
    return found


def _state(entry: Mapping[str, Any]) -> int | None:
    """Sum up what may change in a container's life; its health is in the text of `Status`, behind a time."""
    networks = _networks(entry)
    if networks is None or "Ports" not in entry or "Status" not in entry:
        return None
    health = entry["Status"].partition("(")[2] if entry.get("State") == "running" else ""
    ports = sorted(map(repr, entry["Ports"] or ()))
    return hash(repr((entry.get("State"), health, sorted(entry["Names"] or ()), ports, sorted(networks.items()))))


def inspect_several(ids: Sequence[str], client: APIClient) -> dict[str, Container | Unreadable | None]:
    """Return containers, one after the other."""
    return {container_id: inspect(container_id, client) for container_id in ids}


def inspect(container_id: str, client: APIClient) -> Container | Unreadable | None:
    """Return the container; None only where the engine says in its own words that there is none.

    An answer that breaks off although the engine lives is asked for once more, and then costs its container only.
    """
    try:
        return _inspect(container_id, client)
    except _BROKEN_OFF:
        ping(client)
    try:
        return _inspect(container_id, client)
    except _BROKEN_OFF as error:
        return Unreadable(container_id, f"the engine breaks off its answer ({error})")


def _inspect(container_id: str, client: APIClient) -> Container | Unreadable | None:
    try:
        return from_inspect(client.inspect_container(container_id))
    except APIError as error:
        if is_refusal(error):
            raise
        if error.status_code == requests.codes.not_found and "no such container" in _said(error):
            return None
        return Unreadable(container_id, f"the engine answered {error.status_code} ({error.explanation})")
    except requests.ReadTimeout:
        return Unreadable(container_id, f"the engine did not answer within {SILENCE} s")
    except ValueError as error:
        return Unreadable(container_id, str(error))


def _said(error: APIError) -> str:
    return (error.explanation or "").lower()


def drivers(network_ids: Collection[str], client: APIClient) -> dict[str, str]:
    """Return the drivers of networks by their ids; those that are gone are missing.

    Raises APIError with a refusal where a proxy before the engine does not let us ask.
    """
    found = client.networks(ids=sorted(network_ids))
    return {network["Id"]: network["Driver"] for network in found if network["Id"] in network_ids}


def past(client: APIClient, until: str) -> Iterator[Any]:
    """Return the messages about runs of containers that the engine remembers: it keeps its last 256 events."""
    parameters = {"since": "1", "until": until, "filters": json.dumps(event.RUNS)}
    path = f"/v{client.api_version}/events"
    with _get(client, path, params=parameters, stream=True, timeout=SILENCE) as response:
        yield from messages(response)


def subscribe(client: APIClient, since: str) -> requests.Response:
    """Return the answer whose body is the stream of events.

    An engine answers a moment before it subscribes (getEvents in moby), so it is also asked for what
    happened since a time just before.
    """
    parameters = {"since": since, "filters": json.dumps(event.FILTERS)}
    path = f"/v{client.api_version}/events"
    return _get(client, path, params=parameters, stream=True, timeout=(SILENCE, None))


def now(client: APIClient) -> str:
    """Return the second that it is by the engine's clock."""
    told = parsedate_to_datetime(_get(client, "/_ping", timeout=SILENCE).headers.get("Date", ""))
    return f"{told.timestamp():.0f}"


def _get(client: APIClient, path: str, **options: Any) -> requests.Response:  # noqa: ANN401 - those of requests
    return _checked(client.get(f"{client.base_url}{path}", **options))


def _checked(response: requests.Response) -> requests.Response:
    try:
        response.raise_for_status()
    except requests.HTTPError as error:
        raise create_api_error_from_http_exception(error) from error
    return response


def messages(response: requests.Response) -> Iterator[Any]:
    """Return the messages of a stream as they come."""
    return map(json.loads, response.iter_lines(LINES_AT_ONCE))


def hang_up(client: APIClient, response: requests.Response | None) -> None:
    """End a stream, and with it whoever reads it in another thread."""
    if response is not None:
        with suppress(OSError, RuntimeError, ValueError):
            response.raw.shutdown()
    client.close()
    if response is not None:
        response.close()
