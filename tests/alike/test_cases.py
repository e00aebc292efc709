"""The cases themselves: each runs only on releases of Traefik that know its labels."""

from pathlib import Path

import pytest

from bridge.labels.decode import decode
from bridge.labels.fields import Release
from bridge.labels.options import read_options
from tests.alike.case import CASES, read


@pytest.mark.parametrize("path", sorted(CASES.glob("*.yaml")), ids=lambda path: path.stem)
def test_releases_of_a_case_know_its_labels(path: Path) -> None:
    """No label needs a later release, unless the case is about that; else both sides would agree on nothing."""
    case = read(path)
    told = [
        problem
        for container in case.containers
        if container.name not in case.problems
        for release in map(Release, case.releases)
        for decoded in (
            decode(container.name, container.labels, release),
            read_options(container.name, container.labels, release),
        )
        for problem in decoded.problems
        if "traefik_version" in problem.hint
    ]
    assert told == []
    assert case.releases
