"""Labels that Traefik accepts but that have no effect, which it does not report."""

import pytest

from bridge.labels.decode import decode
from bridge.labels.fields import Release
from bridge.problem import Problem

SWITCHES = ("http.routers.a.tls", "TCP.routers.a.tls", "http.middlewares.a.compress")
STICKY = "traefik.http.services.a.loadbalancer.sticky"
DOMAINS = "traefik.http.routers.a.tls.domains"


def told(label: str, value: str = "x", **others: str) -> tuple[Problem, ...]:
    """Return what is reported of labels that are no problem."""
    decoded = decode("web", {label: value, **others}, Release.V3_7)
    assert decoded.objects
    assert not decoded.problems
    return decoded.without_effect


@pytest.mark.parametrize(
    ("label", "whole"),
    [
        ("traefik.http.routers.a.middlewares[0]", "traefik.http.routers.a.middlewares"),
        ("traefik.http.routers.a.entryPoints.0", "traefik.http.routers.a.entryPoints"),
        (f"{DOMAINS}[0].sans[0]", f"{DOMAINS}[0].sans"),
    ],
)
def test_label_for_each_list_item_is_reported(label: str, whole: str) -> None:
    """A label for each item of a list has no effect: a list is one label. It is told how to write it."""
    hint = f"write {whole}=... with commas between the items"
    assert told(label) == (Problem("web", label, "Nothing reads this label.", hint),)


@pytest.mark.parametrize(
    ("label", "fields"),
    [
        (
            "traefik.udp.routers.a",
            "traefik.udp.routers.a.<field>=..., where <field> is one of: entrypoints, service",
        ),
        *(
            (label, f"{DOMAINS}[0].<field>=..., where <field> is one of: main, sans")
            for label in (DOMAINS, f"{DOMAINS}[1]")
        ),
    ],
)
def test_value_of_object_is_reported(label: str, fields: str) -> None:
    """The value of an object itself has no effect, which is told with the object's fields."""
    [problem] = [it for it in told(label) if it.label == label]
    assert problem == Problem("web", label, "Nothing reads the value of this label.", f"write {fields}")


@pytest.mark.parametrize("value", ["", "true"])
def test_bare_object_is_not_reported(value: str) -> None:
    """Nothing is told of an object that is only named."""
    assert told("traefik.http.routers.a", value) == ()


@pytest.mark.parametrize("value", ["yes", "1", "on", " true", "letsencrypt"])
@pytest.mark.parametrize("switch", SWITCHES)
def test_unintended_disabling_value_is_reported(switch: str, value: str) -> None:
    """A value that switches an object off, and looks as if it was to switch it on, is told."""
    label = f"traefik.{switch}"
    hint = "write true to switch it on, or false to switch it off"
    assert told(label, value) == (Problem("web", label, "Any value but true switches it off.", hint),)


@pytest.mark.parametrize("value", ["", "true", "True", "false", "False"])
@pytest.mark.parametrize("switch", SWITCHES)
def test_plain_switch_is_not_reported(switch: str, value: str) -> None:
    """Nothing is told of a switch that is plainly on or off."""
    assert told(f"traefik.{switch}", value) == ()


def test_labels_below_disabled_object_are_not_reported() -> None:
    """Nothing is told of what stands below an object that is plainly off."""
    others = {f"{STICKY}.cookie": "1", f"{STICKY}.cookie.name": "x"}
    assert told(STICKY, "false", **others) == ()


@pytest.mark.parametrize(
    ("label", "hint"),
    [
        (
            "traefik.http.serversTransports.a.insecureSkipVerify",
            "define it in Traefik's file provider, and refer to it as <name>@file",
        ),
        (
            "traefik.http.serversTransports.a",
            "define it in Traefik's file provider, and refer to it as <name>@file",
        ),
        ("traefik.http.middlewares.a.requestRedirect.hostname", "remove it"),
    ],
)
def test_field_not_read_from_labels_is_reported(label: str, hint: str) -> None:
    """A label of what Traefik has, but does not read from labels, is told with where it belongs."""
    problem = Problem("web", label, "Traefik reads this, but not from labels.", hint)
    assert told(label, **{"traefik.http.routers.a.rule": "Host(`a`)"}) == (problem,)
