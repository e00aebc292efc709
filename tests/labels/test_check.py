"""The last check of a key and its value before they are written."""

import pytest

from bridge.labels.check import kv_problem
from bridge.labels.fields import Release
from bridge.labels.naming import unfit


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("http/routers/web/rule", "Host(`a`)"),
        ("http/routers/web", ""),
        (f"http/routers/{'a' * 1000}", ""),
        ("http/routers/a b.c@d/tls", "true"),
        ("http/routers/web/defaultrule", "true"),
        ("http/routers/web/tls/domains/0000/main", ""),
        ("http/services/s/loadbalancer/servers", ""),
        ("http/services/s/loadbalancer/servers/host.example-0123456789ab/url", "http://10.0.0.1"),
        ("udp/services/s/loadbalancer/servers/123456789012/address", "10.0.0.1:53"),
        ("http/middlewares/m/headers/customrequestheaders/X-Foo", "1"),
        ("http/middlewares/m/plugin/p", ""),
        ("http/middlewares/m/plugin/p/list/[0000]/a/b", ",x"),
        ("http/middlewares/m/plugin/p/a", ",x"),
        ("http/middlewares/m/retry/initialinterval", "-10"),
        ("http/services/s/weighted/services/0000/name", "a"),
        ("tls/options/o/minversion", "VersionTLS12"),
        ("tls/stores/default", ""),
    ],
)
def test_accepted(path: str, value: str) -> None:
    """Keys that the bridge writes, or that an operator may allow it to write, are accepted for every release."""
    assert [kv_problem(path, value, release) for release in Release] == [""] * len(Release)


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        pytest.param("", "", "Traefik 3.0 has no field '' here", id="nothing"),
        pytest.param("/http/routers/web", "", "Traefik 3.0 has no field '' here", id="leading slash"),
        pytest.param("httpx/a", "", "Traefik 3.0 has no field 'httpx' here", id="section"),
        pytest.param("http", "", "'http' cannot stand alone", id="bare section"),
        pytest.param("http/routers", "", "'routers' cannot stand alone", id="bare map"),
        pytest.param("http/Routers/a/rule", "", "Traefik 3.0 has no field 'Routers' here", id="not our spelling"),
        pytest.param("http/routers/a/ruel", "", "Traefik 3.0 has no field 'ruel' here", id="field"),
        pytest.param(
            "http/services/s/loadbalancer/strategy", "wrr", "Traefik 3.0 has no field 'strategy' here", id="later"
        ),
        pytest.param(
            "http/services/s/loadbalancer/server/port", "80", "Traefik 3.0 has no field 'server' here", id="label"
        ),
        pytest.param("http/services/s/loadbalancer", "", "'loadbalancer' cannot stand alone", id="bare object"),
        pytest.param(
            "http/services/s/loadbalancer/servers", "x", "'servers' takes no value", id="list with a value"
        ),
        pytest.param("http/services/s/loadbalancer/servers/a", "", "'a' cannot stand alone", id="bare server"),
        pytest.param("http/routers/a", "x", "the name 'a' takes no value", id="name with a value"),
        pytest.param("http/routers/a/tls", "false", "'false' disables 'tls'", id="disabled"),
        pytest.param("http/routers/a/rule/b", "", "'b' is below a field that takes a value", id="below a value"),
        pytest.param(
            "http/routers/a/entrypoints/0", "", "'0' is below a field that takes a value", id="list by positions"
        ),
        pytest.param("http/routers/a/priority", "x", "'priority' takes a whole number", id="not a number"),
        pytest.param("http/routers/a/rule", "\ud800", "'rule' takes valid Unicode text", id="not Unicode"),
        pytest.param(
            "http/routers/1/rule",
            "",
            "the name '1' has only digits, which Traefik takes for a position in a list",
            id="name of digits",
        ),
        pytest.param(
            "http/middlewares/m/headers/customrequestheaders/404",
            "",
            "the name '404' has only digits, which Traefik takes for a position in a list",
            id="header of digits",
        ),
        pytest.param("http/routers//rule", "", "the name '' is empty", id="empty name"),
        pytest.param(
            "http/middlewares/m/plugin/p/a/b",
            ",x",
            "a value in an object of a plugin's options must not begin with a comma",
            id="plugin value",
        ),
    ],
)
def test_refused(path: str, value: str, reason: str) -> None:
    """A key that Traefik would reject, or read as something else, is refused with the reason."""
    assert kv_problem(path, value, Release.V3_0) == reason


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "is empty"),
        ("0123", "has only digits, which Traefik takes for a position in a list"),
        ("a/b", "has a slash, which separates the parts of a key"),
        ("x___lock-y", "has ___lock, and Traefik skips such keys"),
        ("a\0b", "has a NUL character"),
        ("\udc00", "is not valid Unicode text"),
    ],
)
def test_unfit_name(name: str, reason: str) -> None:
    """Names that cannot be part of a key are refused with the reason."""
    assert unfit(name) == reason


@pytest.mark.parametrize("name", ["web", "1a", "a.b", "a@docker", " ", "\u0661", "[0]", "__lock", "\U0001f600"])
def test_fit_name(name: str) -> None:
    """All other names can be part of a key, however odd."""
    assert unfit(name) == ""
