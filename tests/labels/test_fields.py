"""The table of Traefik's fields, and which of them each release knows."""

from collections.abc import Iterator
from itertools import pairwise

import pytest

from bridge.labels.fields import DEFAULT_RELEASE, Field, Release, fields, rows, tree
from bridge.labels.values import ACCEPTED

THREE = [
    Release.V3_0,
    Release.V3_1,
    Release.V3_2,
    Release.V3_3,
    Release.V3_4,
    Release.V3_5,
    Release.V3_6,
    Release.V3_7,
]


def below(field: Field) -> Iterator[Field]:
    """Yield all fields below a field."""
    for child in field.children.values():
        yield child
        yield from below(child)


def one(spec: str, release: Release) -> Field:
    """Return the only field of a table, known in the releases of `spec` as a label and as a key."""
    return tree(rows(f"# a comment\nField\tstring\t{spec}\t{spec}"), release).children["field"]


def test_releases_are_ordered() -> None:
    """Releases are ordered from the oldest to the newest."""
    assert sorted(Release) == [Release.V2_11, *THREE]


def test_default_release() -> None:
    """The default release is 3.0, and each later 3.x knows every key that the one before it knows."""
    known = [set(_paths(fields(release))) for release in THREE]
    assert THREE[0] == DEFAULT_RELEASE
    assert all(older <= newer for older, newer in pairwise(known))


def _paths(field: Field, path: str = "") -> Iterator[str]:
    for child in field.children.values():
        # A server's port and scheme are never keys of the bridge, which writes its URL.
        if child.kv and not path.endswith("servers/{n}/"):
            yield path + child.name
            yield from _paths(child, f"{path}{child.name.lower()}/")


@pytest.mark.parametrize(
    ("spec", "known"),
    [
        ("2.11", ["2.11", *THREE]),
        ("3.4.0+", ["3.4", "3.5", "3.6", "3.7"]),
        ("2.11.53,3.7.0+", ["2.11", "3.7"]),
        ("2.11.53..3.3.0", ["2.11", "3.0", "3.1", "3.2", "3.3"]),
        ("HEAD+", []),
        ("-", []),
    ],
)
def test_ranges(spec: str, known: list[str]) -> None:
    """A range covers the releases that the header of the table says."""
    assert [release for release in Release if one(spec, release).label] == known
    assert [release for release in Release if one(spec, release).kv] == known
    assert not any(one(spec, release).ignored for release in Release)


def test_ignored_ranges() -> None:
    """In the releases in parentheses a field is known but has no effect; in others it may be settable."""
    spec = "3.4.0+,(3.2.0..3.3.0)"
    assert [release for release in Release if one(spec, release).ignored] == ["3.2", "3.3"]
    assert [release for release in Release if one(spec, release).label] == [
        "3.2",
        "3.3",
        "3.4",
        "3.5",
        "3.6",
        "3.7",
    ]
    assert one(spec, Release.V2_11).since == "3.4"


def test_object_is_known_if_any_of_its_fields_is() -> None:
    """A release knows an object if it knows any field of it."""
    assert not fields(Release.V2_11).children["tcp"].children["serverstransports"].kv
    assert fields(Release.V3_0).children["tcp"].children["serverstransports"].kv


def test_bare_object_by_release() -> None:
    """Whether an object may stand alone depends on the release."""
    types = [
        fields(release).children["http"].children["middlewares"].each.children["contenttype"]
        for release in (Release.V2_11, Release.V3_0)
    ]
    assert [(field.label, field.bare_label, field.bare_kv) for field in types] == [
        (True, False, False),
        (True, True, True),
    ]


@pytest.mark.parametrize("release", list(Release))
def test_every_value_has_a_type(release: Release) -> None:
    """Each field without children has a type whose values the bridge can read."""
    assert {field.type for field in below(fields(release)) if not field.children} - ACCEPTED.keys() <= {"object"}


@pytest.mark.parametrize("release", list(Release))
def test_every_settable_label_has_a_key(release: Release) -> None:
    """What a label can set, a key can hold in the same release, except a server's address, which routing makes."""
    lost = {
        path for path, field in _with_paths(fields(release)) if field.label and not field.ignored and not field.kv
    }
    assert {path.partition("/loadbalancer/")[2].split("/")[0] for path in lost} == {"server"}


def _with_paths(field: Field, path: str = "") -> Iterator[tuple[str, Field]]:
    for child in field.children.values():
        yield f"{path}/{child.name.lower()}", child
        yield from _with_paths(child, f"{path}/{child.name.lower()}")
