"""Checks of a published container: the policy allows it, and its servers are where its labels place them.

They read keys and labels with code of their own, not the product's.
"""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from bridge.container import Container
from bridge.labels.folding import fold
from bridge.labels.model import Leaf
from bridge.routing.options import Policy
from bridge.view.model import Item, Publication
from tests.hostile import words
from tests.hostile.options import ADVERTISED

MOST_LABELS, MOST_CHARACTERS, MOST_BYTES = 1_000, 250_000, 250_000

_PLAIN_HOST = re.compile(r"Host\(`([^`]*)`\)")
_REFERENCE = re.compile(
    r"service|middlewares|tls/options|loadbalancer/serverstransport|chain/middlewares|errors/service"
)
_DOMAIN = re.compile(r"(tls/domains/\d{4}|defaultgeneratedcert/domain)/(main|sans)")
_LOCAL = "|".join(map(re.escape, ["172.17.0.2", "[fd00:9::2]", "127.0.0.1", ADVERTISED[0], f"[{ADVERTISED[1]}]"]))
_LOCAL_SERVER = re.compile(rf"([A-Za-z][A-Za-z0-9+.-]*://)?({_LOCAL}):\d+")


def bounded(container: Container, publication: Publication) -> None:
    """Check that a published container keeps to the limits."""
    ours = {
        name: value for name, value in container.labels.items() if fold(name).startswith(("traefik.", "bridge."))
    }
    assert len(ours) <= MOST_LABELS
    assert sum(map(len, (*ours, *ours.values()))) <= MOST_CHARACTERS
    names = (part for item in publication.items for leaf in item.definition for part in leaf.path.split("/"))
    assert max(map(len, (*names, *(item.ref.name for item in publication.items)))) <= 1_000


def light(publication: Publication) -> bool:
    """Return whether its values alone, in the view and in the claims, are within the limit of bytes."""
    leaves = (leaf for item in publication.items for leaf in (*item.definition, *item.server))
    return sum(2 * len(leaf.value.encode()) for leaf in leaves) <= MOST_BYTES


def allowed(publication: Publication, policy: Policy) -> None:
    """Check that the policy allows all of it."""
    for item in publication.items:
        assert not policy.names or all(_named(name, policy) for name in _names(item)), item.ref
        assert not policy.hosts or all(_covered(host, policy) for host in _hosts(item)), item
        assert policy.server_addresses or all(_LOCAL_SERVER.fullmatch(it.value) for it in _servers(item)), item
        if item.ref.kind == "routers" and policy.entrypoints:
            assert {*_values(item, "entrypoints")} <= {*policy.entrypoints}, item
            assert _values(item, "entrypoints"), item
        if item.ref.kind == "middlewares" and policy.middlewares:
            assert {leaf.path.split("/")[0] for leaf in item.definition if leaf.path} <= {*policy.middlewares}, (
                item
            )


def _names(item: Item) -> Iterator[str]:
    yield item.ref.name
    for leaf in item.definition:
        if _REFERENCE.fullmatch(leaf.path):
            yield from leaf.value.split(",")


def _named(name: str, policy: Policy) -> bool:
    return any(fnmatchcase(fold(name), one) and name.count("@") == one.count("@") for one in policy.names)


def _hosts(item: Item) -> Iterator[str]:
    if item.ref.kind == "routers" and item.ref.protocol != "udp":
        rule = ",".join(_values(item, "rule"))
        plain = _PLAIN_HOST.fullmatch(rule)
        yield from words.RULES.get(rule) or {plain[1] if plain else f"any by {rule}"}
    for leaf in item.definition:
        if _DOMAIN.fullmatch(leaf.path):
            yield from leaf.value.split(",")


def _covered(host: str, policy: Policy) -> bool:
    return any(fnmatchcase(host.lower(), one) for one in policy.hosts)


def _values(item: Item, path: str) -> list[str]:
    return [part for leaf in item.definition if leaf.path == path for part in leaf.value.split(",")]


def _servers(item: Item) -> list[Leaf]:
    return [leaf for leaf in item.server if leaf.path.endswith(("/url", "/address"))]


def placed(container: Container, publication: Publication) -> int:
    """Check that the bridge's own labels are valid and place the servers; return how many servers they place."""
    own = {name: value for name, value in container.labels.items() if name.lower().startswith("bridge.")}
    wrong = [name for name, value in own.items() if not _right(name, value)]
    assert not wrong
    urls = {value for name, value in container.labels.items() if fold(name).endswith(".server.url")}
    servers = ((item.ref.name, leaf) for item in publication.items for leaf in _servers(item))
    said = [(_place(leaf), _said(own, name)) for name, leaf in servers if leaf.value not in urls]
    for place, begins in said:
        assert not begins or place.startswith(tuple(begins)), (place, begins)
    return sum(bool(begins) for _, begins in said)


def _place(server: Leaf) -> str:
    """Return a server's address: of a URL, what follows the scheme; of TCP and UDP, all, whatever the port."""
    return server.value.rpartition("://")[2] if server.path.endswith("/url") else server.value


def _right(name: str, value: str) -> bool:
    match name.split("."):
        case ["bridge", "application" | "network"]:
            return True
        case ["bridge", "drain-limit"]:
            return value in words.DRAIN_LIMITS
        case ["bridge", "address"] | ["bridge", _, "address"]:
            return value in words.ADDRESSES and name not in words.MISSPELT
        case _:
            return False


def _said(own: dict[str, str], service: str) -> set[str]:
    """Return what the address of this service's server may begin with; empty if no label places it."""
    of_service = {value for name, value in own.items() if fold(name) == f"bridge.{fold(service)}.address"}
    addresses = of_service - {""} or {own.get("bridge.address", "")} - {""}
    networks = {own.get("bridge.network", "")} - {""}
    return {words.ADDRESSES[it] for it in addresses} or {words.HERE[it] for it in networks}
