"""Builds the routing of one container, by the rules and in the order of Traefik's Docker provider.

Traefik documents the rules under "Docker": the options and "Routing configuration with labels".
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from bridge.container import Container
from bridge.labels.decode import decode
from bridge.labels.folding import fold
from bridge.labels.model import Leaf, Ref, first_label
from bridge.labels.options import LabelOptions, read_options
from bridge.labels.own import Own, read_own
from bridge.labels.passed_over import passed_over
from bridge.masking import listed
from bridge.problem import Problem
from bridge.routing.address import Neighbour, Surroundings
from bridge.routing.keep import excluded, exposed, healthy, running, unready
from bridge.routing.model import Object, Routing
from bridge.routing.names import service_name
from bridge.routing.options import Options
from bridge.routing.routers import link
from bridge.routing.server import SERVER, idle_server, server

_BAD_LABELS = "its labels have errors"
_SHELLS = {"", "loadbalancer", "loadbalancer/servers"}
_NO_SERVERS = Leaf("loadbalancer/servers", "", rule="every service has this empty list; servers are separate keys")


def route(container: Container, options: Options, targets: Sequence[Container] = ()) -> Routing:
    """Build all objects of one container; `targets` is the chain of containers whose network it uses, if any.

    Each of them uses the network of the next; the last one has its own.
    """
    if container.status is None:
        return Routing(reason="it has no state")
    said = read_options(container.name, container.labels, options.release)
    if said.problems:
        return Routing(problems=said.problems, reason=_BAD_LABELS)
    told = passed_over(container.name, container.labels)
    if reason := excluded(container.labels, said, options):
        # If no label enables or disables it, a misspelt one may have been meant to enable it.
        return Routing(problems=told if said.enable is None and not exposed(said, options) else (), reason=reason)
    decoded = decode(container.name, container.labels, options.release)
    own = read_own(container.name, container.labels)
    told += decoded.without_effect
    if problems := decoded.problems + own.problems:
        return Routing(problems=problems + told, reason=_BAD_LABELS)
    built = _build(container, decoded.objects, options, _surroundings(said, own, options, targets))
    # Wrong labels are reported even before the container is healthy: nobody should wait for that in vain.
    return replace(built, problems=built.problems + told, reason=built.reason or unready(container, said, options))


def _surroundings(said: LabelOptions, own: Own, options: Options, targets: Sequence[Container]) -> Surroundings:
    return Surroundings(
        _network(said, options.network),
        options.use_bind_port_ip,
        options.advertise_address,
        options.gateway,
        _neighbour(targets, options) if targets else None,
        options.routable_networks,
        own,
    )


def _network(said: LabelOptions, default: str) -> str:
    return default if said.network is None else said.network


def _neighbour(targets: Sequence[Container], options: Options) -> Neighbour:
    """Return the target that has the network; of several `traefik.docker.network` the nearest to it counts."""
    said = (read_options(it.name, it.labels, options.release) for it in reversed(targets))
    networks = (_network(one, options.network) for one in said)
    chosen = (read_own(it.name, it.labels).network for it in targets)
    return Neighbour(targets[-1], next(filter(None, networks), ""), next(filter(None, chosen), ""))


class _Part(NamedTuple):
    """The objects of one protocol, by kind."""

    routers: dict[Ref, tuple[Leaf, ...]]
    services: dict[Ref, tuple[Leaf, ...]]
    rest: dict[Ref, tuple[Leaf, ...]]


def _parts(objects: Mapping[Ref, tuple[Leaf, ...]]) -> dict[str, _Part]:
    parts = {protocol: _Part({}, {}, {}) for protocol in ("http", "tcp", "udp", "tls")}
    for ref, leaves in objects.items():
        part = parts[ref.protocol]
        kinds = {"routers": part.routers, "services": part.services}
        kinds.get(ref.kind, part.rest)[ref] = leaves
    return parts


def _build(
    container: Container,
    decoded: Mapping[Ref, tuple[Leaf, ...]],
    options: Options,
    around: Surroundings,
) -> Routing:
    parts = _parts(decoded)
    built = _protocols(parts)
    for protocol in built:
        _complete(container, protocol, parts[protocol])
    if strays := _strays(container, parts, built, around.own):
        return Routing(problems=strays, reason=_BAD_LABELS)
    objects: list[Object] = []
    problems: list[Problem] = []
    for protocol, part in parts.items():
        objects += [Object(ref, leaves) for ref, leaves in part.rest.items()]
        if protocol not in built:
            continue
        services = _services(container, part, around)
        if isinstance(services, Problem):
            return Routing(problems=(services,), reason="a service has no server")
        routers, broken = link(container, part.routers, list(part.services), options)
        objects += [*services, *routers]
        problems += broken
    return Routing(tuple(sorted(objects, key=lambda made: made.ref)), tuple(problems))


def _protocols(parts: Mapping[str, _Part]) -> set[str]:
    """Return the protocols to build: HTTP too, unless labels define TCP or UDP routers or services but no HTTP."""
    other = {name for name in ("tcp", "udp") if parts[name].routers or parts[name].services}
    http = parts["http"]
    says_http = http.routers or http.services or any(ref.kind == "middlewares" for ref in http.rest)
    return other if other and not says_http else other | {"http"}


def _complete(container: Container, protocol: str, part: _Part) -> None:
    """Add the default service if labels name none."""
    if not part.services:
        default = Ref(protocol, "services", service_name(container))
        part.services[default] = (Leaf("loadbalancer", "", rule="default service"),)


def _strays(container: Container, parts: Mapping[str, _Part], built: set[str], own: Own) -> tuple[Problem, ...]:
    """Return a problem for each address label of a service that the container does not have."""
    services = {ref.name for protocol in built for ref in parts[protocol].services}
    known = {fold(name) for name in services}
    hint = f"write bridge.<service>.address with one of: {listed(sorted(services))}"
    return tuple(
        Problem(container.name, address.label, "The container has no such service.", hint)
        for name, address in own.addresses.items()
        if name not in known
    )


def _services(container: Container, part: _Part, around: Surroundings) -> list[Object] | Problem:
    made = [_service(container, ref, leaves, around) for ref, leaves in part.services.items()]
    failed = next((problem for problem in made if isinstance(problem, Problem)), None)
    return failed or [service for service in made if isinstance(service, Object)]


def _service(container: Container, ref: Ref, leaves: tuple[Leaf, ...], around: Surroundings) -> Object | Problem:
    kept = [leaf for leaf in leaves if leaf.path not in _SHELLS and not leaf.path.startswith(SERVER)]
    balanced = any(leaf.path.startswith("loadbalancer") for leaf in leaves)
    if balanced:
        kept.append(_NO_SERVERS)
    if not (running(container) and healthy(container)):
        return Object(ref, _sorted(kept) or leaves, idle_server(ref, leaves))
    if not balanced:
        return _unbalanced(container, ref, leaves)
    made = server(container, ref, leaves, around)
    return made if isinstance(made, Problem) else Object(ref, _sorted(kept), made)


def _unbalanced(container: Container, ref: Ref, leaves: tuple[Leaf, ...]) -> Problem:
    label = first_label(*leaves)
    return Problem(
        container.name,
        label,
        f"service {ref.name} has no load balancer, and labels can define no other kind of service",
        f"add traefik.{ref.protocol}.services.{ref.name}.loadbalancer.server.port=<port>",
    )


def _sorted(leaves: list[Leaf]) -> tuple[Leaf, ...]:
    return tuple(sorted(leaves, key=lambda leaf: leaf.path))
