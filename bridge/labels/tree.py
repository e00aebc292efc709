"""Labels as a tree: the first half of Traefik's label decoder, before fields matter."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile

from msgspec import Struct, field

from bridge.labels.folding import fold
from bridge.labels.values import encodable, printable
from bridge.problem import Problem

ROOT = "traefik"
# No field of Traefik is this deep; a header's name and a plugin's options may be, and are walked by recursion.
MOST_PARTS = 50


class Node(Struct):
    """A part of one or more labels.

    `prefix` is the label's text up to here, as the user wrote it; `labels` are those that set the value;
    `children` are keyed by folded name, in the byte order of the labels, each spelled as in the first of them.
    """

    name: str
    prefix: str
    value: str = ""
    labels: list[str] = field(default_factory=list)
    children: dict[str, "Node"] = field(default_factory=dict)

    def all_labels(self) -> Iterator[str]:
        """Yield all labels that this node and everything below it come from."""
        yield from self.labels
        for child in self.children.values():
            yield from child.all_labels()

    @property
    def label(self) -> str:
        """The first label that this node comes from."""
        return next(self.all_labels())

    def put(self, parts: list[str], label: str, value: str) -> None:
        """Set the value at the end of a path below this node."""
        node = self
        for part in parts:
            node = node._child(part)
        node.value = value
        node.labels.append(label)

    def _child(self, name: str) -> "Node":
        key = fold(name)
        if key not in self.children:
            self.children[key] = Node(name, self.prefix + ("" if name.startswith("[") else ".") + name)
        return self.children[key]


def is_position(name: str) -> bool:
    """Return whether a part of a label is a position in a list: `[0]`."""
    return name.startswith("[") and name.endswith("]")


def parse(container: str, labels: Mapping[str, str], prefixes: Iterable[str]) -> tuple[Node, list[Problem]]:
    """Return the tree of all labels that begin with one of the prefixes, and what is wrong with their names.

    The prefixes are plain text, in lower case: `traefik.http` also matches `traefik.HTTPX`, as in Traefik.
    """
    root = Node(ROOT, ROOT)
    problems: list[Problem] = []
    beginnings = tuple(prefixes)
    for label in sorted(label for label in labels if begins(label, beginnings)):
        first, *parts = label.split(".")
        if problem := _misshapen(container, label, first, parts):
            problems.append(problem)
        else:
            root.put(list(_split_positions(parts)), label, labels[label])
    return root, problems


def begins(label: str, prefixes: tuple[str, ...]) -> bool:
    """Return whether, to Traefik, a label begins with one of the prefixes."""
    # The prefixes are ASCII; a letter that only folds to ASCII has more bytes, and Traefik compares bytes.
    head = label if label.isascii() else "".join(takewhile(str.isascii, label))
    return head.lower().startswith(prefixes)


def _misshapen(container: str, label: str, first: str, parts: list[str]) -> Problem | None:
    if not encodable(label):
        return Problem(container, printable(label), "The label is not valid Unicode text.")
    if first != ROOT:
        hint = f"write {ROOT}{label[len(first) :]}"
        return Problem(container, label, f"The label begins with {first!r} instead of {ROOT!r}.", hint)
    if len(parts) > MOST_PARTS:
        return Problem(container, label, f"The label has more than {MOST_PARTS} parts.")
    faults = (fault for part in parts if (fault := _fault(part)))
    return next((Problem(container, label, *fault) for fault in faults), None)


def _fault(part: str) -> tuple[str, str] | None:
    if not part:
        return "The label has nothing between two dots, or after its last one.", "remove the dot, or write a name"
    if part.startswith("["):
        return f"The part {part!r} has no name before the bracket.", f"write a name before it: name{part}"
    if part.endswith("]") and "[" not in part:
        opened = f"{part[:-1]}[0]"
        fault = f"The part {part!r} has a closing bracket but no opening one."
        return fault, f"write {part[:-1]}, or {opened} for a position in a list" if part[:-1] else "remove it"
    return None


def _split_positions(parts: list[str]) -> Iterator[str]:
    for part in parts:
        if part.endswith("]"):
            name, bracket, position = part.partition("[")
            yield from (name, bracket + position)
        else:
            yield part
