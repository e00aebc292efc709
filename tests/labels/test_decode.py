"""Labels become objects and leaves: what Traefik's label decoder makes of them, spelled as KV keys."""

from collections.abc import Mapping

import pytest

from bridge.labels.decode import decode
from bridge.labels.fields import Release
from bridge.labels.model import Decoded, Leaf, Ref


def keys(decoded: Decoded) -> dict[str, str]:
    """Return all leaves by their path, after checking that there are no problems."""
    assert not decoded.problems
    return {
        "/".join(filter(None, [ref.protocol, ref.kind, ref.name, leaf.path])): leaf.value
        for ref, leaves in decoded.objects.items()
        for leaf in leaves
    }


def decoded(labels: Mapping[str, str], release: Release = Release.V3_7) -> dict[str, str]:
    """Return the leaves of labels, which are given without the prefix `traefik.`."""
    return keys(decode("c", {f"traefik.{label}": value for label, value in labels.items()}, release))


CASES = [
    pytest.param({}, {}, id="no labels"),
    pytest.param({"foo.bar": "x", "docker.network": "n", "enable": "maybe"}, {}, id="other sections are ignored"),
    pytest.param(
        {"http.routers.web.rule": "Host(`a`)", "http.routers.web.priority": "+010"},
        {"http/routers/web/priority": "10", "http/routers/web/rule": "Host(`a`)"},
        id="router",
    ),
    pytest.param({"http.routers.web": "anything"}, {"http/routers/web": ""}, id="bare router"),
    pytest.param(
        {"HTTP.Routers.web.EntryPoints": "a", "http.ROUTERS.Web.rule": "r", "http.routers.WEB.service": "s"},
        {"http/routers/web/entrypoints": "a", "http/routers/web/rule": "r", "http/routers/web/service": "s"},
        id="letter case: the first in byte order names the object",
    ),
    pytest.param(
        {"http.routers.w.Rule": "first", "http.routers.w.rule": "second"},
        {"http/routers/w/rule": "second"},
        id="letter case: the last in byte order gives the value",
    ),
    pytest.param(
        {"http.\u017fervice\u017f.\u212a.loadbalancer.pa\u017f\u017fhostheader": "t"},
        {"http/services/\u212a/loadbalancer/passhostheader": "true"},
        id="letter case folds as in Go",
    ),
    pytest.param(
        {"http.routers.w.entrypoints": " a ,b,, c\u00a0"},
        {"http/routers/w/entrypoints": "a,b,,c"},
        id="list is trimmed",
    ),
    pytest.param({"http.routers.w.entrypoints": ""}, {"http/routers/w": ""}, id="an empty list is none"),
    pytest.param(
        {"http.routers.w.entrypoints": "  "}, {"http/routers/w/entrypoints": " "}, id="list of one empty string"
    ),
    pytest.param(
        {"http.routers.w.entrypoints[0]": "a", "http.routers.w.entrypoints.foo": "b", "http.routers.w.rule": "r"},
        {"http/routers/w/rule": "r"},
        id="list by positions is ignored",
    ),
    pytest.param(
        {"http.routers.w.tls.domains[1].main": "b", "http.routers.w.tls.domains[10].sans": "c, d"},
        {"http/routers/w/tls/domains/0000/sans": "c,d", "http/routers/w/tls/domains/0001/main": "b"},
        id="list of objects: byte order",
    ),
    pytest.param(
        {"http.routers.w.tls.domains.main": "x"},
        {"http/routers/w/tls/domains/0000/main": ""},
        id="domains without a position are one empty domain",
    ),
    pytest.param({"http.routers.w.tls.domains": "x"}, {"http/routers/w/tls": "true"}, id="bare domains are none"),
    pytest.param({"http.routers.w.tls": ""}, {"http/routers/w/tls": "true"}, id="bare tls"),
    pytest.param({"http.routers.w.tls": "TRUE"}, {"http/routers/w/tls": "true"}, id="tls=true"),
    pytest.param(
        {"http.routers.w.tls": "true", "http.routers.w.tls.certresolver": "le"},
        {"http/routers/w/tls/certresolver": "le"},
        id="an option implies tls",
    ),
    pytest.param(
        {"http.middlewares.m.compress": "1", "http.middlewares.m.compress.minresponsebodybytes": "many"},
        {"http/middlewares/m": ""},
        id="anything but true disables, with all below it",
    ),
    pytest.param({"http.middlewares.m": ""}, {"http/middlewares/m": ""}, id="bare middleware"),
    pytest.param(
        {"http.middlewares.m.stripprefix.prefixes": ""},
        {"http/middlewares/m/stripprefix/prefixes": ""},
        id="an object with nothing set keeps one empty field",
    ),
    pytest.param(
        {
            "http.middlewares.m.headers.customrequestheaders.X.Y": "1",
            "http.middlewares.m.headers.customrequestheaders.X": "2",
        },
        {"http/middlewares/m/headers/customrequestheaders/X.Y": "1"},
        id="a header's name may hold dots",
    ),
    pytest.param(
        {"http.middlewares.m.errors.statusrewrites.404-410": "+200"},
        {"http/middlewares/m/errors/statusrewrites/404-410": "200"},
        id="map of numbers",
    ),
    pytest.param(
        {"http.services.s.loadbalancer.server.port": "80", "http.services.s.loadbalancer.sticky.cookie": ""},
        {"http/services/s/loadbalancer/server/port": "80", "http/services/s/loadbalancer/sticky/cookie": "true"},
        id="server",
    ),
    pytest.param(
        {"http.services.s.loadbalancer.sticky": "false"},
        {"http/services/s/loadbalancer/servers": ""},
        id="a load balancer with nothing set",
    ),
    pytest.param(
        {"udp.services.s.loadbalancer.server.port": "53"},
        {"udp/services/s/loadbalancer/server/port": "53"},
        id="udp",
    ),
    pytest.param(
        {"tcp.services.s.loadbalancer.proxyprotocol": "", "tcp.services.s.loadbalancer.server.tls": "1"},
        {"tcp/services/s/loadbalancer/proxyprotocol": "true", "tcp/services/s/loadbalancer/server/tls": "true"},
        id="tcp",
    ),
    pytest.param(
        {"http.services.s.weighted.services[0].name": "a", "http.serverstransports.t.maxidleconnsperhost": "x"},
        {"http/services/s": ""},
        id="fields that no label may set are ignored",
    ),
    pytest.param(
        {
            "tls.stores.defaultx.defaultgeneratedcert.resolver": "le",
            "tls.stores.Default.defaultcertificate.certfile": "x",
        },
        {"tls/stores/Default": "", "tls/stores/defaultx/defaultgeneratedcert/resolver": "le"},
        id="stores that begin with default",
    ),
    pytest.param(
        {"tls.stores.other.defaultgeneratedcert.resolver": "le", "tls.options.o.x": ""}, {}, id="other tls labels"
    ),
    pytest.param(
        {"http.middlewares.m.plugin.p.a": ",x", "http.middlewares.m.plugin.p.l[0]": ",y"},
        {"http/middlewares/m/plugin/p/a": ",x", "http/middlewares/m/plugin/p/l/[0000]": ",y"},
        id="plugin: a leading comma means nothing in an option or a list",
    ),
    pytest.param(
        {"http.middlewares.m.plugin.p": "x"}, {"http/middlewares/m/plugin/p": ""}, id="plugin without options"
    ),
    pytest.param(
        {
            "http.middlewares.m.plugin.p.list[0]": "x",
            "http.middlewares.m.plugin.p.list[1]": "y",
            "http.middlewares.m.plugin.p.rows[0].a": "1",
            "http.middlewares.m.plugin.p.rows[0].b": "2",
            "http.middlewares.m.plugin.p.deep.er.still": "z",
        },
        {
            "http/middlewares/m/plugin/p/list/[0000]": "x",
            "http/middlewares/m/plugin/p/list/[0001]": "y",
            "http/middlewares/m/plugin/p/rows/[0000]/a": "1",
            "http/middlewares/m/plugin/p/rows/[0000]/b": "2",
            "http/middlewares/m/plugin/p/deep/er/still": "z",
        },
        id="plugin: lists and objects",
    ),
    pytest.param(
        {
            "http.middlewares.m.plugin.p.a.a.a": "1",
            "http.middlewares.m.plugin.p.b.b": "2",
            "http.middlewares.m.plugin.p.b.c": "3",
        },
        {
            "http/middlewares/m/plugin/p/a/a/a": "1",
            "http/middlewares/m/plugin/p/b": "2",
            "http/middlewares/m/plugin/p/c": "3",
        },
        id="plugin: an option inside one of the same name",
    ),
]


@pytest.mark.parametrize(("labels", "expected"), CASES)
def test_decode(labels: dict[str, str], expected: dict[str, str]) -> None:
    """Labels become the leaves that give Traefik's KV decoder the same result, and no others."""
    assert decoded(labels) == expected


def test_letter_folding_to_prefix_with_more_bytes_is_not_read() -> None:
    """Traefik compares so many bytes as its prefix has: such a letter has more, and the label is not for it."""
    assert decode("c", {"traefi\u212a.http.routers.a.rule": "r"}, Release.V3_7) == Decoded({})


@pytest.mark.parametrize(
    ("release", "expected"),
    [
        pytest.param(Release.V2_11, "5", id="2.11: a string"),
        pytest.param(Release.V3_0, "5s", id="3.0: a duration"),
    ],
)
def test_interval_by_release(release: Release, expected: str) -> None:
    """A health check's interval is a string in 2.11, where a number without a unit stays as it is."""
    label = "http.services.s.loadbalancer.healthcheck.interval"
    assert decoded({label: "5"}, release) == {"http/services/s/loadbalancer/healthcheck/interval": expected}


def test_leaves_name_their_labels() -> None:
    """Every leaf names the labels that it comes from, as the user wrote them."""
    labels = {
        "traefik.http.routers.web.Rule": "a",
        "traefik.http.routers.web.rule": "b",
        "traefik.http.middlewares.m.ipAllowList.ipStrategy": "true",
        "traefik.http.middlewares.n.chain.middlewares": "",
        "traefik.http.middlewares.o": "",
    }
    assert decode("c", labels, Release.V3_0).objects == {
        Ref("http", "middlewares", "m"): (
            Leaf("ipallowlist/ipstrategy", "true", ("traefik.http.middlewares.m.ipAllowList.ipStrategy",)),
        ),
        Ref("http", "middlewares", "n"): (
            Leaf("chain/middlewares", "", ("traefik.http.middlewares.n.chain.middlewares",)),
        ),
        Ref("http", "middlewares", "o"): (Leaf("", "", ("traefik.http.middlewares.o",)),),
        Ref("http", "routers", "web"): (
            Leaf("rule", "b", ("traefik.http.routers.web.Rule", "traefik.http.routers.web.rule")),
        ),
    }


def test_leaves_are_sorted() -> None:
    """The leaves of an object are sorted by path, whatever the order of the labels."""
    labels = {f"traefik.http.routers.web.{field}": "1" for field in ("Service", "rule", "tls.options", "Priority")}
    (leaves,) = decode("c", labels, Release.V3_0).objects.values()
    assert [leaf.path for leaf in leaves] == ["priority", "rule", "service", "tls/options"]
