"""References to objects of the Docker provider are rewritten, since the objects are etcd's now."""

import pytest

from bridge.labels.model import Leaf, Ref
from bridge.view.references import localised

LISTED, SINGLE = ("a@docker,b@file,c", "a,b@file,c"), ("a@docker", "a")


@pytest.mark.parametrize(
    ("protocol", "kind", "path", "values"),
    [
        pytest.param("http", "routers", "service", SINGLE, id="http-service"),
        pytest.param("http", "routers", "middlewares", LISTED, id="http-middlewares"),
        pytest.param("http", "routers", "tls/options", SINGLE, id="http-tls-options"),
        pytest.param("http", "models", "middlewares", LISTED, id="model-middlewares"),
        pytest.param("http", "models", "tls/options", SINGLE, id="model-tls-options"),
        pytest.param("http", "middlewares", "chain/middlewares", LISTED, id="chain"),
        pytest.param("http", "middlewares", "errors/service", SINGLE, id="errors"),
        pytest.param("http", "services", "middlewares", LISTED, id="service-middlewares"),
        pytest.param("http", "services", "loadbalancer/serverstransport", SINGLE, id="http-transport"),
        pytest.param("tcp", "routers", "service", SINGLE, id="tcp-service"),
        pytest.param("tcp", "routers", "middlewares", LISTED, id="tcp-middlewares"),
        pytest.param("tcp", "routers", "tls/options", SINGLE, id="tcp-tls-options"),
        pytest.param("tcp", "services", "loadbalancer/serverstransport", SINGLE, id="tcp-transport"),
        pytest.param("udp", "routers", "service", SINGLE, id="udp-service"),
    ],
)
def test_reference(protocol: str, kind: str, path: str, values: tuple[str, str]) -> None:
    """A reference to an object of the Docker provider loses its suffix; others are unchanged."""
    written, read = values
    leaf = Leaf(path, written, ("label",), "rule")
    assert localised(Ref(protocol, kind, "x"), leaf) == Leaf(path, read, ("label",), "rule")


@pytest.mark.parametrize(
    ("name", "path", "written", "read"),
    [
        pytest.param("x", "service", "a@b@docker", "a@b@etcd", id="of-an-object-with-a-provider-in-its-name"),
        pytest.param("x", "service", "@docker", "@etcd", id="of-an-object-without-a-name"),
        pytest.param("x", "tls/options", "default@docker", "default@etcd", id="to-no-default-options"),
        pytest.param("x@docker", "service", "a", "a@etcd", id="implied"),
        pytest.param(
            "x@docker@y", "middlewares", "a,b@docker,c@file", "a@etcd,b@etcd,c@file", id="implied-in-list"
        ),
        pytest.param("x@docker", "tls/options", "default", "default", id="to-the-default-options"),
        pytest.param("x@file", "service", "a@docker", "a@etcd", id="to-docker-from-another-provider"),
        pytest.param("x@file", "service", "a", "a", id="implied-of-another-provider"),
        pytest.param("x@y@docker", "service", "a", "a", id="only-the-first-provider-counts"),
    ],
)
def test_bare_name_that_contains_a_provider(name: str, path: str, written: str, read: str) -> None:
    """If Traefik would look for a bare name at another provider, the reference names the etcd provider."""
    assert localised(Ref("http", "routers", name), Leaf(path, written)) == Leaf(path, read)


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        pytest.param("routers", "service", "api@internal", id="internal"),
        pytest.param("routers", "service", "a@dockerx", id="only-like-docker"),
        pytest.param("routers", "service", "docker", id="named-docker"),
        pytest.param("routers", "rule", "Host(`a@docker`)", id="rule"),
        pytest.param("routers", "entrypoints", "a@docker", id="entry-points"),
        pytest.param("routers", "tls/certresolver", "a@docker", id="resolver"),
        pytest.param("middlewares", "errors/query", "/a@docker", id="errors-query"),
        pytest.param("middlewares", "addprefix/prefix", "a@docker", id="prefix"),
        pytest.param("middlewares", "basicauth/users", "a@docker", id="users"),
        pytest.param("stores", "defaultgeneratedcert/resolver", "a@docker", id="store"),
    ],
)
def test_no_reference(kind: str, path: str, value: str) -> None:
    """A value that refers to no object of the Docker provider is unchanged."""
    leaf = Leaf(path, value)
    assert localised(Ref("http", kind, "x"), leaf) == leaf
