"""The bridge decodes labels as Traefik's own decoders do, and writes no key that they refuse."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.labels.check import kv_problem
from bridge.labels.decode import decode
from bridge.labels.fields import Release, Row
from bridge.labels.model import Decoded
from bridge.labels.options import read_options
from bridge.labels.values import ACCEPTED
from tests.labels.decoders import Decoders
from tests.labels.table import ROWS

RELEASES = [Release.V2_11, Release.V3_7]
WHOLE_NUMBERS = ["0", "10", "-5", "+3", "0x10", "1_0", "9223372037", "4294967296", "99999999999999999999"]
OTHERS = [
    "",
    " ",
    "true",
    "TRUE",
    "false",
    "T",
    "x",
    "a, b",
    ",",
    "5s",
    "-.5s",
    "1h1m1.5ms",
    "1d",
    "5 s",
    "\u00e9",
]
VALUES = WHOLE_NUMBERS + OTHERS

URL_OF_SERVER = "traefik.http.services.default.loadbalancer.server.url"

BEARABLE = [f"write {ACCEPTED[kind]}" for kind in ("bounded", "connections")]

both_releases = pytest.mark.parametrize("release", RELEASES)


@both_releases
def test_every_field(decoders: Decoders, release: Release) -> None:
    """Each field, complete, cut short or continued, with values of all types, means what it means to Traefik."""
    found = [
        difference(decoders, {label: value}, release) for row in ROWS for label in _labels(row) for value in VALUES
    ]
    assert not list(filter(None, found))


def _labels(row: Row) -> set[str]:
    path = ".".join(row.path).replace("{name}", "default").replace(".{n}", "[0]")
    label = f"traefik.{path}"
    return {label, label.lower(), label.rpartition(".")[0], f"{label}.foo", f"{label}[0]", f"{label}.a.b"}


def test_only_server_url_is_ignored_by_2_11_and_read_later(decoders: Decoders) -> None:
    """The server's URL is the only field that 2.11 silently ignores and 3.7 reads."""
    labels = {label for row in ROWS for label in _labels(row)}
    told = {
        label: decode("c", {label: "true"}, Release.V2_11).problems[0].hint
        for label in labels
        if not decoders.labels({label: "true"}, Release.V2_11).error
        and decode("c", {label: "true"}, Release.V2_11).problems
    }
    ours = {label: hint for label, hint in told.items() if "traefik_version" in hint}
    assert {label.lower() for label in ours} == {URL_OF_SERVER}
    assert all(hint.startswith("it needs Traefik 3.4") for hint in ours.values())
    assert not decode("c", {URL_OF_SERVER: "true"}, Release.V3_7).problems


@both_releases
@pytest.mark.parametrize("label", ["traefik.http.routers.a].rule", "traefik.tcp.x]", "traefik.http]"])
def test_closing_bracket_without_opening_is_a_problem(decoders: Decoders, release: Release, label: str) -> None:
    """A part with "]" but no "[" makes Traefik's own parser panic; here it is a problem of the container."""
    assert decoders.labels({label: ""}, release).error.startswith("panic: ")
    (problem,) = decode("c", {label: ""}, release).problems
    assert problem.message.endswith("has a closing bracket but no opening one.")


@both_releases
def test_every_key(decoders: Decoders, release: Release) -> None:
    """The KV decoder refuses no key and value that the bridge would write, whatever the field and its value."""
    pairs = [(key, value) for row in ROWS for key in _keys(row) for value in VALUES]
    ours = [(key, value) for key, value in pairs if not kv_problem(key, value, release)]
    refused = [pair for pair in ours if decoders.keys({f"traefik/{pair[0]}": pair[1]}, release).error]
    assert ours
    assert not refused


def _keys(row: Row) -> set[str]:
    key = "/".join(row.path).lower().replace("{name}", "a").replace("{n}", "0000")
    return {key, key.replace("0000", "host-1"), key.rpartition("/")[0], f"{key}/foo", f"{key}/0", f"{key}/[0]"}


NAMES = ["a", "A", "b", "1", "x/y", "a[0]", "[0]", "\u017f", "S", "K", "\u212a", "default", "___lock", "X-Y"]
POSITIONS = ["[0]", "[1]", "[10]", "[a]", ".a", "[0][1]", ""]
ENDS = ["", "", "", "", ".foo", "[0]", ".", ".a.b", ".[0]", "]"]
PLUGIN_OPTIONS = [
    "",
    ".a",
    ".a.a",
    ".a.b",
    ".a.A",
    ".a[0]",
    ".a[1]",
    ".a[0].b",
    ".a[1].b.a",
    ".A[0]",
    ".a.1",
    "[0]",
    ".b/c",
]
FAMILIES = sorted({row.path[:4] for row in ROWS})


@st.composite
def label_names(draw: st.DrawFn, family: tuple[str, ...]) -> str:
    """Draw a label that resembles one of Traefik's fields."""
    path = draw(st.sampled_from([row.path for row in ROWS if row.path[:4] == family]))
    parts = path[: draw(st.sampled_from([len(path)] * 6 + list(range(1, len(path)))))]
    label = "traefik"
    for part in parts:
        match part:
            case "{name}":
                label += "." + draw(st.sampled_from(NAMES))
            case "{n}":
                label += draw(st.sampled_from(POSITIONS))
            case _:
                label += "." + draw(
                    st.sampled_from([part, part.lower(), part.upper(), part.replace("s", "\u017f")])
                )
    end = PLUGIN_OPTIONS if parts[-2:-1] == ("Plugin",) else ENDS
    return label + draw(st.sampled_from(end))


def label_sets(families: list[tuple[str, ...]]) -> st.SearchStrategy[dict[str, str]]:
    """Draw labels of one or two families, so that several set the same object."""
    of_family = st.sampled_from(families).flatmap(
        lambda family: st.dictionaries(label_names(family), st.sampled_from(VALUES), min_size=1, max_size=6)
    )
    return st.lists(of_family, min_size=1, max_size=2).map(
        lambda sets: dict(pair for one in sets for pair in one.items())
    )


@both_releases
@settings(max_examples=400, deadline=None, derandomize=True)
@given(labels=label_sets(FAMILIES))
def test_random_labels(decoders: Decoders, release: Release, labels: dict[str, str]) -> None:
    """Random sets of labels that resemble Traefik's fields mean what they mean to Traefik."""
    assert not difference(decoders, labels, release)


@pytest.mark.deep
@pytest.mark.timeout(6 * 60 * 60)
@both_releases
@settings(max_examples=100_000, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(labels=label_sets(FAMILIES))
def test_a_hundred_thousand_random_labels(decoders: Decoders, release: Release, labels: dict[str, str]) -> None:
    """The same for a hundred thousand sets; hypothesis reduces what it finds to a minimal example."""
    assert not difference(decoders, labels, release)


@both_releases
@settings(max_examples=200, deadline=None, derandomize=True)
@given(labels=label_sets([("HTTP", "Middlewares", "{name}", "Plugin")]))
def test_random_plugin_options(decoders: Decoders, release: Release, labels: dict[str, str]) -> None:
    """A plugin's free-form options keep their shape: lists, objects, and what Traefik makes of odd names."""
    assert not difference(decoders, labels, release)


def difference(decoders: Decoders, labels: Mapping[str, str], release: Release) -> str:
    """Return how Traefik's reading of our keys differs from its reading of the labels, "" if it does not."""
    ours, theirs = decode("c", labels, release), decoders.labels(labels, release)
    if ours.problems or theirs.error:
        agreed = bool(ours.problems) == bool(theirs.error) or _refused_on_purpose(ours)
        return "" if agreed else f"{labels}: {theirs.error!r}, ours: {ours.problems}"
    keys = _as_keys(ours)
    if refused := [reason for key, value in keys.items() if (reason := kv_problem(key, value, release))]:
        return f"{labels}: {refused}"
    read = decoders.keys({f"traefik/{key}": value for key, value in keys.items()}, release)
    wanted, found = _pruned(theirs.decoded), _pruned(read.decoded)
    return "" if not read.error and wanted == found else f"{labels}: {wanted}, ours: {read.error or found}"


def _refused_on_purpose(ours: Decoded) -> bool:
    """Return whether all problems are for what no key holds, a later release reads, or Traefik cannot bear."""
    on_purpose = ("The name", "The plugin", f"Traefik {Release.V2_11} ignores")
    return bool(ours.problems) and all(
        problem.message.startswith(on_purpose) or problem.hint in BEARABLE for problem in ours.problems
    )


def _as_keys(ours: Decoded) -> dict[str, str]:
    found = {}
    for ref, leaves in ours.objects.items():
        for leaf in leaves:
            # A server's address is not made by the decoder but by the Docker provider.
            server = leaf.path.startswith("loadbalancer/server/")
            path, value = ("loadbalancer/servers", "") if server else (leaf.path, leaf.value)
            found[f"{ref.protocol}/{ref.kind}/{ref.name}/{path}".removesuffix("/")] = value
    return found


def _pruned(configuration: dict[str, Any]) -> dict[str, Any]:
    """Leave out servers and empty sections."""
    sections = {
        (protocol, kind): objects
        for protocol, kinds in configuration.items()
        for kind, objects in (kinds or {}).items()
        if objects
    }
    for (_, kind), objects in sections.items():
        for found in objects.values() if kind == "Services" else ():
            found.get("LoadBalancer", {}).pop("Servers", None)
    return {f"{protocol}/{kind}": objects for (protocol, kind), objects in sections.items()}


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize(
    "label",
    [
        "traefik.enable",
        "traefik.ENABLE",
        "traefik.enabled",
        "traefik.enable.foo",
        "Traefik.enable",
        "traefik.docker",
        "traefik.docker.",
        "traefik.docker.network",
        "traefik.docker.networks",
        "traefik.docker.lbswarm",
        "traefik.docker.allowNonRunning",
        "traefik.docker.network[0]",
    ],
)
def test_options(decoders: Decoders, label: str, value: str) -> None:
    """`traefik.enable` and `traefik.docker.*` are read and refused as by Traefik."""
    ours, theirs = read_options("c", {label: value}, Release.V3_7), decoders.options({label: value}, Release.V3_7)
    assert bool(ours.problems) == bool(theirs.error)
    if not ours.problems:
        docker = theirs.decoded.get("Docker", {})
        assert str(bool(ours.enable)).lower() == theirs.decoded["Enable"]
        assert ours.network == docker.get("Network")
        assert str(ours.allow_non_running).lower() == docker.get("AllowNonRunning", "false")
