"""The compact table of keys behaves like a mapping by name, whatever the texts are."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.claims import table
from bridge.claims.table import Keys, Table
from bridge.claims.transaction import KeyValue

# etcd may hold any bytes: what is not UTF-8 is read as surrogate escapes.
TEXTS = st.binary(max_size=4).map(lambda raw: raw.decode(errors="surrogateescape"))
# A few names occur often, so that listed keys change.
NAMES = st.sampled_from("abc") | TEXTS
SEEN = st.builds(KeyValue, NAMES, TEXTS, st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1))
LISTED = st.lists(SEEN, max_size=20).map(lambda found: {seen.key: seen for seen in found})
CHANGES = st.lists(st.tuples(NAMES, st.none() | SEEN), max_size=20)


def _sorted(found: Mapping[str, KeyValue]) -> list[KeyValue]:
    """Return the keys in etcd's order."""
    return sorted(found.values(), key=lambda seen: seen.key.encode(errors="surrogateescape"))


@given(LISTED, LISTED, st.integers(0, 20))
def test_table(listed: dict[str, KeyValue], others: dict[str, KeyValue], middle: int) -> None:
    """A table gives back what it was given, in parts or at once, and finds what is there and nothing else."""
    wanted = _sorted(listed)
    made = Table(wanted[:middle])
    made.extend(wanted[middle:])
    assert list(made) == wanted
    assert [made[place] for place in range(len(made))] == wanted
    assert list(made[1:3]) == wanted[1:3]
    assert all(made.find(key) == listed.get(key) for key in (*listed, *others))


@given(LISTED, LISTED, st.integers(0, 20))
def test_names_of_the_same_hash(listed: dict[str, KeyValue], others: dict[str, KeyValue], middle: int) -> None:
    """Names with the same hash are told apart."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table, "hash", len, raising=False)
        wanted = _sorted(listed)
        made = Table(wanted[:middle])
        made.find("")
        made.extend(wanted[middle:])
        assert all(made.find(key) == listed.get(key) for key in (*listed, *others))


@given(LISTED, LISTED, CHANGES, CHANGES)
def test_listed_keys_are_overridden_by_later_changes(
    listed: dict[str, KeyValue],
    others: dict[str, KeyValue],
    changes: list[tuple[str, KeyValue | None]],
    later: list[tuple[str, KeyValue | None]],
) -> None:
    """Later changes override listed keys, before and after packing."""
    apart = {key: seen for key, seen in others.items() if key not in listed}
    keys, wanted = Keys(_joined(listed, apart)), listed | apart
    for news in (changes, later):
        _change(keys, wanted, news)
        _same(keys, wanted)
        keys.pack()
        _same(keys, wanted)


def _same(keys: Keys, wanted: dict[str, KeyValue]) -> None:
    assert dict(keys) == wanted
    assert sorted(keys.seen(), key=repr) == sorted(wanted.values(), key=repr)
    assert len(keys) == len(wanted)


def _joined(*parts: Mapping[str, KeyValue]) -> Table:
    made = Table()
    for part in parts:
        made.extend(_sorted(part))
    return made


def _change(keys: Keys, wanted: dict[str, KeyValue], changes: list[tuple[str, KeyValue | None]]) -> None:
    for key, seen in changes:
        if seen:
            keys[key] = wanted[key] = KeyValue(key, seen.value, 0, seen.mod_revision)
        else:
            assert keys.pop(key, None) == wanted.pop(key, None)
