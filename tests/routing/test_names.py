"""Names of services, and of the applications that definitions belong to."""

import pytest

from bridge.routing.names import application, service_name
from tests.routing.containers import container

_PROJECT, _SERVICE = "com.docker.compose.project", "com.docker.compose.service"


@pytest.mark.parametrize(
    ("name", "labels", "expected"),
    [
        pytest.param("web", {}, "web", id="container"),
        pytest.param("my_web.1", {}, "my-web-1", id="normalised"),
        pytest.param("x", {_PROJECT: "shop", _SERVICE: "web"}, "web-shop", id="compose"),
        pytest.param("x", {_PROJECT: "", _SERVICE: "web"}, "x", id="no-project"),
        pytest.param("x", {_PROJECT: "shop"}, "x", id="no-service"),
        pytest.param("x", {_PROJECT: "my_shop", _SERVICE: "web.a"}, "web-a-my-shop", id="compose-normalised"),
        pytest.param("größe_2", {}, "größe-2", id="letters-of-all-languages"),
    ],
)
def test_service_name(name: str, labels: dict[str, str], expected: str) -> None:
    """A service is named after the Compose service and project if both exist, else the container; normalised."""
    assert service_name(container(name=name, labels=labels)) == expected


@pytest.mark.parametrize(
    ("image", "labels", "expected"),
    [
        pytest.param("whoami", {}, "web whoami", id="bare"),
        pytest.param("team/whoami:1.2", {}, "web team/whoami", id="tag"),
        pytest.param("reg.example.com:5000/whoami", {}, "web reg.example.com:5000/whoami", id="registry-port"),
        pytest.param("r:5000/a/b:1@sha256:0f", {}, "web r:5000/a/b", id="digest"),
        pytest.param("sha256:0f0f", {}, "web", id="image-id"),
        pytest.param("", {}, "web", id="no-image"),
        pytest.param("whoami", {"bridge.application": "shop"}, "shop", id="label"),
        pytest.param("whoami", {"bridge.application": ""}, "web whoami", id="empty-label"),
        pytest.param("whoami", {"bridge.application": "a\ud800"}, "a?", id="not-unicode"),
    ],
)
def test_application(image: str, labels: dict[str, str], expected: str) -> None:
    """The application is the label, else the service's name and the image's repository, as valid Unicode."""
    assert application(container(image=image, labels=labels)) == expected
