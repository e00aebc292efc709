"""Options of the two Traefiks that are compared."""

from collections.abc import Mapping

from tests.lab.traefik import Protocol, StaticOptions

AT_ONCE: StaticOptions = {"providers.providersThrottleDuration": "50ms"}
ENTRY_POINTS: Mapping[str, Protocol] = {"tcpin": "tcp", "udpin": "udp"}
_OPTIONS = {
    "exposed_by_default": "exposedByDefault",
    "default_rule": "defaultRule",
    "constraints": "constraints",
    "network": "network",
    "use_bind_port_ip": "useBindPortIP",
    "allow_empty_services": "allowEmptyServices",
}


def docker_options(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the bridge's settings as options of the Docker provider, as far as it has them."""
    return {_OPTIONS[name]: text for name, text in settings.items() if name in _OPTIONS}
