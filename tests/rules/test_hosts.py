"""The hosts to which a rule is limited, compared with what real Traefiks match."""

import random
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice

import anyio
import pytest

from bridge.claims.transaction import Put
from bridge.rules.hosts import hosts
from bridge.store.client import Store
from bridge.store.connection import Connection
from tests.lab.etcd import Etcd
from tests.lab.ports import LOOPBACK
from tests.lab.traefik import Traefik, etcd_provider
from tests.store.answers import write

PLAIN = [
    ("Host(`a.test`)", {"a.test"}),
    ("host(`a.test`)", {"a.test"}),
    ('Host("a.test")', {"a.test"}),
    ("Host(`a.test`, `b.test`)", {"a.test", "b.test"}),
    ("HostHeader(`a.test`)", {"a.test"}),
    ("HostSNI(`a.test`)", {"a.test"}),
    ("HostSNI(`*`)", {"*"}),
    ("Host(`A.test`)", {"A.test"}),
    ("Host(`a.test`) && PathPrefix(`/x`)", {"a.test"}),
    ("PathPrefix(`/x`)&&Host(`a.test`)", {"a.test"}),
    ("(Host(`a.test`) || Host(`b.test`)) && (Path(`/`) || !Method(`GET`))", {"a.test", "b.test"}),
    ("Host(`a.test`) && PathPrefix(`/`) || Host(`b.test`)", {"a.test", "b.test"}),
    ("Host(`a.test`) && !Host(`b.test`)", {"a.test", "b.test"}),
    ("Host(`a.test`) && !(Path(`/`) || HostHeader(`b.test`))", {"a.test", "b.test"}),
    ("Host(`a.test`) && (Host(`b.test`) || Path(`/`))", {"a.test", "b.test"}),
    ("Host(`a.test`) && HostRegexp(`^.+[.]b[.]test$`)", {"a.test"}),
    ("Host(`a.test`) && PathRegexp(`\\d+`)", {"a.test"}),
    ("Host(`a.test`) && (Path(`/`) || Path(`/b.test`))", {"a.test"}),
    (" Host ( `a.test` )\n", {"a.test"}),
    ("Host(`a.test`) ||\n  Host(`b.test`)", {"a.test", "b.test"}),
    ("((((Host(`a.test`)))))", {"a.test"}),
    ("Host(`a.test`) && Path(`/ü`)", {"a.test"}),
    ("||".join(f"(Host(`{number}.test`))" for number in range(99)), {f"{number}.test" for number in range(99)}),
    ("Host(`\N{KELVIN SIGN}.test`)", {"\N{KELVIN SIGN}.test"}),
]
UNCERTAIN = [
    "",
    " ",
    "Host()",
    "Host(``",
    "Host!`a.test`)",
    "Host(`a.test`!",
    "(Host(`a.test`),",
    "Host(`a.test`) && Method()",
    "Path(`/`)",
    "PathPrefix(`/`)",
    "Host(`a.test`) || PathPrefix(`/`)",
    "PathPrefix(`/`) || Host(`a.test`)",
    "Host(`a.test`) && Path(`/`) || Path(`/`)",
    "Host(`a.test`) && (Host(`a.test`)) || (Path(`/`))",
    "!Host(`a.test`)",
    "!(Host(`a.test`) && Path(`/x`))",
    "!!Host(`a.test`)",
    "HostRegexp(`a[.]test`)",
    "HostRegexp(`{any:.*}`)",
    "HostSNIRegexp(`.*`)",
    "Header(`Host`, `a.test`)",
    "ClientIP(`127.0.0.1`)",
    "Host('a.test')",
    "Host(a.test)",
    "Host(`a.test`) // || Path(`/`)",
    "Host(`a.test`) /* && */ || Path(`/`)",
    "Path(`/`) /* && Host(`a.test`) */",
    "Path(`/`) // && Host(`a.test`)",
    'Host("\\x61.test")',
    'Host("a.test\\x00")',
    'Path("\\x60) && Host(\\x60a.test\\x60")',
    'Path("/` && Host(`a.test") || Path(`/`)',
    "Host(`a.test`) Host(`a.test`)",
    "Host(`a.test`) & Path(`/`)",
    "Host(`a.test`) | Path(`/`)",
    "Host(`a.test`) && ",
    "Host(`a.test`))",
    "(Host(`a.test`)",
    "Host(`a.test`) \N{FULLWIDTH VERTICAL LINE}\N{FULLWIDTH VERTICAL LINE} Path(`/`)",
    "Host(`a.test`)\N{NO-BREAK SPACE}",
    "\N{ZERO WIDTH NO-BREAK SPACE}Host(`a.test`)",
    "H\N{CYRILLIC SMALL LETTER O}st(`a.test`)",
    "Host(`a.test\r`)",
    "Host(`a.test\n`)",
    "Host(`a.test`,)",
    "Host[0](`a.test`)",
    "Host(`a.test` + `b`)",
    "not Host(`a.test`)",
    "Host(`a.test`) or Path(`/`)",
    "{{ Host(`a.test`) }}",
    "(" * 10_000 + "Host(`a.test`)" + ")" * 10_000,
    "!" * 10_000 + "Host(`a.test`)",
    "Host(" * 10_000,
]
Start = Callable[..., Traefik]

MATCHERS = (
    "Host(`a.test`)", "Host(`b.test`)", "host(`A.TEST`)", 'Host("a.test")', "Path(`/`)", "PathPrefix(`/x`)",
    "HostRegexp(`.+`)", "HostRegexp(`{any:.+}`)", "Method(`GET`)", "ClientIP(`127.0.0.0/8`)",
    "Host(`a.test`, `b.test`)",
)  # fmt: skip
ALLOWED = {"a.test", "b.test"}
FOREIGN = ("c.test", "a.test.c.test", "xa.test", "a_test", "127.0.0.1", "")
RULES = 200
DEAD = 502

NAMING = (
    "Host(`a.test`) && !Host(`{}`)", "Host(`a.test`) && (Host(`{}`) || Path(`/`))", "Host(`a.test`) || Host(`{}`)",
    "Host(`a.test`) && !(Path(`/`) || host(`{}`))", "Host(`a.test`) && !HostRegexp(`^{}$`)",
    "Host(`a.test`) && (HostRegexp(`^{}$`) || Path(`/`))", "Host(`a.test`) && Path(`/{}`)",
)  # fmt: skip
"""Rules that all contain a host name; the last has it only as a path."""
OLD, TLS_WITHIN = "old", 5.0


@pytest.mark.parametrize(("rule", "named"), PLAIN)
def test_rule_is_limited_to_its_hosts(rule: str, named: set[str]) -> None:
    """A rule's hosts are those of every alternative, and all others that it names."""
    assert hosts(rule) == frozenset(named)


@pytest.mark.parametrize("rule", UNCERTAIN, ids=lambda rule: rule[:40].encode("ascii", "replace").decode())
def test_rule_is_not_limited_to_hosts(rule: str) -> None:
    """A rule that matches other hosts, or could be read as doing so, is not limited to hosts."""
    assert hosts(rule) is None


@pytest.mark.parametrize(
    "read_by", [("3.7", {"rulesyntax": "v3"}), ("3.7", {"rulesyntax": "v2"}), ("2.11", {})], ids=str
)
def test_traefik_matches_no_other_host(
    etcd: Etcd,
    root_key: str,
    start_traefik: Start,
    start_traefik_2_11: Start,
    read_by: tuple[str, Mapping[str, str]],
) -> None:
    """Random rules that are said to be limited to hosts never let Traefik serve another host; others do."""
    release, syntax = read_by
    start = {"3.7": start_traefik, "2.11": start_traefik_2_11}[release]
    rules = made_at_random() + [rule for rule, _ in PLAIN if rule.isascii()]
    limited = [rule for rule in rules if (hosts(rule.lower()) or {""}) <= ALLOWED]
    others = [rule for rule in rules if hosts(rule) is None]
    assert min(len(limited), len(others)) > RULES / 10
    strict, loose = (
        start(etcd_provider(etcd, written(etcd, f"{root_key}/{name}", chosen, syntax)))
        for name, chosen in (("limited", limited), ("others", others))
    )
    strict.wait_for_status(DEAD, "a.test")
    loose.wait_for_status(DEAD, FOREIGN[0])
    answers = {(host, path): strict.get(host, path).status for host in FOREIGN for path in ("/", "/x")}
    assert answers == dict.fromkeys(answers, 404)


@pytest.mark.parametrize("release", ["3.7", "2.11"])
def test_traefik_sets_tls_options_of_no_other_host(
    etcd: Etcd, root_key: str, start_traefik: Start, start_traefik_2_11: Start, release: str
) -> None:
    """A rule changes the TLS options only of hosts that it is said to name."""
    rules = [rule.format(f"v{number}.test") for number, rule in enumerate(NAMING)]
    others = {f"v{number}.test": rule for number, rule in enumerate(rules)}
    root = written(etcd, root_key, [f"Host(`{host}`)" for host in others] + rules, {})
    owners = {f"{root}/http/routers/r{number}/tls/options": OLD for number in range(len(rules))}
    added = {f"{root}/http/routers/r{number}/tls": "true" for number in range(len(rules), 2 * len(rules))}
    anyio.run(_put, etcd, owners | added | {f"{root}/tls/options/{OLD}/maxversion": "VersionTLS12"})
    start = {"3.7": start_traefik, "2.11": start_traefik_2_11}[release]
    traefik = start(etcd_provider(etcd, root))
    traefik.wait_for(lambda it: not speaks_tls_1_3(it, f"v{len(rules) - 1}.test"))
    changed = {host: rule for host, rule in others.items() if speaks_tls_1_3(traefik, host)}
    assert changed
    assert {host: rule for host, rule in changed.items() if host not in (hosts(rule) or {host})} == {}


def speaks_tls_1_3(traefik: Traefik, host: str) -> bool:
    """Return whether Traefik accepts TLS 1.3 for a host, as only the default options do here."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    with socket.create_connection((LOOPBACK, traefik.port()), TLS_WITHIN) as connection:
        try:
            with context.wrap_socket(connection, server_hostname=host):
                return True
        except ssl.SSLError:
            return False


def made_at_random() -> list[str]:
    """Return random rules of these matchers, with every operator."""
    chance = random.Random(7)

    def rule(depth: int) -> str:
        match chance.randrange(5 if depth else 1):
            case 1 | 2:
                return f"{rule(depth - 1)} {chance.choice(('&&', '||'))} {rule(depth - 1)}"
            case 3:
                return f"({rule(depth - 1)})"
            case 4:
                return f"!{rule(depth - 1)}" if chance.random() < 0.5 else f"!({rule(depth - 1)})"
            case _:
                return chance.choice(MATCHERS)

    return [rule(3) for _ in range(RULES)]


def written(etcd: Etcd, root: str, rules: list[str], syntax: Mapping[str, str]) -> str:
    """Write a router for each rule, all of a service without a live server; return the root."""
    keys = {f"{root}/http/services/dead/loadbalancer/servers/0/url": "http://127.0.0.1:9"}
    for number, rule in enumerate(rules):
        router = {"rule": rule, "service": "dead", **syntax}
        keys |= {f"{root}/http/routers/r{number}/{name}": value for name, value in router.items()}
    anyio.run(_put, etcd, keys)
    return root


async def _put(etcd: Etcd, keys: Mapping[str, str]) -> None:
    store = Store(Connection((etcd.endpoint,)))
    try:
        for some in batched(keys.items(), 100):
            await write(store, *(Put(key, value) for key, value in some))
    finally:
        await store.aclose()


def batched(items: Iterable[tuple[str, str]], size: int) -> Iterator[list[tuple[str, str]]]:
    """Yield the items in lists of at most `size`."""
    waiting = iter(items)
    while some := list(islice(waiting, size)):
        yield some
