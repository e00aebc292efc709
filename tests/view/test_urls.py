"""A server whose URL Traefik cannot parse costs its container, with a problem that does not quote the URL.

Which URLs these are is tested on a real Traefik (tests/alike/test_urls).
"""

import pytest

from bridge.settings import PlanSettings, load
from bridge.settings.options import options
from bridge.view.publish import mapped
from tests.routing.containers import container

SERVER = "traefik.http.services.web.loadbalancer.server."
SETTINGS = {"traefik_version": "3.7", "allow_empty_services": "true"}


@pytest.mark.parametrize("state", [{}, {"health": "unhealthy"}])
@pytest.mark.parametrize(
    ("label", "labels", "told"),
    [
        (
            "port",
            {"port": "http", "scheme": "https"},
            "its port is not a number; write a port number, such as 8080",
        ),
        ("scheme", {"port": "80", "scheme": "a b"}, "is not a scheme; write http, https or h2c"),
        ("Scheme", {"port": "80", "Scheme": "a b"}, "is not a scheme; write http, https or h2c"),
        ("scheme", {"scheme": "http://web:x"}, "its port is not a number; write http, https or h2c"),
        ("url", {"url": "127.0.0.1:80"}, "is not a scheme; write a URL such as http://10.0.0.7:8080"),
        ("url", {"url": "http://user:s3c/ret@web"}, "not a number; write a URL such as http://10.0.0.7:8080"),
        ("url", {"url": "http://user:s3c^ret@web"}, "must be escaped; write a URL such as http://10.0.0.7:8080"),
    ],
)
def test_problem_of_unparsable_url_does_not_quote_it(
    label: str, labels: dict[str, str], told: str, state: dict[str, str]
) -> None:
    """The wrong label is told, not the URL: it may hold a password. Of who does not serve only a URL counts."""
    labelled = container(labels={f"{SERVER}{name}": value for name, value in labels.items()}, **state)
    found = mapped(labelled, options(load(PlanSettings, SETTINGS), "host"))
    if state and label != "url":
        assert found.publication
        return
    [problem] = found.problems
    assert problem.label == SERVER + label
    assert f"{problem.message}; {problem.hint}".endswith(told)
    assert "s3c" not in problem.message
    assert found.publication is None
