"""Requests to an engine and its answers as frozen values; importing this module loads no client library."""

from collections.abc import Mapping

from msgspec import Struct


class Endpoint(Struct, frozen=True):
    """Where the engine listens: unix://, tcp://, https:// or ssh://, and the PEM files for TLS.

    With an empty url Docker's own variables apply (DOCKER_HOST, DOCKER_TLS_VERIFY, DOCKER_CERT_PATH), without
    those the default unix socket. TLS is used if any of its fields is set.
    """

    url: str = ""
    ca: str = ""
    cert: str = ""
    key: str = ""
    insecure_skip_verify: bool = False


class EngineInfo(Struct, frozen=True):
    """The engine's own description. Neither id nor name is unique: cloned machines share them.

    Both are "" if a proxy in front of the engine does not allow the request.
    """

    id: str
    name: str
    version: str
    api_version: str


class Listed(Struct, frozen=True):
    """An entry of the list of containers: full id, name without the slash, labels, and ids of its networks.

    As long as `state` is the same, an inspection has nothing new for routing, apart from the time of the start. It
    is None if the engine's list contains too little.
    """

    id: str
    name: str
    labels: Mapping[str, str]
    networks: frozenset[str]
    state: int | None


class Unreadable(Struct, frozen=True):
    """A container that exists but cannot be read at the moment: what was known before remains valid."""

    container_id: str
    reason: str
