"""Problems of labels that Traefik refuses or no key can hold: which label, why, and what to write instead."""

import pytest

from bridge.labels.decode import decode
from bridge.labels.fields import Release
from bridge.problem import Problem

OPTIONS = "traefik.http.middlewares.m.plugin.p"
HEADERS = "traefik.http.middlewares.m.headers.customrequestheaders"


@pytest.mark.parametrize(
    ("label", "value", "message", "hint"),
    [
        pytest.param(
            "Traefik.http.routers.a.rule",
            "",
            "The label begins with 'Traefik' instead of 'traefik'.",
            "write traefik.http.routers.a.rule",
            id="root in another case",
        ),
        pytest.param(
            "traefik.http..rule",
            "",
            "The label has nothing between two dots, or after its last one.",
            "remove the dot, or write a name",
            id="empty part",
        ),
        pytest.param(
            "traefik.http.routers.[0]",
            "",
            "The part '[0]' has no name before the bracket.",
            "write a name before it: name[0]",
            id="bracket without a name",
        ),
        pytest.param(
            "traefik.http.routers.ab].rule",
            "",
            "The part 'ab]' has a closing bracket but no opening one.",
            "write ab, or ab[0] for a position in a list",
            id="closing bracket without an opening one",
        ),
        pytest.param(
            "traefik.http.routers.].rule",
            "",
            "The part ']' has a closing bracket but no opening one.",
            "remove it",
            id="closing bracket alone",
        ),
        pytest.param(
            "traefik.http." + "a." * 50 + "b", "", "The label has more than 50 parts.", "", id="endless nesting"
        ),
        pytest.param(
            "traefik.http.routers.web.ruel",
            "",
            "Traefik 3.0 has no field 'ruel' here.",
            "did you mean traefik.http.routers.web.rule?",
            id="misspelt field",
        ),
        pytest.param(
            "traefik.httpx.foo",
            "",
            "Traefik 3.0 has no field 'httpx' here.",
            "did you mean traefik.http?",
            id="misspelt section",
        ),
        pytest.param(
            "traefik.udp.routers.a.zzz",
            "",
            "Traefik 3.0 has no field 'zzz' here.",
            "known fields: entrypoints, service",
            id="nothing near",
        ),
        pytest.param(
            "traefik.http.routers.web.certResolver",
            "le",
            "Traefik 3.0 has no field 'certResolver' here.",
            "did you mean traefik.http.routers.web.tls.certResolver?",
            id="one level too high",
        ),
        pytest.param(
            "traefik.http.services.s.loadbalancer.port",
            "80",
            "Traefik 3.0 has no field 'port' here.",
            "did you mean traefik.http.services.s.loadbalancer.healthcheck.port"
            " or traefik.http.services.s.loadbalancer.server.port?",
            id="one level too high, two candidates",
        ),
        pytest.param(
            "traefik.http.services.s.loadbalancer.servers[0].url",
            "",
            "Traefik 3.0 has no field 'servers' here.",
            "did you mean traefik.http.services.s.loadbalancer.server?",
            id="servers instead of server",
        ),
        pytest.param(
            "traefik.http.routers.web.rule: Host(`a.example`)",
            "",
            "Traefik 3.0 has no field 'rule: Host(`a' here.",
            "write traefik.http.routers.web.rule=...: the value is not part of the label's name",
            id="value in the name, after a colon",
        ),
        pytest.param(
            "traefik.http.services.s.loadbalancer.server.port=80",
            "",
            "Traefik 3.0 has no field 'port=80' here.",
            (
                "write traefik.http.services.s.loadbalancer.server.port=...:"
                " the value is not part of the label's name"
            ),
            id="value in the name",
        ),
        pytest.param(
            "traefik.http.routers.web.ruel=x",
            "",
            "Traefik 3.0 has no field 'ruel=x' here.",
            "did you mean traefik.http.routers.web.rule?",
            id="value in the name of a misspelt field",
        ),
        pytest.param(
            "traefik.http.routers.web.rule ",
            "",
            "Traefik 3.0 has no field 'rule ' here.",
            "did you mean traefik.http.routers.web.rule?",
            id="space at the end",
        ),
        pytest.param(
            "traefik.http.routers.app.example.com.rule",
            "",
            "Traefik 3.0 has no field 'example' here.",
            "did you mean traefik.http.routers.app-example-com.rule? A name cannot contain dots",
            id="name with dots",
        ),
        pytest.param(
            "traefik.http.middlewares.my.auth.basicAuth.users",
            "",
            "Traefik 3.0 has no field 'auth' here.",
            "did you mean traefik.http.middlewares.my-auth.basicAuth? A name cannot contain dots",
            id="name with a dot, near to a field",
        ),
        pytest.param(
            "traefik.http.services.s.loadbalancer.foo.server",
            "",
            "Traefik 3.0 has no field 'foo' here.",
            "known fields: healthcheck, passhostheader, responseforwarding, serverstransport, sticky, server",
            id="one part too many, in no name",
        ),
        pytest.param(
            "traefik.http.services.s.weighted.foo",
            "",
            "Traefik 3.0 has no field 'foo' here.",
            "",
            id="misspelt field of an ignored object",
        ),
        pytest.param(
            "traefik.http.services.s.loadbalancer.strategy",
            "p2c",
            "Traefik 3.0 has no field 'strategy' here.",
            "it needs Traefik 3.4: set traefik_version (BRIDGE_TRAEFIK_VERSION) to 3.4 if every Traefik that reads"
            " this etcd has that release or a later one",
            id="field of a later release",
        ),
        pytest.param(
            "traefik.http.middlewares.m.forwardauth.maxresponsebodysize",
            "1000",
            "Traefik 3.0 has no field 'maxresponsebodysize' here.",
            "it needs Traefik 3.7: set traefik_version (BRIDGE_TRAEFIK_VERSION) to 3.7 if every Traefik that reads"
            " this etcd has that release or a later one",
            id="field of an earlier and of a later release",
        ),
        pytest.param(
            "traefik.http.middlewares.m.stripprefix",
            "/a",
            "traefik.http.middlewares.m.stripprefix cannot stand alone.",
            "set one of: forceslash, prefixes",
            id="object alone",
        ),
        pytest.param(
            "traefik.http",
            "x",
            "traefik.http cannot stand alone.",
            "set one of: middlewares, routers, services",
            id="protocol alone",
        ),
        pytest.param(
            "traefik.http.routers",
            "",
            "traefik.http.routers cannot stand alone.",
            "write traefik.http.routers.<name>",
            id="map alone",
        ),
        pytest.param(
            "traefik.http.routers.a.rule.foo",
            "",
            "traefik.http.routers.a.rule takes a value and has no fields.",
            "write traefik.http.routers.a.rule=...",
            id="below a value",
        ),
        pytest.param(
            "traefik.http.routers.a.priority",
            "high",
            "traefik.http.routers.a.priority does not accept 'high'.",
            "write a whole number",
            id="not a number",
        ),
        pytest.param(
            "traefik.http.services.a.loadbalancer.healthcheck.port",
            "http://admin:hunter2@10.0.0.7",
            "traefik.http.services.a.loadbalancer.healthcheck.port does not accept 'http://***@10.0.0.7'.",
            "write a whole number",
            id="user and password in a URL",
        ),
        pytest.param(
            "traefik.http.services.a.loadbalancer.healthcheck.interval",
            "admin:hunter2@10.0.0.7",
            "traefik.http.services.a.loadbalancer.healthcheck.interval does not accept '***@10.0.0.7'.",
            'write a number with a unit, such as "500ms", "10s" or "1m30s"',
            id="user and password without a scheme",
        ),
        pytest.param(
            "traefik.http.services.a.loadbalancer.passhostheader",
            "",
            "traefik.http.services.a.loadbalancer.passhostheader does not accept ''.",
            "write true or false",
            id="empty boolean",
        ),
        pytest.param(
            "traefik.http.middlewares.m.basicauth.users",
            "secret\ud800",
            "traefik.http.middlewares.m.basicauth.users does not accept this value.",
            "write valid Unicode text",
            id="half a surrogate pair, not shown with the secret around it",
        ),
        pytest.param(
            "traefik.http.routers.123.rule",
            "",
            "The name '123' has only digits, which Traefik takes for a position in a list.",
            "choose another name",
            id="name of digits",
        ),
        pytest.param(
            "traefik.http.routers.a/b.rule",
            "",
            "The name 'a/b' has a slash, which separates the parts of a key.",
            "choose another name",
            id="name with a slash",
        ),
        pytest.param(
            f"traefik.http.routers.{'a' * 1001}.rule",
            "",
            f"The name '{'a' * 1001}' has more than 1000 characters.",
            "choose another name",
            id="long name",
        ),
        pytest.param(
            f"{HEADERS}.404",
            "",
            "The name '404' has only digits, which Traefik takes for a position in a list.",
            "choose another name",
            id="header of digits",
        ),
        pytest.param(
            f"{OPTIONS}.a.1",
            "",
            "The plugin 'p' has the name '1', which has only digits, which Traefik takes for a position in a list;"
            " a key-value store cannot hold that.",
            "",
            id="plugin option of digits",
        ),
        pytest.param(
            f"{OPTIONS}.a.b",
            ",x",
            (
                "The plugin 'p' has a value in an object that begins with a comma, which Traefik reads as a typed"
                " list; a key-value store cannot hold that."
            ),
            "",
            id="plugin value with a leading comma",
        ),
    ],
)
def test_problem(label: str, value: str, message: str, hint: str) -> None:
    """The problem of a bad label gives its full name, what is wrong with it, and what to write instead."""
    decoded = decode("web", {label: value}, Release.V3_0)
    assert decoded.problems == (Problem("web", label, message, hint),)
    assert not decoded.objects


def test_secret_in_label_name_is_not_shown() -> None:
    """A value that came into a label's name, as by `- "name: value"` in Compose's list of labels, is not told."""
    label = "traefik.http.middlewares.m.basicauth.users"
    (problem,) = decode("web", {f"{label}: me:$apr1$a.b": ""}, Release.V3_0).problems
    assert problem == Problem(
        "web",
        f"{label}: ***",
        "Traefik 3.0 has no field 'users: ***' here.",
        f"write {label}=...: the value is not part of the label's name",
    )


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        pytest.param([".a.x", ".a[0]"], "mixes names and positions in a list", id="names and positions"),
        pytest.param([".a.a", ".a.B", ".b"], "has names that differ only in letter case", id="letter case"),
        pytest.param([".l[0].a.x", ".l[0].a[0]"], "mixes names and positions in a list", id="inside a list"),
        pytest.param(
            [".a.0"],
            "has the name '0', which has only digits, which Traefik takes for a position in a list",
            id="digits",
        ),
    ],
)
def test_plugin_options_that_no_key_can_hold(options: list[str], reason: str) -> None:
    """Plugin options whose shape the KV decoder would change are refused."""
    labels = {f"{OPTIONS}{option}": "1" for option in options}
    (problem,) = decode("web", labels, Release.V3_0).problems
    assert problem.message == f"The plugin 'p' {reason}; a key-value store cannot hold that."


@pytest.mark.parametrize(
    ("code", "hint"), [("404", "write 404-404, which means the same"), ("4/4", "choose another name")]
)
def test_status_code_is_written_as_range(code: str, hint: str) -> None:
    """A status code, which no key can hold alone, can be written as a range of one; the hint says so."""
    rewrites = "traefik.http.middlewares.m.errors.statusrewrites"
    (problem,) = decode("web", {f"{rewrites}.{code}": "200"}, Release.V3_7).problems
    assert problem.hint == hint
    assert not decode("web", {f"{rewrites}.404-404": "200"}, Release.V3_7).problems


def test_all_problems_are_reported_together() -> None:
    """All problems of a container are reported together, so that the user need not find them one by one."""
    labels = {
        "TRAEFIK.http.routers.a.rule": "",
        "traefik.http.routers.a.priority": "x",
        "traefik.http.routers.a.foo": "",
        "traefik.http.routers.1.rule": "",
        "traefik.tcp.routers.b.tls.passthrough": "",
    }
    assert {problem.label for problem in decode("c", labels, Release.V3_0).problems} == set(labels)


def test_one_problem_drops_all_objects() -> None:
    """One problem drops all objects of a container, as in Traefik."""
    labels = {"traefik.http.routers.a.rule": "", "traefik.udp.routers.b.entrypoint": "x"}
    assert not decode("c", labels, Release.V3_0).objects


def test_label_with_lone_surrogate_can_be_printed() -> None:
    """A label with half a surrogate pair is reported in a form that every terminal can print."""
    (problem,) = decode("c", {"traefik.http.routers.\ud800.rule": ""}, Release.V3_0).problems
    assert (problem.label, problem.message) == (
        "traefik.http.routers.\\ud800.rule",
        "The label is not valid Unicode text.",
    )


def test_values_below_a_disabled_object_are_not_read() -> None:
    """Below a disabled object, names are checked but values are not, as in Traefik."""
    labels = {
        "traefik.http.middlewares.m.compress": "false",
        "traefik.http.middlewares.m.compress.minresponsebodybytes": "x",
        "traefik.http.middlewares.m.compress.foo": "x",
    }
    (problem,) = decode("c", labels, Release.V3_0).problems
    assert problem.label == "traefik.http.middlewares.m.compress.foo"
