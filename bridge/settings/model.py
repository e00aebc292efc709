"""Every setting: its name, values, default and meaning. Flags, variables, help and reference are derived from it.

Settings are named after Traefik's own options if they mean the same. Defaults are written as users write them.
"""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bridge.engine.model import Endpoint
from bridge.labels.fields import DEFAULT_RELEASE, Release
from bridge.labels.values import encodable
from bridge.settings import docker
from bridge.settings.sources import PREFIX, EnvFile, SecretFiles
from bridge.settings.values import (
    Address,
    Duration,
    Endpoints,
    EngineEndpoint,
    ExpressionText,
    HostName,
    HostPatterns,
    Key,
    LogFormat,
    LogLevel,
    MiddlewareTypes,
    Names,
    OnStop,
    ReadableFile,
    SocketPath,
    TemplateText,
)

if TYPE_CHECKING:
    from bridge.store.connection import Connection

SHORTEST_LEASE = timedelta(seconds=2)
"""The shortest lease that etcd grants with its default election timeout."""


def _setting(default: str, meaning: str) -> Any:  # noqa: ANN401 - validation converts it to the type of its field
    return Field(default, description=meaning)


class ConflictError(ValueError):
    """A setting that conflicts with another one."""

    def __init__(self, setting: str, message: str) -> None:
        super().__init__(message)
        self.setting = setting


class Section(BaseSettings):
    """Related settings, from flags, the environment, `.env` and secret files, in this order of precedence."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        defer_build=True,
        enable_decoding=False,
        extra="ignore",
        frozen=True,
        validate_default=True,
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - it skips lines that it cannot read
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - a directory, not ours
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the sources in order of precedence; the flags are the arguments of the class."""
        return init_settings, env_settings, EnvFile(settings_cls), SecretFiles(settings_cls)

    @field_validator("*", mode="before")
    @classmethod
    def _text(cls, text: str) -> str:
        if not encodable(text):
            raise ValueError("accepted: text in UTF-8")
        return text


class Docker(Section):
    """Where the engine is."""

    model_config = SettingsConfigDict(title="Docker")

    docker_endpoint: EngineEndpoint = _setting(
        "",
        "the Docker engine: unix:///path, tcp://host:port or ssh://user@host; if empty, Docker's own DOCKER_HOST,"
        " DOCKER_TLS_VERIFY and DOCKER_CERT_PATH apply, else unix:///var/run/docker.sock",
    )
    docker_tls_ca: ReadableFile = _setting("", "file with the CA certificate for the engine")
    docker_tls_cert: ReadableFile = _setting("", "file with the client certificate for the engine")
    docker_tls_key: ReadableFile = _setting("", "file with the key of the client certificate")
    docker_tls_insecure_skip_verify: bool = _setting("false", "do not verify the engine's certificate")

    def endpoint(self) -> Endpoint:
        """Return the engine's endpoint; raise UsageError if one of Docker's own variables is invalid."""
        if not self.docker_endpoint:
            docker.check()
        tls = self.docker_tls_ca, self.docker_tls_cert, self.docker_tls_key
        return Endpoint(self.docker_endpoint, *tls, self.docker_tls_insecure_skip_verify)

    @model_validator(mode="after")
    def _certificate_with_key(self) -> Self:
        _go_together(docker_tls_cert=self.docker_tls_cert, docker_tls_key=self.docker_tls_key)
        return self


class LabelMapping(Section):
    """How labels become keys."""

    model_config = SettingsConfigDict(title="mapping")

    exposed_by_default: bool = _setting("true", "route containers that do not set traefik.enable")
    default_rule: TemplateText = _setting(
        "Host(`{{ normalize .Name }}`)", "rule of HTTP routers that have none, as a Go template"
    )
    constraints: ExpressionText = _setting(
        "", "expression of Label() and LabelRegex() that containers must match to be routed"
    )
    network: str = _setting("", "default Docker network on which Traefik reaches containers")
    use_bind_port_ip: bool = _setting(
        "false", "publish the host IP address and port that a container port is bound to, not the container's own"
    )
    allow_empty_services: bool = _setting("false", "keep services of containers that are not healthy")
    traefik_version: Release = _setting(DEFAULT_RELEASE, "oldest Traefik release that reads the keys")
    host_name: HostName = _setting(
        "", "name of this host, its identity in etcd; if empty, the engine's name in lower case"
    )
    advertise_address: Address = _setting(
        "",
        "where Traefik reaches this host's published ports: an IP address, a host name, or a network interface of"
        " this machine, whose address is used; if empty, Traefik is assumed to share a network with the"
        " containers",
    )
    routable_networks: Names = _setting(
        "",
        "comma-separated Docker networks on which Traefik reaches containers at their own address despite an"
        " advertise address; networks of the drivers overlay, macvlan and ipvlan always count",
    )


class Policy(Section):
    """What labels may do on this host."""

    model_config = SettingsConfigDict(title="policy (an empty list allows everything)")

    allowed_entrypoints: Names = _setting(
        "", "comma-separated entry points that routers may use; routers that name none are refused"
    )
    allowed_hosts: HostPatterns = _setting(
        "",
        "comma-separated hosts that rules may match and certificates may be for: app.example.com, *.example.com"
        " for every name below, * for any; rules that are not plainly limited to hosts are refused",
    )
    allowed_names: Names = _setting(
        "",
        "comma-separated names of routers, services, middlewares and the like that labels may define or refer to;"
        " * matches any text without @, so * alone forbids other providers' objects",
    )
    allowed_middlewares: MiddlewareTypes = _setting(
        "", "comma-separated types of middlewares that labels may define, such as headers,ratelimit"
    )
    allow_server_addresses: bool = _setting(
        "true",
        "let labels send requests elsewhere than to their container (loadbalancer.server.url and the like)",
    )


class View(Section):
    """What Traefik reads."""

    model_config = SettingsConfigDict(title="view")

    root_key: Key = _setting("traefik", "key in etcd under which Traefik reads (its option rootKey)")


class Etcd(Section):
    """Where the keys go."""

    model_config = SettingsConfigDict(title="etcd")

    etcd_endpoints: Endpoints = _setting("127.0.0.1:2379", "comma-separated host:port of etcd's members")
    etcd_username: str = _setting("", "etcd user, if etcd has authentication enabled")
    etcd_password: SecretStr = _setting("", "password of the etcd user")
    etcd_ca: ReadableFile = _setting("", "file with the CA certificate for etcd; turns on TLS")
    etcd_cert: ReadableFile = _setting("", "file with the client certificate for etcd")
    etcd_key: ReadableFile = _setting("", "file with the key of the client certificate")
    state_key: Key = _setting(
        "docker-event-bridge", "key in etcd for the state that bridges share; must not begin with the root key"
    )

    @model_validator(mode="after")
    def _secure_or_refused(self) -> Self:
        _go_together(etcd_cert=self.etcd_cert, etcd_key=self.etcd_key)
        _go_together(etcd_username=self.etcd_username, etcd_password=self.etcd_password.get_secret_value())
        if self.etcd_cert and not self.etcd_ca:
            raise ConflictError(
                "etcd_cert", "it needs etcd_ca as well; without one the connection would not be encrypted"
            )
        refused, why = (
            ("http:", "with etcd_ca it must be https") if self.etcd_ca else ("https:", "it needs etcd_ca as well")
        )
        if any(endpoint.startswith(refused) for endpoint in self.etcd_endpoints):
            raise ConflictError("etcd_endpoints", why)
        return self

    def connection(self) -> "Connection":
        """Return the parameters of the connection to etcd."""
        from bridge.store.connection import Connection  # noqa: PLC0415 - etcd's client takes long to import

        return Connection(
            self.etcd_endpoints,
            self.etcd_username,
            self.etcd_password.get_secret_value(),
            *(Path(file) if file else None for file in (self.etcd_ca, self.etcd_cert, self.etcd_key)),
        )


class Running(Section):
    """How the daemon runs."""

    model_config = SettingsConfigDict(title="running")

    resync_interval: Duration = _setting("5m", "how often everything is compared and repaired")
    drain_limit: Duration = _setting(
        "5m", "how long a container that keeps running after its stop signal stays withdrawn"
    )
    log_level: LogLevel = _setting("info", "lowest level that is logged")
    log_format: LogFormat = _setting(
        "auto", "console (for people) or json; auto is console on a terminal, else json"
    )


class Hosts(Section):
    """What the bridges do when a host is gone."""

    model_config = SettingsConfigDict(title="hosts")

    host_lease: Duration = _setting("5s", "how long a silent bridge still counts as alive; at least 2s")
    host_grace: Duration = _setting(
        "1m",
        "how long a dead host's routes stay before another bridge removes them; must exceed host_lease",
    )
    on_stop: OnStop = _setting(
        "keep", "when this bridge is stopped, keep its routes for its next start, or withdraw them at once"
    )
    keep_after_stop: Duration = _setting("10m", "how long routes are kept for the next start")

    @model_validator(mode="after")
    def _lease_before_grace(self) -> Self:
        if self.host_lease < SHORTEST_LEASE:
            raise ConflictError("host_lease", "etcd grants no lease below 2s")
        if self.host_grace <= self.host_lease:
            message = (
                "it must be longer than host_lease, so that a bridge that was only cut off has time to come back"
            )
            raise ConflictError("host_grace", message)
        return self


class HealthSettings(Section):
    """The settings of `health`."""

    model_config = SettingsConfigDict(title="health")

    health_socket: SocketPath = _setting(
        "/tmp/docker-event-bridge.sock",  # noqa: S108 - the only directory that every image and user has
        "unix socket on which the running daemon answers the command health",
    )


class PlanSettings(Docker, LabelMapping, Policy, View):
    """The settings of `plan`."""


class StateSettings(View, Etcd):
    """The settings of commands that need only etcd."""

    @model_validator(mode="after")
    def _state_out_of_sight(self) -> Self:
        if f"{self.state_key}/{self.root_key}/".startswith(self.root_key):
            message = f"it must not begin with root_key {self.root_key!r}: Traefik watches a bare prefix"
            raise ConflictError("state_key", message)
        return self


class RunSettings(Docker, LabelMapping, Policy, StateSettings, Hosts, Running, HealthSettings):
    """The settings of `run`: all of them."""


SECTIONS: tuple[type[Section], ...] = (Docker, LabelMapping, Policy, View, Etcd, Hosts, Running, HealthSettings)


def _go_together(**pair: str) -> None:
    (one, given), (other, also_given) = pair.items()
    if given and not also_given:
        raise ConflictError(one, f"it needs {other} as well")
    if also_given and not given:
        raise ConflictError(other, f"it needs {one} as well")
