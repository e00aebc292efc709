"""Completes routers with their rule and their service, as Traefik's Docker provider links them.

A router that cannot be completed is left out; everything else of its container stays.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial

from bridge.container import Container
from bridge.labels.model import Leaf, Ref, called, first_label
from bridge.masking import listed, shortened
from bridge.problem import Problem
from bridge.routing.model import Object
from bridge.routing.names import service_name
from bridge.routing.options import Options
from bridge.rules.error import RuleError

_DEFAULT_RULE = "the default rule"
_ONLY_SERVICE = "the container's only service"

_Default = Callable[[], tuple[str, str]]
"""Returns the default rule and why there is none; evaluated once, however many routers ask for it."""


def link(
    container: Container, routers: Mapping[Ref, tuple[Leaf, ...]], services: Sequence[Ref], options: Options
) -> tuple[list[Object], list[Problem]]:
    """Complete the routers of one protocol, given this container's services of that protocol."""
    named = _named(container, routers, services)
    default = cache(partial(_default_rule, container, options))
    made = [_router(container, ref, leaves, services, default) for ref, leaves in named]
    return [m for m in made if isinstance(m, Object)], [m for m in made if isinstance(m, Problem)]


def _named(
    container: Container, routers: Mapping[Ref, tuple[Leaf, ...]], services: Sequence[Ref]
) -> list[tuple[Ref, tuple[Leaf, ...]]]:
    """Return the labels' routers; only HTTP has a default one, if there is only one service for it."""
    if routers or services[0].protocol != "http" or len(services) > 1:
        return list(routers.items())
    return [(Ref("http", "routers", service_name(container)), ())]


def _default_rule(container: Container, options: Options) -> tuple[str, str]:
    """Return the rule for routers that have none of their own, and why there is none, "" if there is one."""
    try:
        text = options.default_rule.render(
            name=service_name(container), container_name=container.name, labels=container.labels
        )
    except RuleError as error:
        return "", f"the default rule fails: {shortened(str(error))}"
    return text, "" if text else "the default rule is empty"


def _router(
    container: Container, ref: Ref, leaves: tuple[Leaf, ...], services: Sequence[Ref], default: _Default
) -> Object | Problem:
    said = {
        leaf.path: leaf for leaf in leaves if leaf.path and (leaf.path not in {"rule", "service"} or leaf.value)
    }
    if "rule" not in said and ref.protocol != "udp":
        rule = _rule(container, ref, leaves, default)
        if isinstance(rule, Problem):
            return rule
        said |= rule
    if "service" not in said:
        if len(services) > 1:
            return _ambiguous(container, ref, leaves, services)
        said["service"] = Leaf("service", services[0].name, rule=_ONLY_SERVICE)
    return Object(ref, tuple(said[path] for path in sorted(said)))


def _rule(
    container: Container, ref: Ref, leaves: tuple[Leaf, ...], default: _Default
) -> dict[str, Leaf] | Problem:
    if ref.protocol == "tcp":
        return _problem(
            container, ref, leaves, "has no rule", f"add traefik.tcp.routers.{ref.name}.rule=HostSNI(`*`)"
        )
    text, fault = default()
    if fault:
        hint = f"add traefik.http.routers.{ref.name}.rule=Host(`<name>`)"
        return _problem(container, ref, leaves, f"has no rule; {fault}", hint)
    return {
        "rule": Leaf("rule", text, rule=_DEFAULT_RULE),
        "defaultrule": Leaf("defaultrule", "true", rule=_DEFAULT_RULE),
    }


def _ambiguous(container: Container, ref: Ref, leaves: tuple[Leaf, ...], services: Sequence[Ref]) -> Problem:
    names = listed(sorted(service.name for service in services))
    return _problem(
        container,
        ref,
        leaves,
        f"names no service, and the container has several ({names})",
        f"add traefik.{ref.protocol}.routers.{ref.name}.service=<one of {names}>",
    )


def _problem(container: Container, ref: Ref, leaves: tuple[Leaf, ...], what: str, hint: str) -> Problem:
    label = first_label(*leaves)
    return Problem(container.name, label, f"{called(ref)} {what}", hint)
