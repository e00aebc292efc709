"""The labels `traefik.enable` and `traefik.docker.*`."""

import pytest

from bridge.labels.fields import Release
from bridge.labels.options import LabelOptions, read_options


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        pytest.param({}, LabelOptions(), id="none"),
        pytest.param({"traefik.enable": "T"}, LabelOptions(enable=True), id="enabled"),
        pytest.param({"traefik.Enable": "0"}, LabelOptions(enable=False), id="disabled"),
        pytest.param({"traefik.docker.network": "n"}, LabelOptions(network="n"), id="network"),
        pytest.param({"traefik.docker.network": ""}, LabelOptions(network=""), id="empty network overrides"),
        pytest.param({"traefik.docker.lbswarm": "true"}, LabelOptions(), id="only for Swarm"),
        pytest.param(
            {"traefik.docker.allowNonRunning": "true"}, LabelOptions(allow_non_running=True), id="not running"
        ),
        pytest.param(
            {"traefik.docker": "x", "traefik.http.foo": "", "traefik.foo": ""}, LabelOptions(), id="other labels"
        ),
    ],
)
def test_options(labels: dict[str, str], expected: LabelOptions) -> None:
    """LabelOptions are read as Traefik's Docker provider reads them."""
    assert read_options("c", labels, Release.V3_6) == expected


@pytest.mark.parametrize(
    ("label", "value", "message", "hint"),
    [
        pytest.param(
            "traefik.enabled",
            "true",
            "Traefik 3.0 has no field 'enabled' here.",
            "did you mean traefik.enable?",
            id="typo",
        ),
        pytest.param(
            "traefik.docker.net",
            "",
            "Traefik 3.0 has no field 'net' here.",
            "did you mean traefik.docker.network?",
            id="unknown option",
        ),
        pytest.param(
            "traefik.enable", "", "traefik.enable does not accept ''.", "write true or false", id="empty"
        ),
        pytest.param(
            "traefik.docker.lbswarm",
            "x",
            "traefik.docker.lbswarm does not accept 'x'.",
            "write true or false",
            id="swarm",
        ),
        pytest.param(
            "TRAEFIK.enable",
            "true",
            "The label begins with 'TRAEFIK' instead of 'traefik'.",
            "write traefik.enable",
            id="root",
        ),
        pytest.param(
            "traefik.docker.allownonrunning",
            "true",
            "Traefik 3.0 has no field 'allownonrunning' here.",
            "it needs Traefik 3.6: set traefik_version (BRIDGE_TRAEFIK_VERSION) to 3.6 if every Traefik that reads"
            " this etcd has that release or a later one",
            id="later release",
        ),
    ],
)
def test_problem(label: str, value: str, message: str, hint: str) -> None:
    """An option that Traefik would not decode is a problem that gives the label, the reason and the remedy."""
    (problem,) = read_options("web", {label: value}, Release.V3_0).problems
    assert (problem.container, problem.label, problem.message, problem.hint) == ("web", label, message, hint)
