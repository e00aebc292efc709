"""The mapping's options, taken from the settings; a module of its own, as not every command needs the mapping."""

from bridge.errors import UsageError
from bridge.routing.options import Options, Policy
from bridge.rules.constraints import Constraints
from bridge.rules.template import Template
from bridge.settings.model import PlanSettings, RunSettings
from bridge.settings.sources import variable
from bridge.settings.values import checked_host


def options(settings: PlanSettings | RunSettings, engine: str) -> Options:
    """Return the options of this host; `engine` is its engine's name, "" if access to it is refused.

    Raises UsageError if no host name is set and the engine's name is not a valid one.
    """
    return Options(
        release=settings.traefik_version,
        exposed_by_default=settings.exposed_by_default,
        default_rule=Template.parse(settings.default_rule),
        constraints=Constraints.parse(settings.constraints),
        network=settings.network,
        use_bind_port_ip=settings.use_bind_port_ip,
        allow_empty_services=settings.allow_empty_services,
        advertise_address=settings.advertise_address,
        host=settings.host_name or _name(engine),
        policy=Policy(
            settings.allowed_entrypoints,
            settings.allowed_hosts,
            settings.allowed_names,
            settings.allowed_middlewares,
            settings.allow_server_addresses,
        ),
        routable_networks=frozenset(settings.routable_networks),
    )


def _name(engine: str) -> str:
    if not engine:
        raise UsageError(
            f"the engine, or a proxy in front of it, does not reveal its name (/info): set {variable('host_name')}"
        )
    try:
        return checked_host(engine.lower())
    except ValueError as error:
        told = f"the engine's name is {engine!r}, which is not a valid name for this host: set"
        raise UsageError(f"{told} {variable('host_name')}; {error}") from error
