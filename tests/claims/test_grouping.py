"""Which changes are settled together, and which are independent."""

from itertools import product

import pytest

from bridge.claims.grouping import independent


@pytest.mark.parametrize(
    ("touched", "groups"),
    [
        ([], []),
        (["", ""], [[0], [1]]),
        (["a", "b", "a"], [[0, 2], [1]]),
        (["a", "b", "ab"], [[0, 1, 2]]),
        (["a", "b", "c", "bc", "d"], [[0], [1, 2, 3], [4]]),
        (["ab", "cd", "bc", "e", "da"], [[0, 1, 2, 4], [3]]),
    ],
)
def test_changes_sharing_an_object_are_one_group(touched: list[str], groups: list[list[int]]) -> None:
    """Those who touch the same thing, also through others, are one group, in the order in which they came."""
    assert independent(touched) == groups


def test_groups_are_connected_components() -> None:
    """Whatever four of them touch of three things, walking from one to the next finds the same groups."""
    for touched in product(["", "a", "b", "c", "ab", "bc"], repeat=4):
        expected = sorted({_reached(place, touched) for place in range(len(touched))})
        assert [tuple(group) for group in independent(touched)] == expected


def _reached(place: int, touched: tuple[str, ...]) -> tuple[int, ...]:
    reached = {place}
    for _ in touched:
        things = {thing for one in reached for thing in touched[one]}
        reached |= {other for other, them in enumerate(touched) if things & set(them)}
    return tuple(sorted(reached))
