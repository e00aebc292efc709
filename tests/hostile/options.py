"""Draw the operator's settings: how containers are found and reached, and in some worlds a policy."""

from functools import cache
from random import Random

from bridge.labels.fields import Release
from bridge.routing.options import Options, Policy
from bridge.rules.constraints import Constraints
from bridge.rules.template import Template

RULES = [
    "Host(`{{ normalize .Name }}`)",
    "Host(`{{ .ContainerName }}`)",
    "{{ .Name | upper | trunc 5 }}",
    "{{ index .Labels `rule` | b64dec }}",
    "{{ range $k, $v := .Labels }}{{ regexReplaceAll `a+` $v $k }}{{ end }}",
    "{{ .Labels.rule | splitList `,` | join `|` | substr 1 7 }}{{ .Labels.rule | quote | js }}",
]
CONSTRAINTS = [
    "",
    "!Label(`a`, `b`)",
    "LabelRegex(`rule`, `^(a|aa)*$`) || !Label(`rule`, ``) || Label(`rule`, ``)",
]
ADVERTISED = ["192.0.2.1", "2001:db8::1"]
ENTRYPOINTS = [("web",), ("web", "secure", "a")]
HOSTS = [("*",), ("own.test", "*.team.test"), ("a", "c0")]
NAMES = [("*",), ("*", "*@*"), ("c*", "web", "k*", "api", "s*"), ("web", "*@docker")]
MIDDLEWARES = [("headers", "chain", "plugin", "ratelimit", "stripprefix"), ("forwardauth",)]


def options(random: Random, release: Release, host: str) -> Options:
    """Draw the options of one host's bridge."""
    return Options(
        release=release,
        exposed_by_default=random.random() < 0.95,
        default_rule=_template(random.choice(RULES)),
        constraints=_constraints(random.choice(CONSTRAINTS)),
        network=random.choice(["", "", "bridge", "\x1b"]),
        use_bind_port_ip=random.random() < 0.2,
        allow_empty_services=random.random() < 0.2,
        advertise_address=random.choice([""] * 8 + ADVERTISED),
        host=host,
        policy=_policy(random) if random.random() < 0.1 else Policy(),
        routable_networks=frozenset(random.choice([(), (), ("backbone",), ("bridge", "\x1b")])),
    )


def _policy(random: Random) -> Policy:
    """Draw a policy with one or two of the five limits: with more, hardly a container would be left."""
    limited = random.sample(range(5), random.choice([1, 1, 2]))
    entrypoints, hosts, names, middlewares = (
        random.choice(lists) if place in limited else ()
        for place, lists in enumerate((ENTRYPOINTS, HOSTS, NAMES, MIDDLEWARES))
    )
    return Policy(entrypoints, hosts, names, middlewares, server_addresses=4 not in limited)


@cache
def _template(text: str) -> Template:
    return Template.parse(text)


@cache
def _constraints(text: str) -> Constraints:
    return Constraints.parse(text)
