"""Labels that look as if they were meant for Traefik, but that it does not read."""

import time

import pytest

from bridge.labels.passed_over import passed_over
from bridge.problem import Problem


@pytest.mark.parametrize(
    ("label", "meant"),
    [
        ("trafik.http.routers.web.rule", "traefik.http.routers.web.rule"),
        (" traefik.http.routers.web.rule", "traefik.http.routers.web.rule"),
        ("traefik.htpp.routers.web.rule", "traefik.http.routers.web.rule"),
        ("Traefik.Routers.Web.Rule", "traefik.http.routers.Web.Rule"),
        ("traefik..http.routers.web.rule", "traefik.http.routers.web.rule"),
        ("http.routers.web.rule", "traefik.http.routers.web.rule"),
        ("TCP.routers.db.rule", "traefik.tcp.routers.db.rule"),
        ("tcp.services.db.loadbalancer.server.port", "traefik.tcp.services.db.loadbalancer.server.port"),
        ("traefik.upd.router.dns.entrypoints", "traefik.udp.routers.dns.entrypoints"),
        ("traefik.service.web.loadbalancer.server.port", "traefik.http.services.web.loadbalancer.server.port"),
        ("traefik.middlewares.a.headers.framedeny", "traefik.http.middlewares.a.headers.framedeny"),
        ("treafik.enable", "traefik.enable"),
        ("traefik.enabel", "traefik.enable"),
        ("Traefik.Enabel", "traefik.enable"),
        ("traefik_enable", "traefik.enable"),
        ("traefik.network", "traefik.docker.network"),
        ("traefik.docker_network", "traefik.docker.network"),
    ],
)
def test_misspelt_label_is_reported_with_intended_one(label: str, meant: str) -> None:
    """A misspelt label is told with the label that was meant."""
    told = Problem("web", label, "Nothing reads this label.", f"did you mean {meant}?")
    assert passed_over("web", {label: "x"}) == (told,)


@pytest.mark.parametrize(
    ("label", "hint"),
    [
        ("traefik.frontend.rule", "it is a label of Traefik 1"),
        ("traefik.web.frontend.rule", "it is a label of Traefik 1"),
        ("traefik.backend", "it is a label of Traefik 1"),
        ("traefik.port", "it is a label of Traefik 1"),
        ("traefik.tls.options.default.minversion", "labels can set only the default TLS store"),
        ("traefik.tls.stores.other.defaultcertificate.certfile", "labels can set only the default TLS store"),
        ("traefik.entryPoints.web.address", "it is part of Traefik's static configuration"),
        *(
            (f"traefik.{section}.x", "it is part of Traefik's static configuration")
            for section in (
                "accesslog",
                "api",
                "certificatesResolvers",
                "experimental",
                "log",
                "metrics",
                "providers",
            )
        ),
    ],
)
def test_hint_for_option_that_is_no_label(label: str, hint: str) -> None:
    """For what Traefik knows, but not as a label, the hint says where it belongs."""
    [problem] = passed_over("web", {label: "x"})
    assert problem.label == label
    assert problem.hint.startswith(hint)


@pytest.mark.parametrize(
    "label",
    [
        *("traefik.http.routers.web.rule", "TRAEFIK.HTTP.routers.web.rule", "traefik.tls.stores.default.x"),
        *(
            "traefik.enable",
            "traefik.enabled",
            "traefik.docker.network",
            "traefik.docker.lbswarm",
            "bridge.address",
        ),
        *("traefik.constraint-label", "traefik.tags", "traefik.swarm.network", "traefik", "traefik.", ""),
        *("com.example.http.routers.web.rule", "caddy.http.routers.web.rule", "http.routers", "services.web.port"),
        *(
            "com.docker.compose.service",
            "org.opencontainers.image.title",
            "enable",
            "network",
            "trace.enable",
            "traffic.enabled",
            "traefik.expose",
            "http.service.name",
            "tcp.services.name",
            "\ud800.http.routers.x",
            "trafik.http.routers.\ud800.rule",
        ),
    ],
)
def test_labels_of_other_tools_are_not_reported(label: str) -> None:
    """Nothing is told of labels that are read, or that mean something else to somebody else."""
    assert passed_over("web", {label: "x"}) == ()


def test_only_first_few_labels_are_reported() -> None:
    """Of very many such labels, only the first few by name are reported."""
    labels = {f"trafik.http.routers.r{number:03}.rule": "x" for number in range(500, 0, -1)}
    told = passed_over("web", labels)
    assert [problem.label for problem in told] == [
        f"trafik.http.routers.r{number:03}.rule" for number in range(1, 11)
    ]


@pytest.mark.parametrize("part", ["a", "a.", "traefik.", "router.", ".", "traefik.http", "x_network"])
def test_long_labels_take_little_time(part: str) -> None:
    """A long label of another tool takes little time."""
    begun = time.process_time()
    for before in ("", "trafik.", "traefik.", "http."):
        passed_over("web", {before + part * 100_000: "x"})
    assert time.process_time() - begun < 2


@pytest.mark.parametrize(
    "label",
    [
        *("a{0}.http.routers.x.rule", "traefi{1}.htt{0}.xtcp{0}.routers.a{0}.b", "traefk{0}.enable"),
        *("http.{0}.routers.x.rule", "traefik.http.routers.a{0}.tls"),
    ],
)
def test_very_many_labels_take_little_time(label: str) -> None:
    """Very many labels of strangers, which no limit counts, take no time to speak of, either."""
    labels = {label.format(number, number % 10): "x" for number in range(50_000)}
    begun = time.process_time()
    passed_over("web", labels)
    assert time.process_time() - begun < 1


def test_very_long_labels_are_not_reported() -> None:
    """Nothing is told of a label that would fill the log by itself."""
    assert passed_over("web", {"trafik.http.routers.web." + "x" * 1_000: "x"}) == ()
