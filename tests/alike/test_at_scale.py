"""Thousands of containers at once are routed as Traefik's own Docker provider routes them.

Left out, since Traefik itself panics or chooses at random there, or the bridge differs on purpose; each has a test
or case of its own, which docs/deviations.md names where the bridge differs:
- a label part that ends in "]" without "[" (Traefik's provider panics);
- several networks without a network label, a port bound for TCP and UDP with use_bind_port_ip (random);
- names and map keys of digits only, names with "/" or "___lock", names that differ in case between containers;
- containers that disagree on an object, and several that give one service the same URL;
- the servers without an address of containers that are kept although they do not serve, and services that Traefik
  gives up because of such a server, see `test_server_without_address`;
- containers that use the network of one whose own labels Traefik cannot read;
- which server Traefik names in an error if several are unusable for different reasons;
- numbers that make Traefik panic or run out of memory, see `test_numbers_that_stop_traefiks_updates` and
  `test_sizes_that_crash_traefik`;
- what the API does not show: TLS stores and HTTP models, for which tests/labels compares the decoders, and that a
  rule is the default one (`default-rule-syntax` and test_default_rule);
- on which entry points Traefik serves a router without its TLS options, since others have the same host with
  different ones, see `test_conflicting_tls_options`;
- servers whose URL Traefik cannot parse (test_urls);
- an empty scheme on Traefik 2.11, see `test_empty_scheme`;
- containers with a `server.url` on Traefik 2.11, which ignores it while 3.4 reads it, so that the bridge refuses
  the container, see `test_url_on_2_11`.
"""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from http.client import HTTPException

import pytest

from bridge.labels.fields import Release
from bridge.view.urls import fault
from tests.alike import fields, plausible
from tests.alike.batch import LAST, LOADED_WITHIN, Difference, Placed, compare, cookie_name, owner
from tests.lab.bridge import Bridge
from tests.lab.etcd import Etcd
from tests.lab.fake_engine import FakeContainer, FakeEngine
from tests.lab.parts import TraefikRelease
from tests.lab.ports import LOOPBACK
from tests.lab.traefik import API, Traefik, docker_provider, etcd_provider
from tests.lab.wait import wait_for

SHOWN = 20

SETTINGS: Sequence[Mapping[str, str]] = (
    {},
    {"exposed_by_default": "false"},
    {"allow_empty_services": "true"},
    {"constraints": "!Label(`com.docker.compose.project`, `my.shop`)", "network": "front"},
    {"default_rule": 'Host(`{{ .Name }}.{{ index .Labels "com.docker.compose.project" }}`)'},
    {"use_bind_port_ip": "true"},
)
DEEP_SEEDS = range(100, 200)
IN_A_DEEP_BATCH = 2500

ROUTED = 0.3
"""The least share of the applications that Traefik must route, since every setting leaves some out."""

IGNORED_BY_2_11 = ".server.url"

DIVIDES_BY_ZERO = "33831688342692755"
"""As an average per nanosecond: the rate per second is just too large for an int64, and twice it wraps to 0."""

TOO_MUCH_MEMORY = "200000000000000"
"""More bytes than a process can address, but fewer than Go refuses to allocate."""

releases = pytest.mark.parametrize("release", ["3.7", "2.11"])
pytestmark = pytest.mark.usefixtures("traefiks")


@pytest.mark.timeout(400)
@releases
def test_every_field_is_read_as_by_traefik(etcd: Etcd, release: TraefikRelease) -> None:
    """Every field, with valid, empty and invalid values and in any spelling, is read as Traefik reads it."""
    outcome = compare(
        [it for it in fields.containers() if not (_scheme_is_empty(it) or _is_no_url(it))], etcd, release
    )
    assert len(outcome.theirs["middlewares"]) > 1000
    assert_same(outcome.differences(), release)


@releases
@pytest.mark.parametrize("seed", range(len(SETTINGS)))
def test_plausible_containers_are_routed_as_by_traefik(etcd: Etcd, release: TraefikRelease, seed: int) -> None:
    """Containers with plausible labels, most of them correct, are routed as by Traefik, whatever the settings."""
    compare_plausible(etcd, release, seed, 600)


@pytest.mark.deep
@pytest.mark.timeout(600)
@releases
@pytest.mark.parametrize("seed", DEEP_SEEDS)
def test_many_plausible_containers_are_routed_as_by_traefik(
    etcd: Etcd, release: TraefikRelease, seed: int
) -> None:
    """The same for many more containers."""
    compare_plausible(etcd, release, seed, IN_A_DEEP_BATCH)


@pytest.mark.deep
@pytest.mark.timeout(1200)
@releases
def test_deep_test_covers_a_hundred_thousand_label_sets(release: TraefikRelease) -> None:
    """The deep test covers over a hundred thousand different label sets, not counting names and empty sets."""
    drawn = (it for seed in DEEP_SEEDS for it in plausible.containers(seed, IN_A_DEEP_BATCH, Release(release)))
    assert len({digest for placed in drawn if (digest := _digest(placed.container))}) > 150_000


def _digest(container: FakeContainer) -> bytes:
    """Hash a container's labels without its own name; empty if it has no labels."""
    app = owner(container.name)
    said = sorted("=".join(pair).replace(app, "") for pair in container.labels.items())
    return hashlib.blake2b("\n".join(said).encode(), digest_size=8).digest() if said else b""


def compare_plausible(etcd: Etcd, release: TraefikRelease, seed: int, count: int) -> None:
    """Route the containers of a seed, with the settings for that seed, and compare."""
    settings = SETTINGS[seed % len(SETTINGS)]
    print(f"plausible.containers(seed={seed}, count={count}) on {release}, {settings}")
    outcome = compare(plausible.containers(seed, count, Release(release)), etcd, release, settings)
    routed = {owner(name) for objects in outcome.theirs.values() for name in objects}
    assert len(routed) > ROUTED * len({owner(placed.container.name) for placed in outcome.containers})
    assert_same(outcome.differences(), release)


def test_empty_scheme(etcd: Etcd) -> None:
    """An empty scheme gives Traefik 2.11 a server without a scheme, which it refuses; the bridge takes http."""
    labels = {"traefik.http.services.a-s.loadbalancer.server.scheme": ""}
    outcome = compare([Placed(FakeContainer("a", labels))], etcd, "2.11")
    assert [it.name for it in outcome.differences()] == ["a", "a-s"]
    assert outcome.theirs["services"]["a-s"]["loadBalancer"]["servers"] == [{"url": "://127.0.0.2:80"}]
    assert outcome.ours["services"]["a-s"]["loadBalancer"]["servers"] == [{"url": "http://127.0.0.2:80"}]


def test_server_without_address(etcd: Etcd) -> None:
    """With an unknown transport, Traefik gives up a service even if its only server has no address."""
    router, service = "traefik.http.routers.a-r", "traefik.http.services.a-s.loadbalancer"
    labels = {
        f"{router}.rule": "Nonsense(`x`)",
        f"{service}.server.port": "80",
        f"{service}.serverstransport": "nosuch",
        "traefik.docker.allownonrunning": "true",
    }
    outcome = compare([Placed(FakeContainer("a", labels), runs=False)], etcd, "3.7")
    theirs, ours = (side["services"]["a-s"] for side in (outcome.theirs, outcome.ours))
    assert (theirs["loadBalancer"]["servers"], theirs["status"]) == ([{}], "disabled")
    assert ("servers" in ours["loadBalancer"], ours["status"]) == (False, "enabled")
    assert not outcome.differences()


@releases
def test_conflicting_tls_options(etcd: Etcd, release: TraefikRelease) -> None:
    """Traefik copies both routers that serve one host with different TLS options, on both sides."""
    routers = {"a": "none", "b": "some@file"}
    labels = {
        name: {
            f"traefik.http.routers.{name}-r.rule": "Host(`a.example`)",
            f"traefik.http.routers.{name}-r.entrypoints": "web",
            f"traefik.http.routers.{name}-r.tls.options": options,
        }
        for name, options in routers.items()
    }
    outcome = compare([Placed(FakeContainer(name, it)) for name, it in labels.items()], etcd, release)
    copies = {"web-conflicted-a-r", "web-conflicted-b-r"}
    assert [{name for name in side["routers"] if "-r" in name} for side in (outcome.theirs, outcome.ours)] == [
        copies,
        copies,
    ]
    assert not outcome.differences()


def test_cookie_without_a_name(etcd: Etcd) -> None:
    """Traefik derives a sticky cookie's default name from the names of the service and its provider."""
    labels = {"traefik.http.services.a-s.loadbalancer.sticky.cookie": "true"}
    outcome = compare([Placed(FakeContainer("a", labels))], etcd, "3.7")
    names = [
        side["services"]["a-s"]["loadBalancer"]["sticky"]["cookie"]["name"]
        for side in (outcome.theirs, outcome.ours)
    ]
    assert names == [cookie_name("a-s@docker"), cookie_name("a-s@etcd")]


@pytest.mark.parametrize(
    ("release", "field", "number"),
    [
        ("3.7", "redis.poolsize", "-1"),
        ("3.7", "redis.minidleconns", "99999999999"),
        ("3.7", "redis.maxactiveconns", "99999999999"),
        *((release, "average", DIVIDES_BY_ZERO) for release in ("3.7", "2.11")),
    ],
)
def test_numbers_that_stop_traefiks_updates(
    etcd: Etcd, root_key: str, release: TraefikRelease, field: str, number: str
) -> None:
    """A rate limit that makes Traefik panic, after which it applies nothing new, costs only its own container."""
    label = f"traefik.http.middlewares.a-m.ratelimit.{field}"
    labels = {
        label: number,
        "traefik.http.middlewares.a-m.ratelimit.period": "1ns",
        "traefik.http.routers.a-r.middlewares": "a-m",
        "traefik.http.routers.a-r.rule": "Host(`a`)",
    }
    with FakeEngine() as engine, Bridge(engine, etcd, root_key, traefik_version=release) as bridge:
        engine.run(FakeContainer("a", labels))
        with Traefik(release, docker_provider(engine)) as docker:
            docker.process.wait_until(lambda: "panic(" in docker.process.log.read_text(), LOADED_WITHIN)
            engine.run(LAST)
            with Traefik(release, etcd_provider(etcd, root_key)) as kv:
                kv.wait_for(partial(Traefik.has, path="http/routers/zz-last@etcd"), LOADED_WITHIN)
            assert not docker.has("http/routers/zz-last@docker")
        assert label in bridge.log()


@pytest.mark.parametrize(
    ("release", "field"), [("3.7", "maxbodysize"), ("3.7", "maxresponsebodysize"), ("2.11", "maxresponsebodysize")]
)
def test_sizes_that_crash_traefik(etcd: Etcd, root_key: str, release: TraefikRelease, field: str) -> None:
    """A size that makes Traefik run out of memory at the first request costs only its own container."""
    middleware = "traefik.http.middlewares.a-m.forwardauth"
    with FakeEngine() as engine, Bridge(engine, etcd, root_key, traefik_version=release) as bridge:
        docker = Traefik(release, docker_provider(engine))
        labels = {
            f"{middleware}.{field}": TOO_MUCH_MEMORY,
            # Traefik's own API answers for the authentication server.
            f"{middleware}.address": f"http://{LOOPBACK}:{docker.port(API)}/api/version",
            "traefik.http.routers.a-r.middlewares": "a-m",
            "traefik.http.routers.a-r.rule": "Host(`a`)",
        }
        body = {f"{middleware}.forwardbody": "true"} if field == "maxbodysize" else {}
        engine.run(FakeContainer("a", labels | body))
        engine.run(LAST)
        with docker:
            docker.wait_for(partial(Traefik.has, path="http/routers/a-r@docker"), LOADED_WITHIN)
            with suppress(OSError, HTTPException):
                docker.get("a")
            wait_for(lambda: not docker.process.running, LOADED_WITHIN, docker.process.tail)
        with Traefik(release, etcd_provider(etcd, root_key)) as kv:
            kv.wait_for(partial(Traefik.has, path="http/routers/zz-last@etcd"), LOADED_WITHIN)
            assert not kv.has("http/routers/a-r@etcd")
        assert f"{middleware}.{field}" in bridge.log()


def test_url_on_2_11(etcd: Etcd) -> None:
    """Traefik 2.11 ignores a server's URL and routes to the container; the bridge refuses the container."""
    urls = ["http://127.9.9.9:81", ""]
    labels = [{f"traefik.http.services.a{at}-s.loadbalancer.server.URL": url} for at, url in enumerate(urls)]
    found = compare([Placed(FakeContainer(f"a{at}", one)) for at, one in enumerate(labels)], etcd, "2.11")
    differing = found.differences()
    assert [it.name for it in differing] == ["a0", "a1", "a0-s", "a1-s"]
    assert [it.ours for it in differing] == [None] * 4
    assert found.theirs["services"]["a0-s"]["loadBalancer"]["servers"] == [{"url": "http://127.0.0.2:80"}]
    assert_same(differing, "2.11")
    assert all(label in found.log for one in labels for label in one)


def assert_same(found: Sequence[Difference], release: TraefikRelease) -> None:
    """Fail with the differences and the labels that they come from."""
    differ = [it for it in found if not (release == "2.11" and it.ours is None and _ignored_there(it))]
    assert not differ, f"{len(differ)} differ:\n" + "\n".join(map(str, differ[:SHOWN]))


def _ignored_there(difference: Difference) -> bool:
    labels = (label.lower() for placed in difference.containers for label in placed.container.labels)
    return any(label.endswith(IGNORED_BY_2_11) for label in labels)


def _scheme_is_empty(placed: Placed) -> bool:
    labels = placed.container.labels
    return any(name.lower().endswith(".server.scheme") and not text for name, text in labels.items())


def _is_no_url(placed: Placed) -> bool:
    fields = {name.lower(): text for name, text in placed.container.labels.items() if ".http." in name.lower()}
    ports = [text for name, text in fields.items() if name.endswith(".server.port")]
    schemes = [text for name, text in fields.items() if name.endswith(".server.scheme")]
    return any(fault(f"http://a:{port}") for port in ports) or any(fault(f"{one}://a") for one in schemes if one)
