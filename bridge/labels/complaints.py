"""What is wrong with one container's labels, in words: where, why, and what to write instead."""

import re
from difflib import get_close_matches

from msgspec import Struct, field

from bridge.labels.fields import Field, Release
from bridge.labels.folding import fold
from bridge.labels.tree import Node
from bridge.labels.values import ACCEPTED, encodable
from bridge.masking import MASK, masked, masked_input
from bridge.problem import Problem

_PARTS_BEFORE_A_NAME = 3
"""As in `traefik.http.routers`."""
_VALUE_IN_NAME = re.compile(r"(\w+)([=:]\s*)\S", re.ASCII)

_MOST_HOLDERS = 3
"""Where more fields have one of that name, it says too little about which is meant."""


class Complaints(Struct, frozen=True):
    """The problems of one container, collected while its labels are decoded for a release of Traefik.

    What Traefik passes over in silence is `without_effect`: it costs nothing, but its writer waits in vain.
    """

    container: str
    release: Release
    problems: list[Problem]
    without_effect: list[Problem] = field(default_factory=list)

    def unknown(self, node: Node, parent: Field, field: Field | None) -> None:
        """No label may name this: it is misspelt, misplaced, or of another release."""
        label, name = _without_secret(node)
        hint = _newer(field) if field and field.since else _nearest(node, parent)
        self.problems.append(
            Problem(self.container, label, f"Traefik {self.release} knows no {name!r} here.", hint)
        )

    def ignored(self, node: Node, field: Field) -> None:
        """A later release reads this, where the configured one takes it in silence, without effect."""
        self._add(node, f"Traefik {self.release} ignores {node.name!r} here.", _newer(field))

    def standalone(self, node: Node, field: Field) -> None:
        """An object is named, but nothing of it is set."""
        names = ", ".join(child.name.lower() for child in field.children.values() if _settable(child))
        hint = f"write {node.prefix}.<name>" if field.type == "map" else f"set one of: {names}"
        self._add(node, f"{node.prefix} says nothing on its own.", hint)

    def below(self, node: Node, value: str) -> None:
        """Something is named below a value."""
        self._add(node, f"{value} takes a value and has nothing below it.", f"write {value}=...")

    def value(self, node: Node, field: Field) -> None:
        """A value is not of the field's type."""
        shown = repr(masked_input(node.prefix, node.value)) if encodable(node.value) else "the value"
        self._add(node, f"{node.prefix} does not take {shown}.", f"write {ACCEPTED[field.type]}")

    def name(self, node: Node, name: str, reason: str, hint: str) -> None:
        """No key can hold a name that the user chose."""
        self._add(node, f"The name {name!r} {reason}.", hint)

    def plugin(self, node: Node, reason: str) -> None:
        """No key can hold a plugin's options."""
        self._add(node, f"The plugin {node.name!r} {reason}; a key-value store cannot hold that.")

    def switched_off(self, node: Node) -> None:
        """A value disables an object, and is not one that people write for that."""
        if node.value.lower() != "false":
            hint = "write true, or false if that is meant"
            self._note(node.labels[-1], "Anything but true switches it off.", hint)

    def position(self, node: Node, below: Node) -> None:
        """An item of a list of texts has a label of its own."""
        self._note(
            below.label, "Nothing reads this label.", f"write {node.prefix}=... with commas between the items"
        )

    def valueless(self, node: Node, field: Field, prefix: str) -> None:
        """An object is named and has a value, which belongs to one of its fields."""
        if node.value and fold(node.value) != "true":
            names = ", ".join(child.name.lower() for child in field.children.values() if _settable(child))
            hint = f"write {prefix}.<field>=..., the field one of: {names}"
            self._note(node.labels[-1], "Nothing reads the value of this label.", hint)

    def unread(self, node: Node, field: Field) -> None:
        """Labels may name this, but not set it."""
        hint = "define it in a file for Traefik, and refer to it as <name>@file" if field.kv else "remove it"
        self._note(node.label, "Traefik reads this, but not from labels.", hint)

    def _note(self, label: str, message: str, hint: str) -> None:
        self.without_effect.append(Problem(self.container, label, message, hint))

    def _add(self, node: Node, message: str, hint: str = "") -> None:
        self.problems.append(Problem(self.container, node.label, message, hint))


def _newer(field: Field) -> str:
    return (
        f"it needs Traefik {field.since}: set traefik_version (BRIDGE_TRAEFIK_VERSION) to"
        f" {field.since} if every Traefik that reads this etcd is of that release or a later one"
    )


def _nearest(node: Node, parent: Field) -> str:
    children = [child for child in parent.children.values() if _settable(child)]
    known = [child.name.lower() for child in children]
    above = node.prefix.removesuffix(node.name)
    if (begun := _VALUE_IN_NAME.match(node.name)) and fold(begun[1]) in known:
        return f"write {above}{begun[1]}=...: a value is no part of a label's name"
    if meant := _dotless(node, parent):
        return f"did you mean {meant}? A name has no dots"
    for nearest in get_close_matches(fold(node.name), known, n=1):
        return f"did you mean {above}{nearest}?"
    holders = [child.name.lower() for child in children if _has(child, node.name)]
    if 0 < len(holders) <= _MOST_HOLDERS:
        left_out = (f"{above}{holder}.{node.name}" for holder in holders)
        return f"did you mean {' or '.join(left_out)}?"
    return f"known here: {', '.join(known)}" if known else ""


def _without_secret(node: Node) -> tuple[str, str]:
    """The label that names a part, and that part: a value that stands in them may be none to show."""
    begun = _VALUE_IN_NAME.match(node.name)
    above = node.prefix.removesuffix(node.name)
    if not begun or masked(f"{above}{begun[1]}", node.name) != MASK:
        return node.label, node.name
    name = f"{begun[1]}{begun[2]}{MASK}"
    return f"{above}{name}", name


def _dotless(node: Node, parent: Field) -> str:
    """The label that is meant, up to its field, where this part belongs to a name that the user chose."""
    *section, name, part = node.prefix.split(".")
    parts, below = [name, part], node
    while len(section) == _PARTS_BEFORE_A_NAME and below.children:
        below = next(iter(below.children.values()))
        if _has(parent, below.name):
            return ".".join([*section, "-".join(parts), below.name])
        parts.append(below.name)
    return ""


def _has(field: Field, name: str) -> bool:
    return (child := field.children.get(fold(name))) is not None and _settable(child)


def _settable(field: Field) -> bool:
    # Traefik reads models of every provider, but heeds its own only.
    return field.label and not field.ignored and field.name != "Models"
