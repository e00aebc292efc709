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
        # Traefik replaces an option that contains one of the same name by its contents.
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
    """Return the path and the node of each value, such that the KV decoder builds the same tree from them."""
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
    """Return why no key can hold these options, as the rest of a sentence, "" if keys can."""
    begun = (path for path, node in leaves(found) if node.value.startswith(","))
    if any(reads_commas(path.split("/")) for path in begun):
        return "has a value in an object that begins with a comma, which Traefik reads as a typed list"
    return _misfit(found)


def reads_commas(path: Sequence[str]) -> bool:
    """Return whether Traefik reads a leading comma in this option as a list of the form ",<type>,<item>,...".

    Anything else after such a comma is an error in both of its decoders.
    """
    return len(path) > 1 and not is_position(path[1])


def _misfit(found: Mapping[str, Raw]) -> str:
    return _clash(found) or next(filter(None, map(_misfit_below, found.values())), "")


def _misfit_below(value: Raw) -> str:
    match value:
        case Node():
            return ""
        case Mapping():
            mixed = any(map(is_position, value))
            return "mixes names and positions in a list" if mixed else _misfit(value)
        case _:
            return next(filter(None, map(_misfit_below, value)), "")


def _clash(found: Mapping[str, Raw]) -> str:
    reasons = (f"has the name {name!r}, which {reason}" for name in found if (reason := unfit(name)))
    differ = len(set(map(fold, found))) == len(found)
    return next(reasons, "" if differ else "has names that differ only in letter case")
