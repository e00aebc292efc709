"""Group what must be decided together because it touches the same objects."""

from collections.abc import Collection, Hashable, Iterable


def independent(touched: Iterable[Collection[Hashable]]) -> list[list[int]]:
    """Return groups of the indices of those that touch something in common, directly or through others.

    `touched` is what each of them touches. Groups are ordered by their first members, and members by index.
    """
    parents: list[int] = []
    first: dict[Hashable, int] = {}
    for place, things in enumerate(touched):
        parents.append(place)
        for thing in things:
            one, other = _root(parents, first.setdefault(thing, place)), _root(parents, place)
            parents[max(one, other)] = min(one, other)
    groups: dict[int, list[int]] = {}
    for place in range(len(parents)):
        groups.setdefault(_root(parents, place), []).append(place)
    return list(groups.values())


def _root(parents: list[int], place: int) -> int:
    while parents[place] != place:
        parents[place] = place = parents[parents[place]]
    return place
