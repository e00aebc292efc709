"""Traefik's fields by release: which labels and KV keys each release accepts, and their types.

A key that a release does not know makes it reject the configuration of every host, so everything that is read from
labels or written to etcd is checked against this table.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from msgspec import Struct

from bridge.labels.folding import fold


class Release(StrEnum):
    """A line of Traefik releases, with the fields of its oldest supported patch release.

    "2.11" means 2.11.53 or later; "3.0" to "3.6" mean any release of their line; "3.7" means 3.7.13 or later.
    """

    V2_11 = "2.11"
    V3_0 = "3.0"
    V3_1 = "3.1"
    V3_2 = "3.2"
    V3_3 = "3.3"
    V3_4 = "3.4"
    V3_5 = "3.5"
    V3_6 = "3.6"
    V3_7 = "3.7"


DEFAULT_RELEASE = Release.V3_0


class Field(Struct, frozen=True):
    """A field as one release knows it.

    `type` is "object", "map" (user-chosen names), "objects" (a list of objects), or the type of a value:
    "string", "bool", "int", "uint32", "bounded", "connections", "duration", "list", "raw". `label` and `kv` say
    whether the decoders know it, `ignored` that the label decoder accepts it without effect, `bare_label` and
    `bare_kv` that it is an object that may stand alone: "" and "true" enable it with its defaults, anything else
    disables it. `since` is the first release, counted from this one, whose labels have it, "" if none: patch
    releases of one line may have a field that the next lines lack. `default` is its value in an object of which
    nothing is set. `children` are keyed by folded name; a map or a list of objects has `each` instead.
    """

    name: str
    type: str
    label: bool
    ignored: bool
    kv: bool
    bare_label: bool
    bare_kv: bool
    since: str
    default: str
    children: Mapping[str, "Field"]

    @property
    def each(self) -> "Field":
        """The field of each entry of a map or a list of objects."""
        return next(iter(self.children.values()))

    @property
    def neutral(self) -> "Field | None":
        """A child that makes the object exist if it is written with its default; None if there is none."""
        children = [child for child in self.children.values() if child.kv]
        by_type = (child for kind in ("objects", "string", "list") for child in children if child.type == kind)
        return next(by_type, None)


class Row(NamedTuple):
    """One row of the table."""

    path: tuple[str, ...]
    type: str
    label: str
    kv: str


@cache
def fields(release: Release) -> Field:
    """Return the root of all fields of a release."""
    return tree(rows(files(__package__).joinpath("fields.tsv").read_text("ascii")), release)


def rows(text: str) -> list[Row]:
    """Read a table of fields, whose format is described at the top of `fields.tsv`."""
    lines = (line.split("\t") for line in text.splitlines() if not line.startswith("#"))
    return [Row(tuple(path.split("/")), *rest) for path, *rest in lines]


def tree(table: Iterable[Row], release: Release, name: str = "", depth: int = 0) -> Field:
    """Return the field `name` from its rows; the first `depth` parts of their paths lead to it."""
    below: dict[str, list[Row]] = {}
    own = Row((), "object", "-", "-")
    for row in table:
        if len(row.path) > depth:
            below.setdefault(row.path[depth], []).append(row)
        else:
            own = row
    children = [tree(lower, release, part, depth + 1) for part, lower in below.items()]
    return _known(own, children, release, name)


def _known(own: Row, children: Sequence[Field], release: Release, name: str) -> Field:
    (settable, ignored), (kv, _) = _releases(own.label), _releases(own.kv)
    sets = release in settable or any(child.label and not child.ignored for child in children)
    ignores = release in ignored or any(child.ignored for child in children)
    kind, _, default = own.type.partition("=")
    bare = kind == "allowEmpty"
    later = [one for one in settable if one >= release]
    return Field(
        name=name,
        type=_type(kind, children, release),
        label=sets or ignores,
        ignored=ignores and not sets,
        kv=release in kv or any(child.kv for child in children),
        bare_label=bare and (release in settable or release in ignored),
        bare_kv=bare and release in kv,
        since=min([*later, *(child.since for child in children if child.since)], default=""),
        default=default,
        children={fold(child.name): child for child in children},
    )


def _type(own: str, children: Sequence[Field], release: Release) -> str:
    match [child.name for child in children], own:
        case ["{name}"], _:
            return "map"
        case ["{n}"], _:
            return "objects"
        case [], "string|duration":
            return "string" if release is Release.V2_11 else "duration"
        case [], value if value != "allowEmpty":
            return value
        case _:
            return "object"


@cache
def _releases(text: str) -> tuple[frozenset[Release], frozenset[Release]]:
    """Return the releases that read a field, and those that accept it without effect, from a cell of the table."""
    specs = text.split(",")
    takes = [spec for spec in specs if not spec.startswith("(")]
    ignores = [spec.strip("()") for spec in specs if spec.startswith("(")]
    return _covered(takes), _covered(ignores)


def _covered(specs: Iterable[str]) -> frozenset[Release]:
    return frozenset(release for spec in specs for release in Release if _covers(spec, release))


def _covers(spec: str, release: Release) -> bool:
    first, _, last = spec.partition("..")
    if last:
        return _line(first) <= release <= _line(last)
    if spec.endswith("+"):
        return _line(spec[:-1]) <= release
    return spec == Release.V2_11 or _line(spec) == release


def _line(version: str) -> str:
    return ".".join(version.split(".")[:2])
