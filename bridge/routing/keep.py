"""Which containers are routed at all: the filters of Traefik's Docker provider, in its order."""

from collections.abc import Mapping

from bridge.container import Container
from bridge.labels.options import LabelOptions
from bridge.routing.options import Options


def unready(container: Container, said: LabelOptions, options: Options) -> str:
    """Return why a container that may be routed is not routed now, "" if it is."""
    if said.allow_non_running:
        return ""
    if not running(container):
        return f"it is not running ({container.status})"
    if not healthy(container) and not options.allow_empty_services:
        return f"it is not healthy ({container.health})"
    return ""


def excluded(labels: Mapping[str, str], said: LabelOptions, options: Options) -> str:
    """Return why a container with these labels is never routed, "" if it may be."""
    if not exposed(said, options):
        return _disabled(said)
    if not options.constraints.match(labels):
        return "its labels do not match the constraints"
    return ""


def exposed(said: LabelOptions, options: Options) -> bool:
    """Return whether a container is to be routed at all."""
    return options.exposed_by_default if said.enable is None else said.enable


def running(container: Container) -> bool:
    """Return whether it is running; a container without a status passes, as in Traefik."""
    return container.status in {"", "running"}


def healthy(container: Container) -> bool:
    """Return whether it is healthy, or has no health check."""
    return container.health in {"", "healthy"}


def _disabled(said: LabelOptions) -> str:
    if said.enable is None:
        return "containers are not exposed by default, and it has no label traefik.enable=true"
    return "its label traefik.enable disables it"
