"""The client of one engine: that of the `docker` package, with connections that all requests share."""

import os
import warnings
from functools import cached_property
from typing import Any
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ProtocolError

from bridge.engine.errors import EngineRejected
from bridge.engine.faults import not_an_endpoint, shown
from bridge.engine.model import Endpoint
from bridge.engine.package import (
    APIClient,
    TLSConfig,
    UnixHTTPAdapter,
    create_api_error_from_http_exception,
    enable_ssh,
    kwargs_from_env,
    version_lt,
)

OLDEST_API = "1.41"
# Seconds without a byte; less than a request's deadline, so that a silent inspection affects only its container.
SILENCE = 8
# More than the concurrent requests: each beyond would cost a connection of its own and a warning in the log.
CONNECTIONS = 64


class _Socket(UnixHTTPAdapter):
    """Shares its connections among all requests; the package would open new ones for each URL."""

    def get_connection(self, _: object, proxies: Any = None) -> Any:  # noqa: ANN401 - as the package has it
        return super().get_connection("", proxies)


class _Client(APIClient):
    def mount(self, prefix: Any, adapter: Any) -> None:  # noqa: ANN401 - as requests has it
        """Keep connections, those to a socket included."""
        if isinstance(adapter, UnixHTTPAdapter):
            adapter = _Socket(adapter.socket_path, adapter.timeout, max_pool_size=CONNECTIONS)
        elif type(adapter) is HTTPAdapter:
            adapter = HTTPAdapter(pool_maxsize=CONNECTIONS)
        super().mount(prefix, adapter)

    def request(self, *what: Any, **options: Any) -> requests.Response:  # noqa: ANN401 - those of requests
        """Use the endpoint's own CA: in requests, REQUESTS_CA_BUNDLE would override that of a session."""
        return super().request(*what, **{"verify": self.verify, **options})

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # noqa: ANN401 - as above
        """Retry once if a kept connection was closed just as it was used: proxies close idle ones."""
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
        """Send a prepared request: what a session adds to each takes a third of the time of an inspection."""
        request = self._prepared.copy()
        request.url = f"{self.base_url}/v{self.api_version}/containers/{quote(container)}/json"
        return _checked(self.send(request, timeout=SILENCE, verify=self.verify)).json()

    def _retrieve_server_version(self) -> str:
        """Read the API version from the answer to a ping: for `/version` an engine runs other programs."""
        told: str | None = get(self, "/_ping", timeout=SILENCE).headers.get("Api-Version")
        return told or str(super()._retrieve_server_version())  # type: ignore[misc]  # its stubs leave it out


def _was_closed(error: requests.ConnectionError) -> bool:
    match error.args:
        case [ProtocolError(args=[_, ConnectionResetError() | BrokenPipeError()])]:
            return True
        case _:
            return False


def connect(endpoint: Endpoint) -> APIClient:
    """Return a client that uses the API version of the engine."""
    warnings.filterwarnings("ignore", "Unverified HTTPS request")  # the user asked for it
    if "ssh://" in (endpoint.url or os.environ.get("DOCKER_HOST", "")):
        enable_ssh()
    try:
        client = _Client(version="auto", timeout=SILENCE, **_options(endpoint))
    except ValueError as error:
        raise not_an_endpoint(shown(endpoint)) from error
    # No proxy leads to a socket, and looking for one takes a fifth of the time of an inspection.
    client.trust_env = not client.base_url.startswith("http+docker://")
    if version_lt(client.api_version, OLDEST_API):
        client.close()
        raise EngineRejected(
            f"Docker engine at {shown(endpoint)}: its API {client.api_version} is too old; "
            f"{OLDEST_API} (Docker 20.10) is the oldest that is supported"
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


def get(client: APIClient, path: str, **options: Any) -> requests.Response:  # noqa: ANN401 - those of requests
    """Request a path of the API; raises APIError if the answer is an error."""
    return _checked(client.get(f"{client.base_url}{path}", **options))


def _checked(response: requests.Response) -> requests.Response:
    try:
        response.raise_for_status()
    except requests.HTTPError as error:
        raise create_api_error_from_http_exception(error) from error
    return response
