"""What is asked of an engine and what it answers, as frozen values; importing this costs no client library."""

from collections.abc import Mapping

from msgspec import Struct


class Endpoint(Struct, frozen=True):
    """Where the engine listens: unix://, tcp://, https:// or ssh://, and the PEM files for TLS.

    With url "", Docker's own variables say it: DOCKER_HOST, DOCKER_TLS_VERIFY, DOCKER_CERT_PATH; without
    them it is the default unix socket. TLS is used as soon as any of its fields is set.
    """

    url: str = ""
    ca: str = ""
    cert: str = ""
    key: str = ""
    insecure_skip_verify: bool = False


class EngineInfo(Struct, frozen=True):
    """What the engine says of itself. Neither id nor name is unique: cloned machines share them.

    Both are "" where a proxy before the engine does not let us ask for them.
    """

    id: str
    name: str
    version: str
    api_version: str


class Listed(Struct, frozen=True):
    """A container as the list of all tells it: its full id, its name without slash, its labels, its networks' ids.

    While `state` is the same, an inspection would tell routing nothing new, but when the container was started;
    None where the engine does not list enough to say so.
    """

    id: str
    name: str
    labels: Mapping[str, str]
    networks: frozenset[str]
    state: int | None


class Unreadable(Struct, frozen=True):
    """A container that exists, but of which nothing is known for now: what was known before stands."""

    container_id: str
    reason: str
