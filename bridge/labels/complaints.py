"""Describes what is wrong with one container's labels: where, why, and what to write instead."""

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
"""With more fields that have a child of that name, it is unclear which one was meant."""


class Complaints(Struct, frozen=True):
    """The problems of one container, collected while its labels are decoded for a release of Traefik.

    `without_effect` holds what Traefik silently ignores: it drops nothing, but its author expects an effect.
    """

    container: str
    release: Release
    problems: list[Problem]
    without_effect: list[Problem] = field(default_factory=list)

    def unknown(self, node: Node, parent: Field, field: Field | None) -> None:
        """Report a field that no label may name: it is misspelt, misplaced, or belongs to another release."""
        label, name = _without_secret(node)
        hint = _newer(field) if field and field.since else _nearest(node, parent)
        self.problems.append(
            Problem(self.container, label, f"Traefik {self.release} has no field {name!r} here.", hint)
        )

    def ignored(self, node: Node, field: Field) -> None:
        """Report a field that the configured release silently ignores, but a later one reads."""
        self._add(node, f"Traefik {self.release} ignores {node.name!r} here.", _newer(field))

    def standalone(self, node: Node, field: Field) -> None:
        """Report an object that is named without setting any of its fields."""
        names = ", ".join(child.name.lower() for child in field.children.values() if _settable(child))
        hint = f"write {node.prefix}.<name>" if field.type == "map" else f"set one of: {names}"
        self._add(node, f"{node.prefix} cannot stand alone.", hint)

    def below(self, node: Node, value: str) -> None:
        """Report a label below a field that takes a value."""
        self._add(node, f"{value} takes a value and has no fields.", f"write {value}=...")

    def value(self, node: Node, field: Field) -> None:
        """Report a value that is not of the field's type."""
        shown = repr(masked_input(node.prefix, node.value)) if encodable(node.value) else "this value"
        self._add(node, f"{node.prefix} does not accept {shown}.", f"write {ACCEPTED[field.type]}")

    def name(self, node: Node, name: str, reason: str, hint: str) -> None:
        """Report a user-chosen name that no key can hold."""
        self._add(node, f"The name {name!r} {reason}.", hint)

    def plugin(self, node: Node, reason: str) -> None:
        """Report options of a plugin that no key can hold."""
        self._add(node, f"The plugin {node.name!r} {reason}; a key-value store cannot hold that.")

    def switched_off(self, node: Node) -> None:
        """Report a value that disables an object, unless it is "false", which people write on purpose."""
        if node.value.lower() != "false":
            hint = "write true to switch it on, or false to switch it off"
            self._note(node.labels[-1], "Any value but true switches it off.", hint)

    def position(self, node: Node, below: Node) -> None:
        """Report an item of a list of strings that has a label of its own."""
        self._note(
            below.label, "Nothing reads this label.", f"write {node.prefix}=... with commas between the items"
        )

    def valueless(self, node: Node, field: Field, prefix: str) -> None:
        """Report an object that is given a value, which belongs to one of its fields."""
        if node.value and fold(node.value) != "true":
            names = ", ".join(child.name.lower() for child in field.children.values() if _settable(child))
            hint = f"write {prefix}.<field>=..., where <field> is one of: {names}"
            self._note(node.labels[-1], "Nothing reads the value of this label.", hint)

    def unread(self, node: Node, field: Field) -> None:
        """Report a field that labels may name, but not set."""
        hint = "define it in Traefik's file provider, and refer to it as <name>@file" if field.kv else "remove it"
        self._note(node.label, "Traefik reads this, but not from labels.", hint)

    def _note(self, label: str, message: str, hint: str) -> None:
        self.without_effect.append(Problem(self.container, label, message, hint))

    def _add(self, node: Node, message: str, hint: str = "") -> None:
        self.problems.append(Problem(self.container, node.label, message, hint))


def _newer(field: Field) -> str:
    return (
        f"it needs Traefik {field.since}: set traefik_version (BRIDGE_TRAEFIK_VERSION) to"
        f" {field.since} if every Traefik that reads this etcd has that release or a later one"
    )


def _nearest(node: Node, parent: Field) -> str:
    children = [child for child in parent.children.values() if _settable(child)]
    known = [child.name.lower() for child in children]
    above = node.prefix.removesuffix(node.name)
    if (begun := _VALUE_IN_NAME.match(node.name)) and fold(begun[1]) in known:
        return f"write {above}{begun[1]}=...: the value is not part of the label's name"
    if meant := _dotless(node, parent):
        return f"did you mean {meant}? A name cannot contain dots"
    for nearest in get_close_matches(fold(node.name), known, n=1):
        return f"did you mean {above}{nearest}?"
    holders = [child.name.lower() for child in children if _has(child, node.name)]
    if 0 < len(holders) <= _MOST_HOLDERS:
        left_out = (f"{above}{holder}.{node.name}" for holder in holders)
        return f"did you mean {' or '.join(left_out)}?"
    return f"known fields: {', '.join(known)}" if known else ""


def _without_secret(node: Node) -> tuple[str, str]:
    """Return the label and the name of a part, with a secret value masked that was written into the name."""
    begun = _VALUE_IN_NAME.match(node.name)
    above = node.prefix.removesuffix(node.name)
    if not begun or masked(f"{above}{begun[1]}", node.name) != MASK:
        return node.label, node.name
    name = f"{begun[1]}{begun[2]}{MASK}"
    return f"{above}{name}", name


def _dotless(node: Node, parent: Field) -> str:
    """Return the label that was meant, up to its field, if this part belongs to a name that the user chose."""
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
    # Traefik reads models from every provider, but applies only its own.
    return field.label and not field.ignored and field.name != "Models"
