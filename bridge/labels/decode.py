"""Decodes labels into objects of Traefik's dynamic configuration, exactly as Traefik's own label decoder does.

The tree of labels is compared with the fields of the configured release. What Traefik refuses, what no key can
hold and what the release does not know becomes a problem of this container. So does a field that the release
ignores but a later one reads: its author expects the later behaviour.
"""

from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter

from msgspec import Struct

from bridge.labels import plugins
from bridge.labels.complaints import Complaints
from bridge.labels.fields import Field, Release, fields
from bridge.labels.folding import fold
from bridge.labels.model import Decoded, Leaf, Ref
from bridge.labels.naming import unfit
from bridge.labels.tree import Node, parse
from bridge.labels.values import normalise

PREFIXES = ("traefik.http", "traefik.tcp", "traefik.udp", "traefik.tls.stores.default")
_SCALARS = ("string", "int", "list")


def decode(container_name: str, labels: Mapping[str, str], release: Release) -> Decoded:
    """Return all objects that a container's labels describe, or all problems that they have.

    `container_name`, without its slash, is for the problems; `release` is the oldest that reads the result.
    """
    root, misshapen = parse(container_name, labels, PREFIXES)
    walk = Walk(Complaints(container_name, release, misshapen))
    objects = walk.configuration(root, fields(release))
    problems = tuple(walk.complaints.problems)
    return Decoded({} if problems else objects, problems, tuple(walk.complaints.without_effect))


class Walk(Struct, frozen=True):
    """A walk through the tree of one container's labels.

    `live` is false below a disabled or ignored field: there, as in Traefik, names are checked but values are not.
    """

    complaints: Complaints

    def configuration(self, root: Node, field: Field) -> dict[Ref, tuple[Leaf, ...]]:
        """Return the leaves of all named objects."""
        return {
            Ref(section.name.lower(), kind.name.lower(), child.name): _whole(child, leaves)
            for protocol, section in self._known(root, field)
            for named, kind in self._known(protocol, section)
            for child, leaves in self._named(named, kind)
        }

    def _named(self, node: Node, field: Field) -> list[tuple[Node, list[Leaf]]]:
        live = not field.ignored
        found = [(child, self._value(child, field.each, "", live=live)) for child in node.children.values()]
        for child in node.children.values() if live else ():
            self.complaints.valueless(child, field.each, child.prefix)
        return [(child, leaves) for child, leaves in found if live and self._fits(child, child.name)]

    def _known(self, node: Node, field: Field) -> list[tuple[Node, Field]]:
        """Return those children of a node that its field knows, each with its own field."""
        pairs = ((child, self._field(child, field)) for child in node.children.values())
        return [(child, known) for child, known in pairs if known]

    def _field(self, node: Node, parent: Field) -> Field | None:
        field = parent.children.get(fold(node.name))
        if field is None or not field.label:
            self.complaints.unknown(node, parent, field)
            return None
        if field.ignored and field.since > self.complaints.release:
            self.complaints.ignored(node, field)
            return None
        if not node.children and not _may_stand_alone(field, parent):
            self.complaints.standalone(node, field)
            return None
        if field.ignored and not parent.ignored:
            self.complaints.unread(node, field)
        return field

    def _value(self, node: Node, field: Field, path: str, *, live: bool) -> list[Leaf]:
        """Return the leaves at or below a path, whatever the type of its field."""
        live = live and not field.ignored
        match field.type:
            case "object":
                return self.object(node, field, path, live=live)
            case "objects":
                return self._objects(node, field, path, live=live)
            case "map":
                return self._map(node, field, path, live=live)
            case "raw":
                return self._plugin(node, field, path, live=live)
            case _:
                return self._scalar(node, field, path, live=live)

    def object(self, node: Node, field: Field, path: str, *, live: bool) -> list[Leaf]:
        """Return the leaves of an object; an empty path stands for the named object itself."""
        if field.bare_label and node.value and fold(node.value) != "true":
            if live:
                self.complaints.switched_off(node)
            live = False
        found = [
            leaf
            for child, known in self._known(node, field)
            for leaf in self._value(child, known, _join(path, known.name.lower()), live=live)
        ]
        return found or (_present(node, field, path) if live and path else [])

    def _objects(self, node: Node, field: Field, path: str, *, live: bool) -> list[Leaf]:
        for one in (node, *node.children.values()) if live else ():
            self.complaints.valueless(one, field.each, f"{node.prefix}[0]")
        return [
            leaf
            for position, child in enumerate(node.children.values())
            for leaf in self.object(child, field.each, f"{path}/{position:04}", live=live)
        ]

    def _map(self, node: Node, field: Field, path: str, *, live: bool) -> list[Leaf]:
        return [
            leaf
            for child in node.children.values()
            for name, holder in (
                _flat(child, child.name) if field.each.type == "string" else [(child.name, child)]
            )
            for leaf in self._entry(holder, field.each, path, name, live=live)
        ]

    def _entry(self, node: Node, field: Field, path: str, name: str, *, live: bool) -> list[Leaf]:
        # The only map of numbers has status codes as its names, which are always digits.
        hint = f"write {name}-{name}, which means the same" if field.type == "int" and name.isdigit() else ""
        if live and not self._fits(node, name, hint):
            return []
        if field.type in _SCALARS:
            return self._leaf(node, field, f"{path}/{name}", live=live)
        return self._value(node, field, f"{path}/{name}", live=live)

    def _plugin(self, node: Node, field: Field, path: str, *, live: bool) -> list[Leaf]:
        options = plugins.options(node)
        if not live or not options:
            return [Leaf(path, "", tuple(node.all_labels()))] if live else []
        if reason := plugins.misfit(options):
            self.complaints.plugin(node, reason)
            return []
        leaves = [
            self._leaf(holder, field, f"{path}/{name}", live=live) for name, holder in plugins.leaves(options)
        ]
        return [leaf for found in leaves for leaf in found]

    def _scalar(self, node: Node, field: Field, path: str, *, live: bool) -> list[Leaf]:
        too_deep = (child for child in node.children.values() if field.type != "list" or child.children)
        if below := next(too_deep, None):
            self.complaints.below(below, node.prefix)
            return []
        if live and node.children:
            self.complaints.position(node, next(iter(node.children.values())))
        return self._leaf(node, field, path, live=live)

    def _leaf(self, node: Node, field: Field, path: str, *, live: bool) -> list[Leaf]:
        if not live:
            return []
        value = normalise(field.type, node.value)
        if value is None:
            self.complaints.value(node, field)
            return []
        unset = field.type == "list" and not value
        return [] if unset else [Leaf(path, value, tuple(node.labels))]

    def _fits(self, node: Node, name: str, hint: str = "") -> bool:
        if reason := unfit(name):
            self.complaints.name(node, name, reason, hint or "choose another name")
        return not reason


def _may_stand_alone(field: Field, parent: Field) -> bool:
    composite = field.type in ("object", "map")
    return not composite or field.bare_label or (field.ignored and not parent.ignored)


def _present(node: Node, field: Field, path: str) -> list[Leaf]:
    """Return the leaf that makes the KV decoder create an object of which nothing is set, if there is one."""
    labels = tuple(node.all_labels())
    if field.bare_kv:
        return [Leaf(path, "true", labels)]
    neutral = field.neutral
    return [Leaf(f"{path}/{neutral.name.lower()}", neutral.default, labels)] if neutral else []


def _flat(node: Node, name: str) -> Iterator[tuple[str, Node]]:
    """Join the parts of a name that contains dots, such as a header's."""
    if not node.children:
        yield name, node
    for child in node.children.values():
        yield from _flat(child, f"{name}.{child.name}")


def _whole(node: Node, leaves: Sequence[Leaf]) -> tuple[Leaf, ...]:
    bare = Leaf("", "", tuple(node.all_labels()))
    return tuple(sorted(leaves, key=attrgetter("path"))) or (bare,)


def _join(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name
