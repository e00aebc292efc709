"""What the operator of this host allows labels to do; a container that does more is refused as a whole.

The check is made on what would be written, so that no spelling of a label can evade it. An empty list, the
default, allows everything.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from bridge.labels.folding import fold
from bridge.labels.model import Leaf, called, first_label
from bridge.masking import listed
from bridge.problem import Problem
from bridge.routing.options import Policy
from bridge.rules.hosts import hosts
from bridge.view.model import Item
from bridge.view.references import referred

_DOMAINS = re.compile(r"tls/domains/\d+/(main|sans)|defaultgeneratedcert/domain/(main|sans)")
_HOST_AND_PORT = re.compile(
    r"([a-z][a-z0-9+.-]*://)?(\[[^][/?#@]+\]|[^][/?#@:]+):[0-9]+", re.IGNORECASE | re.ASCII
)
"""What the bridge builds from an address, a plain port and a plain scheme, which cannot lead anywhere else."""

_REDIS = "ratelimit/redis/"
"""Traefik connects to a rate limit's Redis wherever it is: on Traefik's own host if no endpoints are set."""


def violations(container: str, items: Iterable[Item], policy: Policy) -> tuple[Problem, ...]:
    """Return what these objects of a container do that the policy does not allow."""
    return tuple(
        Problem(container, label, f"{called(item.ref)}: {message}", hint)
        for item in items
        for label, message, hint in _item(item, policy)
    )


_Found = Iterator[tuple[str, str, str]]


def _item(item: Item, policy: Policy) -> _Found:
    if policy.names:
        yield from _names(item, policy.names)
    if policy.entrypoints and item.ref.kind == "routers":
        yield from _entrypoints(item, policy.entrypoints)
    if policy.hosts:
        yield from _hosts(item, policy.hosts)
    if policy.middlewares and item.ref.kind == "middlewares":
        yield from _types(item, policy.middlewares)
    if not policy.server_addresses:
        yield from _connections(item)
        yield from _server_addresses(item)


def _names(item: Item, allowed: tuple[str, ...]) -> _Found:
    hint = f"allowed_names are {', '.join(allowed)}"
    patterns = [fold(one) for one in allowed]
    own = [(first_label(*item.leaves), (item.ref.name,))]
    others = [(first_label(leaf), referred(item.ref, leaf)) for leaf in item.definition]
    for label, names in own + others:
        yield from _forbidden(label, "name", names, hint, lambda name: _fits(fold(name), patterns))


def _entrypoints(item: Item, allowed: tuple[str, ...]) -> _Found:
    leaf = _leaf(item, "entrypoints")
    hint = f"allowed_entrypoints are {', '.join(allowed)}"
    if leaf is None:
        label = f"traefik.{item.ref.protocol}.routers.{item.ref.name}.entrypoints"
        yield (
            first_label(*item.leaves),
            "it names no entry points, so it would be on all default ones",
            f"add {label}; {hint}",
        )
        return
    yield from _forbidden(first_label(leaf), "entry point", leaf.value.split(","), hint, allowed.__contains__)


def _hosts(item: Item, allowed: tuple[str, ...]) -> _Found:
    hint = f"allowed_hosts are {', '.join(allowed)}"
    covered = partial(_covered, allowed)
    if item.ref.kind == "routers" and item.ref.protocol != "udp":
        rule = _leaf(item, "rule") or Leaf("rule", "")
        found, label = hosts(rule.value), first_label(rule)
        if found is None:
            plain = "HostSNI" if item.ref.protocol == "tcp" else "Host"
            yield label, "its rule is not plainly limited to hosts", f"write {plain}(`...`) && (...); {hint}"
        yield from _forbidden(label, "host", sorted(found or ()), hint, covered)
    for leaf in item.definition:
        domains = leaf.value.split(",") if _DOMAINS.fullmatch(leaf.path) else ()
        yield from _forbidden(first_label(leaf), "certificate domain", domains, hint, covered)


def _types(item: Item, allowed: tuple[str, ...]) -> _Found:
    hint = f"allowed_middlewares are {', '.join(allowed)}"
    for kind in dict.fromkeys(leaf.path.partition("/")[0] for leaf in item.definition if leaf.path):
        if kind not in allowed:
            yield (
                first_label(*item.leaves),
                f"middlewares of the type {kind} are not allowed here",
                hint,
            )


def _connections(item: Item) -> _Found:
    """Find what Traefik would connect to besides the servers."""
    if redis := next((leaf for leaf in item.definition if leaf.path.startswith(_REDIS)), None):
        hint = "remove the rate limit's redis, or use a middleware that Traefik's operator defines"
        yield (
            first_label(redis),
            "labels on this host may not choose what Traefik connects to (allow_server_addresses)",
            hint,
        )
    if probed := _leaf(item, "loadbalancer/healthcheck/port"):
        # The port is checked on other containers' servers too, which may be at a host's address.
        hint = "remove it: the health check then uses the port that requests go to"
        yield (
            first_label(probed),
            "labels on this host may not choose which port is checked (allow_server_addresses)",
            hint,
        )


def _server_addresses(item: Item) -> _Found:
    for leaf in item.server:
        is_address = leaf.path.endswith(("/url", "/address"))
        by_label = not leaf.rule or any(name.startswith("bridge.") for name in leaf.labels)
        if is_address and (by_label or not _HOST_AND_PORT.fullmatch(leaf.value)):
            hint = "name only the port; the bridge knows the container's address"
            yield (
                first_label(leaf),
                "labels on this host may not choose where requests go (allow_server_addresses)",
                hint,
            )


def _forbidden(label: str, what: str, names: Iterable[str], hint: str, allows: Callable[[str], bool]) -> _Found:
    """Report everything that a label must not name in one problem, since it may name thousands."""
    wrong = [name for name in dict.fromkeys(names) if not allows(name)]
    if wrong:
        subject, verb = (what, "is") if len(wrong) == 1 else (f"{what}s", "are")
        yield label, f"the {subject} {listed(wrong)} {verb} not allowed here", hint


def _covered(allowed: tuple[str, ...], host: str) -> bool:
    """Return whether a host is allowed: by its name, by `*.` and a parent domain, or by `*`."""
    name = host.lower() if host.isascii() else ""
    return any(one in ("*", name) or (one.startswith("*.") and name.endswith(one[1:])) for one in allowed)


def _fits(name: str, patterns: Iterable[str]) -> bool:
    return any(_matches(name, pattern) for pattern in patterns)


def _matches(name: str, pattern: str) -> bool:
    """Return whether a name matches a pattern whose stars stand for any text without "@", in linear time.

    That is so if it matches with stars that stand for any text, and has as many "@" as the pattern.
    """
    first, *rest = pattern.split("*")
    if not rest:
        return name == pattern
    if name.count("@") != pattern.count("@") or not name.startswith(first):
        return False
    at = len(first)
    for part in rest[:-1]:
        found = name.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return name.endswith(rest[-1], at)


def _leaf(item: Item, path: str) -> Leaf | None:
    return next((leaf for leaf in item.definition if leaf.path == path), None)
