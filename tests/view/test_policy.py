"""What an operator may forbid: a container that wants more is refused with the reason, no other is affected."""

import re
import time
from itertools import product

import pytest

from bridge.container import Network
from bridge.labels.model import Ref
from bridge.settings import PlanSettings, load
from bridge.settings.options import options
from bridge.view.model import Item, Mapped
from bridge.view.policy import violations
from bridge.view.publish import mapped
from tests.routing.containers import container

HTTP, TCP, UDP = "traefik.http.", "traefik.tcp.", "traefik.udp."
RULE = f"{HTTP}routers.web.rule"
SERVICE = f"{HTTP}services.web.loadbalancer."
REDIS = f"{HTTP}middlewares.web.rateLimit.redis."
TLS = {f"{HTTP}routers.web.tls.certresolver": "acme"}
HOSTS = {"allowed_hosts": "own.test, *.Team.test"}
NAMES = {"allowed_names": "web, Team-*, auth@file, *-chain@file"}
NO_PROVIDERS = {"allowed_names": "*"}
ENTRYPOINTS = {"allowed_entrypoints": "web,secure"}
TYPES = {"allowed_middlewares": "Headers, rateLimit"}
NO_URLS = {"allow_server_addresses": "false", "traefik_version": "3.4"}


def decided(settings: dict[str, str], labels: dict[str, str]) -> Mapped:
    """Return the decision for a container with these labels."""
    return mapped(container(labels=labels), options(load(PlanSettings, settings), "host"))


@pytest.mark.parametrize(
    ("settings", "labels"),
    [
        pytest.param(HOSTS, {RULE: "Host(`own.test`)"}, id="host"),
        pytest.param(HOSTS, {RULE: "Host(`OWN.test`)"}, id="host in capitals"),
        pytest.param(HOSTS, {RULE: "Host(`a.b.team.test`) || Host(`own.test`)"}, id="subdomain"),
        pytest.param(HOSTS, {RULE: "Host(`own.test`) && HostRegexp(`.*`)"}, id="pattern within a host"),
        pytest.param(HOSTS, {RULE: "Host(`own.test`)", **TLS}, id="certificate of the rule"),
        pytest.param(
            HOSTS,
            {
                RULE: "Host(`own.test`)",
                f"{HTTP}routers.web.tls.domains[0].main": "*.team.test",
                f"{HTTP}routers.web.tls.domains[0].sans": "own.test,x.team.test",
            },
            id="wildcard certificate",
        ),
        pytest.param({"allowed_hosts": "*"}, {f"{TCP}routers.web.rule": "HostSNI(`*`)"}, id="any host"),
        pytest.param({"allowed_hosts": "*"}, {RULE: "Host(`ö.test`)"}, id="one of any"),
        pytest.param(
            {"allowed_hosts": "web.team.test", "default_rule": "Host(`{{ .Name }}.team.test`)"}, {}, id="default"
        ),
        pytest.param(HOSTS, {f"{UDP}routers.web.entrypoints": "dns"}, id="UDP has no hosts"),
        pytest.param(NAMES, {f"{HTTP}routers.team-a.rule": "Host(`a`)"}, id="name"),
        pytest.param(
            NAMES, {f"{HTTP}routers.TEAM-a.middlewares": "auth@file,the-chain@file,team-x@docker"}, id="reference"
        ),
        pytest.param(
            NO_PROVIDERS, {f"{HTTP}routers.x.middlewares": "anything"}, id="any name of its own provider"
        ),
        pytest.param(ENTRYPOINTS, {f"{HTTP}routers.web.entrypoints": "web, secure"}, id="entry points"),
        pytest.param(TYPES, {f"{HTTP}middlewares.x.headers.framedeny": "true"}, id="type of middleware"),
        pytest.param(
            TYPES, {f"{HTTP}middlewares.x.headers.customrequestheaders.X-A": "1"}, id="field of a type's field"
        ),
        pytest.param(TYPES, {f"{HTTP}middlewares.x": ""}, id="no type at all"),
        pytest.param(NO_URLS, {f"{SERVICE}server.port": "81", f"{SERVICE}server.scheme": "H2C"}, id="port"),
        pytest.param(NO_URLS, {f"{SERVICE}server.weight": "3"}, id="weight"),
        pytest.param(NO_URLS, {"traefik.udp.services.web.loadbalancer.server.port": "81"}, id="port of UDP"),
        pytest.param(NO_URLS, {f"{HTTP}middlewares.web.ratelimit.average": "9"}, id="rate limit"),
        pytest.param({}, {f"{SERVICE}server.port": "1", RULE: "PathPrefix(`/`)"}, id="no policy"),
    ],
)
def test_container_within_policy_is_published(settings: dict[str, str], labels: dict[str, str]) -> None:
    """A container that keeps to the policy is published."""
    it = decided(settings, labels)
    assert it.problems == ()
    assert it.publication


@pytest.mark.parametrize(
    ("settings", "labels", "told"),
    [
        pytest.param(HOSTS, {RULE: "Host(`other.test`)"}, ["the host other.test"], id="another host"),
        pytest.param(
            HOSTS, {RULE: "Host(`a.own.test`)"}, ["the host a.own.test"], id="subdomain of a single host"
        ),
        pytest.param(HOSTS, {RULE: "Host(`team.test`)"}, ["the host team.test"], id="parent domain"),
        pytest.param(HOSTS, {RULE: "Host(`xteam.test`)"}, ["the host xteam.test"], id="host with the same ending"),
        pytest.param(
            HOSTS, {RULE: "Host(`own.test`, `other.test`)"}, ["the host other.test"], id="second argument"
        ),
        pytest.param(
            HOSTS, {RULE: "Host(`own.test`) || Host(`other.test`)"}, ["the host other.test"], id="alternative"
        ),
        pytest.param(
            HOSTS,
            {RULE: "Host(`own.test`) || PathPrefix(`/`)"},
            ["its rule is not plainly limited to hosts; write Host(`...`)"],
            id="alternative without a host",
        ),
        pytest.param(HOSTS, {RULE: "HostRegexp(`own.test`)"}, ["not plainly limited"], id="pattern"),
        pytest.param(HOSTS, {RULE: "!Host(`own.test`)"}, ["not plainly limited"], id="negation"),
        pytest.param(
            HOSTS,
            {RULE: "Host(`own.test`) && !Host(`other.test`)"},
            ["the host other.test"],
            id="negated host",
        ),
        pytest.param(
            HOSTS,
            {RULE: "Host(`own.test`) && (Host(`other.test`) || Path(`/`))"},
            ["the host other.test"],
            id="alternative to a path",
        ),
        pytest.param(HOSTS, {RULE: "Host(`own.test`) // x"}, ["not plainly limited"], id="comment"),
        pytest.param(HOSTS, {RULE: "Host(`*`)"}, ["the host *"], id="wildcard"),
        pytest.param(HOSTS, {RULE: "Host(`*.test`)"}, ["the host *.test"], id="wider wildcard"),
        pytest.param(HOSTS, {RULE: "Host(`\N{KELVIN SIGN}.team.test`)"}, ["the host"], id="not ASCII"),
        pytest.param(HOSTS, {RULE: "Host(`own.test.`)"}, ["the host own.test."], id="final dot"),
        pytest.param(HOSTS, {RULE: "Host(`own.test:80`)"}, ["the host own.test:80"], id="port"),
        pytest.param(HOSTS, {}, ["the host web"], id="default rule"),
        pytest.param(HOSTS, {f"{TCP}routers.web.rule": "HostSNI(`*`)"}, ["the host *"], id="TCP for any host"),
        pytest.param(
            HOSTS,
            {f"{TCP}routers.web.rule": "HostSNIRegexp(`.*`)"},
            ["its rule is not plainly limited to hosts; write HostSNI(`...`)"],
            id="TCP pattern",
        ),
        pytest.param(
            HOSTS,
            {
                RULE: "Host(`own.test`)",
                f"{HTTP}routers.web.tls.domains[0].main": "other.test",
                f"{HTTP}routers.web.tls.domains[0].sans": "own.test,third.test",
            },
            ["the certificate domain other.test", "the certificate domain third.test"],
            id="certificate",
        ),
        pytest.param(
            HOSTS,
            {
                RULE: "Host(`own.test`)",
                "traefik.tls.stores.default.defaultgeneratedcert.domain.main": "other.test",
                "traefik.tls.stores.default.defaultgeneratedcert.domain.sans": "third.test",
            },
            ["the certificate domain other.test", "the certificate domain third.test"],
            id="default certificate",
        ),
        pytest.param(NAMES, {f"{HTTP}routers.shop.rule": "Host(`a`)"}, ["the name shop"], id="name of a router"),
        pytest.param(
            NAMES,
            {f"{HTTP}services.shop.loadbalancer.server.port": "80"},
            ["the name shop", "the name shop"],
            id="joins a service",
        ),
        pytest.param(
            NAMES,
            {f"{HTTP}middlewares.shop.headers.framedeny": "true"},
            ["the name shop"],
            id="name of a middleware",
        ),
        pytest.param(
            NAMES, {f"{HTTP}routers.web.service": "shop"}, ["the name shop"], id="leads to another's service"
        ),
        pytest.param(
            NAMES, {f"{HTTP}routers.web.service": "shop@docker"}, ["the name shop"], id="the same with a provider"
        ),
        pytest.param(
            NAMES,
            {f"{HTTP}routers.web.service": "team-a@etcd"},
            ["the name team-a@etcd"],
            id="the same with the etcd provider",
        ),
        pytest.param(
            NAMES,
            {f"{HTTP}routers.web.middlewares": "team-a,other@file"},
            ["the name other@file"],
            id="one of a list",
        ),
        pytest.param(NAMES, {f"{HTTP}routers.web.tls.options": "lax"}, ["the name lax"], id="TLS options"),
        pytest.param(
            NAMES, {f"{SERVICE}serverstransport": "insecure@file"}, ["the name insecure@file"], id="transport"
        ),
        pytest.param(NAMES, {f"{HTTP}middlewares.web.chain.middlewares": "other"}, ["the name other"], id="chain"),
        pytest.param(NAMES, {f"{HTTP}middlewares.web.errors.service": "other"}, ["the name other"], id="errors"),
        pytest.param(
            NAMES,
            {"traefik.tls.stores.default.defaultgeneratedcert.resolver": "acme"},
            ["the name default"],
            id="default store",
        ),
        pytest.param(
            NAMES,
            {f"{HTTP}routers.xteam-a.rule": "Host(`a`)"},
            ["the name xteam-a"],
            id="name with the same ending",
        ),
        pytest.param(
            NAMES,
            {f"{HTTP}routers.team-a\n.rule": "Host(`a`)", f"{HTTP}routers.a\nteam-b.rule": "Host(`b`)"},
            ["the name a\nteam-b"],
            id="name with a newline",
        ),
        pytest.param(
            NO_PROVIDERS,
            {f"{HTTP}routers.web.service": "api@internal"},
            ["the name api@internal"],
            id="internal service",
        ),
        pytest.param(
            NO_PROVIDERS,
            {f"{HTTP}routers.web.service": "API@internal"},
            ["the name API@internal"],
            id="internal service in capitals",
        ),
        pytest.param(ENTRYPOINTS, {RULE: "Host(`a`)"}, ["it names no entry points"], id="all entry points"),
        pytest.param(
            ENTRYPOINTS,
            {f"{HTTP}routers.web.entrypoints": "web,traefik"},
            ["the entry point traefik"],
            id="entry point",
        ),
        pytest.param(ENTRYPOINTS, {f"{UDP}routers.web.entrypoints": "dns"}, ["the entry point dns"], id="UDP"),
        pytest.param(
            TYPES, {f"{HTTP}middlewares.x.forwardAuth.address": "http://a"}, ["the type forwardauth"], id="type"
        ),
        pytest.param(
            NAMES,
            {f"{HTTP}routers.web.middlewares": "web,g,a,b,a,c,d,e,f"},
            ["the names g, a, b, c, d and 2 more are not"],
            id="names",
        ),
        pytest.param(
            ENTRYPOINTS,
            {f"{HTTP}routers.web.entrypoints": "a,web,b"},
            ["the entry points a, b are not"],
            id="several entry points",
        ),
        pytest.param(
            HOSTS, {RULE: "Host(`b.test`) || Host(`a.test`)"}, ["the hosts a.test, b.test are not"], id="hosts"
        ),
        pytest.param(
            HOSTS,
            {RULE: "Host(`own.test`)", f"{HTTP}routers.web.tls.domains[0].sans": "a.test,own.test,b.test"},
            ["the certificate domains a.test, b.test are not"],
            id="certificates",
        ),
        pytest.param(TYPES, {f"{HTTP}middlewares.x.plugin.p.a": "1"}, ["the type plugin"], id="plugin"),
        pytest.param(
            TYPES,
            {f"{TCP}middlewares.x.inflightconn.amount": "1", f"{TCP}routers.x.rule": "HostSNI(`*`)"},
            ["the type inflightconn"],
            id="TCP type",
        ),
        pytest.param(NO_URLS, {f"{SERVICE}server.port": "80@evil.test:81"}, ["may not choose where"], id="port"),
        pytest.param(
            NO_URLS, {f"{SERVICE}server.scheme": "http://evil.test/?"}, ["may not choose where"], id="scheme"
        ),
        pytest.param(
            NO_URLS,
            {f"{TCP}services.web.loadbalancer.server.port": "80:81"},
            ["may not choose where"],
            id="TCP port",
        ),
        pytest.param(NO_URLS, {f"{SERVICE}server.url": "http://10.0.0.1"}, ["may not choose where"], id="URL"),
        pytest.param(
            NO_URLS, {f"{SERVICE}server.url": "http://10.0.0.1:80"}, ["may not choose where"], id="URL with a port"
        ),
        pytest.param(NO_URLS, {"bridge.address": "10.0.0.1:80"}, ["may not choose where"], id="address"),
        pytest.param(
            NO_URLS,
            {f"{REDIS}endpoints": "10.0.0.1:6379", f"{REDIS}password": "x"},
            ["may not choose what Traefik connects to"],
            id="Redis",
        ),
        pytest.param(
            NO_URLS,
            {f"{REDIS}db": "0"},
            ["may not choose what Traefik connects to"],
            id="Redis on Traefik's own host",
        ),
        pytest.param(
            NO_URLS, {f"{SERVICE}server.URL": "http://10.0.0.1"}, ["may not choose where"], id="URL in capitals"
        ),
    ],
)
def test_container_violating_policy_is_refused(
    settings: dict[str, str], labels: dict[str, str], told: list[str]
) -> None:
    """A container that violates the policy is refused, with a problem and a hint for each label."""
    it = decided(settings, labels)
    assert it.publication is None
    assert it.reason == "its labels do what is not allowed on this host"
    found = [f"{problem.message}; {problem.hint}" for problem in it.problems]
    assert [text for text, problem in zip(told, found, strict=True) if text not in problem] == []
    assert all(problem.hint for problem in it.problems)
    assert {problem.label for problem in it.problems} <= {*labels, ""}


@pytest.mark.parametrize(
    "pattern", ["*", "a", "a*", "*a", "a*a", "*a*", "*a@a", "a*@*", "a**b", "*ab*a", "*a*b*", "*a*a*"]
)
def test_star_in_allowed_name_stands_for_any_text(pattern: str) -> None:
    """A star in an allowed name stands for any text without `@`, and for nothing else."""
    expression = re.compile(pattern.replace("*", "[^@]*"))
    names = ["".join(letters) for length in range(1, 6) for letters in product("ab@", repeat=length)]
    policy = options(load(PlanSettings, {"allowed_names": f"{pattern},web"}), "host").policy
    items = (Item(Ref("http", "routers", name), ()) for name in names)
    refused = {problem.message for problem in violations("web", items, policy)}
    wrong = {name for name in names if not expression.fullmatch(name)}
    assert refused == {f"http router {name}: the name {name} is not allowed here" for name in wrong}


@pytest.mark.parametrize(
    ("pattern", "name"), [("*shop*", "shop" * 20_000 + "@"), ("*-*-shop*", "-shop" * 1_000 + "@")]
)
def test_long_names_are_matched_fast(pattern: str, name: str) -> None:
    """Matching a long name takes little time, however many stars a pattern has."""
    began = time.process_time()
    assert decided({"allowed_names": f"{pattern},web"}, {f"{HTTP}routers.web.service": name}).problems
    assert time.process_time() - began < 5


def test_own_ipv6_address_is_allowed() -> None:
    """A container's own address is no choice of a label, of whichever kind it is."""
    only_ipv6 = container(networks=(Network("bridge", "n", "", "fd00::2"),))
    assert mapped(only_ipv6, options(load(PlanSettings, NO_URLS), "host")).problems == ()


def test_policy_covers_server_urls_of_stopped_containers() -> None:
    """The policy also applies to the server URL of a stopped container that is kept."""
    labels = {"traefik.docker.allownonrunning": "true", f"{SERVICE}server.url": "http://10.0.0.1"}
    stopped = container(labels=labels, status="exited")
    assert mapped(stopped, options(load(PlanSettings, NO_URLS | {"traefik_version": "3.7"}), "host")).problems


@pytest.mark.parametrize("protocol", ["http", "tcp"])
def test_other_ports_of_health_checks_are_refused(protocol: str) -> None:
    """Labels may not have health checks sent to another port, since a server may be at a host's address."""
    labels = {
        f"traefik.{protocol}.services.web.loadbalancer.{name}": value
        for name, value in {"server.port": "80", "healthcheck.port": "2375", "healthcheck.interval": "5s"}.items()
    }

    def told(allowed: str) -> list[str]:
        settings = {"allow_server_addresses": allowed, "traefik_version": "3.7"}
        found = mapped(container(labels=labels), options(load(PlanSettings, settings), "host"))
        return [problem.label for problem in found.problems]

    assert told("false") == [f"traefik.{protocol}.services.web.loadbalancer.healthcheck.port"]
    assert told("true") == []
