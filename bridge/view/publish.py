"""Turns a routing into a publication: spelled as Traefik's KV provider reads it, and checked for the last time.

Any key or value that Traefik's decoder rejects would freeze the configuration of every host, so a container is
refused unless all of it is certain to be accepted. So is one whose server would disable its service for others.
"""

from collections.abc import Sequence

from bridge.container import Container
from bridge.labels.check import kv_problem
from bridge.labels.model import Leaf, Ref, called, first_label
from bridge.labels.naming import unfit
from bridge.problem import Problem
from bridge.routing.build import route
from bridge.routing.model import Object, Routing
from bridge.routing.names import application
from bridge.routing.options import Options
from bridge.rules.limits import MOST_DOTS, has_many_dots
from bridge.view.keys import PERMANENT, key, server
from bridge.view.model import Item, Mapped, Publication
from bridge.view.policy import violations
from bridge.view.references import localised
from bridge.view.urls import fault

_REFUSED = "Traefik would reject what its labels say"
_FORBIDDEN = "its labels do what is not allowed on this host"
_WRITTEN = {
    "port": "a port number, such as 8080",
    "scheme": "http, https or h2c",
    "url": "a URL such as http://10.0.0.7:8080",
}


def mapped(container: Container, options: Options, targets: Sequence[Container] = ()) -> Mapped:
    """Map one container; `targets` is the chain of containers whose network it uses, if any (see `route`)."""
    routing = route(container, options, targets)
    items, refused = _items(container, routing, options)
    forbidden = violations(container.name, items, options.policy)
    problems = routing.problems + refused + forbidden
    reason = routing.reason or (_REFUSED if refused else _FORBIDDEN if forbidden else "")
    publication = None
    if not reason:
        publication = Publication(
            container.name, container.short_id, application(container), container.created, items
        )
    return Mapped(container.name, container.short_id, publication, problems, reason)


def _items(
    container: Container, routing: Routing, options: Options
) -> tuple[tuple[Item, ...], tuple[Problem, ...]]:
    path = server(options.host, container.short_id)
    items = tuple(_item(made, path) for made in routing.objects)
    return items, tuple(problem for item in items for problem in _check(container, item, options))


def _item(made: Object, path: str) -> Item:
    leaves = tuple(localised(made.ref, leaf) for leaf in made.leaves)
    mine = sorted(made.server, key=lambda leaf: leaf.path)
    return Item(made.ref, leaves, tuple(leaf._replace(path=f"{path}/{leaf.path}") for leaf in mine))


def _check(container: Container, item: Item, options: Options) -> list[Problem]:
    reason = _name_problem(item.ref)
    if reason:
        message = f"{called(item.ref)}: its name {reason}"
        return [Problem(container.name, first_label(*item.leaves), message, "choose another name")]
    found = ((leaf, kv_problem(key(item.ref, leaf.path), leaf.value, options.release)) for leaf in item.leaves)
    refused = [_refusal(container, item.ref, leaf, reason) for leaf, reason in found if reason]
    refused += [_slow(container, item.ref, leaf) for leaf in item.leaves if _is_slow(leaf)]
    return refused + [problem for leaf in item.server if (problem := _unusable(container, item.ref, leaf))]


def _name_problem(ref: Ref) -> str:
    reserved = (ref.protocol, ref.kind, ref.name.lower()) == (PERMANENT.protocol, PERMANENT.kind, PERMANENT.name)
    return "is reserved for the bridge's own permanent key" if reserved else unfit(ref.name)


def _refusal(container: Container, ref: Ref, leaf: Leaf, reason: str) -> Problem:
    message = f"{called(ref)}: Traefik would reject {key(ref, leaf.path)}: {reason}"
    return Problem(container.name, first_label(leaf), message)


def _is_slow(leaf: Leaf) -> bool:
    return leaf.path == "rule" and has_many_dots(leaf.value)


def _slow(container: Container, ref: Ref, leaf: Leaf) -> Problem:
    message = f"{called(ref)}: its rule has more than {MOST_DOTS} dots outside of quotes, which stall Traefik"
    return Problem(container.name, first_label(leaf), message, "write names in `backticks`")


def _unusable(container: Container, ref: Ref, leaf: Leaf) -> Problem | None:
    """Return what is wrong with the URL of a server, without its value, which may contain a password."""
    if not leaf.path.endswith("/url") or not (wrong := fault(leaf.value)):
        return None
    label = next((name for name in leaf.labels if name.lower().endswith(f".{wrong.part}")), first_label(leaf))
    written = _WRITTEN.get(label.lower().rpartition(".")[2], _WRITTEN["url"])
    message = f"{called(ref)}: Traefik would drop all its servers because of the URL of this one: {wrong.reason}"
    return Problem(container.name, label, message, f"write {written}")
