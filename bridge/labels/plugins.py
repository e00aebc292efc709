"""Options of plugin middlewares: free-form trees, whose shape follows Traefik's rules for raw values."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from bridge.labels.folding import fold
from bridge.labels.naming import unfit
from bridge.labels.tree import Node, is_position

Raw = Node | Sequence["Raw"] | Mapping[str, "Raw"]


def options(plugin: Node) -> dict[str, Raw]:
    """Return what the labels of one plugin set; the values are the nodes that hold them."""
    found: dict[str, Raw] = {}
    for child in plugin.children.values():
        value = _squash(child)
        # Traefik takes an option that holds one of its own name for the level above it.
        if isinstance(value, Mapping) and child.name in value:
            found.update(value)
        else:
            found[child.name] = value
    return found


def _squash(node: Node) -> Raw:
    children = list(node.children.values())
    if not children:
        return node
    if is_position(children[0].name):
        return [_squash(child) for child in children]
    return {child.name: _squash(child) for child in children}


def leaves(found: Mapping[str, Raw]) -> Iterator[tuple[str, Node]]:
    """Return the path and the node of each value, so that the KV decoder makes the same tree of them."""
    for name, value in found.items():
        unfolded = f"{name}/{name}" if isinstance(value, Mapping) and name in value else name
        yield from _below(unfolded, value)


def _below(path: str, value: Raw) -> Iterator[tuple[str, Node]]:
    match value:
        case Node():
            yield path, value
        case Mapping():
            yield from chain.from_iterable(_below(f"{path}/{name}", item) for name, item in value.items())
        case _:
            for position, item in enumerate(value):
                yield from _below(f"{path}/[{position:04}]", item)


def misfit(found: Mapping[str, Raw]) -> str:
    """Return what no key can hold of these options, as the rest of a sentence, "" if they fit."""
    return _clash(found) or next(filter(None, (_misfit_below(value) for value in found.values())), "")


def _misfit_below(value: Raw) -> str:
    match value:
        case Node():
            return ""
        case Mapping():
            if any(is_position(name) for name in value):
                return "mixes names and positions in a list"
            return misfit(value)
        case _:
            return next(filter(None, (_misfit_below(item) for item in value)), "")


def _clash(found: Mapping[str, Raw]) -> str:
    reasons = (f"has the name {name!r}, which {reason}" for name in found if (reason := unfit(name)))
    differ = len({fold(name) for name in found}) == len(found)
    return next(reasons, "" if differ else "has names that differ only in letter case")
