"""How many labels one container may have, and how long they may be."""

import pytest

from bridge.labels.fields import Release
from bridge.labels.limits import MOST_CHARACTERS, MOST_LABELS, excess
from bridge.labels.options import LabelOptions, read_options
from bridge.labels.own import Own, read_own

NAME = "traefik.http.routers.r"


@pytest.mark.parametrize(
    "labels",
    [
        pytest.param({f"{NAME}{number}.rule": "" for number in range(MOST_LABELS)}, id="many"),
        pytest.param({NAME: "x" * (MOST_CHARACTERS - len(NAME))}, id="long"),
        pytest.param({f"other.{number}": "x" * 1000 for number in range(MOST_LABELS + 1)}, id="of other tools"),
    ],
)
def test_labels_up_to_the_limits_are_accepted(labels: dict[str, str]) -> None:
    """Labels up to the limits are accepted, and those of other tools do not count."""
    assert not excess("web", labels)


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        pytest.param({f"Traefik.r{number}": "" for number in range(MOST_LABELS + 1)}, "1,001 labels", id="many"),
        pytest.param(
            {f"bridge.r{number}": "" for number in range(MOST_LABELS + 1)}, "1,001 labels", id="the bridge's own"
        ),
        pytest.param({NAME: "x" * MOST_CHARACTERS}, "250,022 characters", id="long value"),
        pytest.param({NAME + "x" * MOST_CHARACTERS: ""}, "250,022 characters", id="long name"),
    ],
)
def test_labels_beyond_the_limits_are_one_problem(labels: dict[str, str], told: str) -> None:
    """More than that is one problem, which does not repeat the labels."""
    [problem] = excess("web", labels)
    assert told in problem.message
    assert "at most 1,000 labels and 250,000 characters" in problem.hint


@pytest.mark.parametrize("name", ["traefik.docker.networ", "bridge.applicatio"])
def test_labels_beyond_the_limits_are_not_read(name: str) -> None:
    """If a container has too many labels, that is the only problem, and none of them is read."""
    labels = {f"{name}{number}": "" for number in range(MOST_LABELS + 1)}
    assert read_options("web", labels, Release.V3_0) == LabelOptions(problems=excess("web", labels))
    assert read_own("web", labels) == Own(problems=excess("web", labels))
