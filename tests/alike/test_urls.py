"""Traefik gives up a service for a server's URL exactly where the bridge refuses the server's container."""

from collections.abc import Mapping, Sequence

import pytest

from tests.alike.batch import Outcome, Placed, compare
from tests.lab.etcd import Etcd
from tests.lab.fake_engine import FakeContainer
from tests.lab.parts import TraefikRelease

PORTS = (
    "80",
    "080",
    "0",
    "65536",
    "http",
    "80/tcp",
    "/x",
    "-1",
    "+80",
    "8 0",
    "٨٠",
    "80:80",
    "80?x",
    "80#x",
    "80#%",
    "80%",
    "@",
    "x@127.0.0.1:80",
)
SCHEMES = (
    "https",
    "HTTP",
    "h2c",
    "nosuch",
    "a+b-c.d",
    "1a",
    "-a",
    "ä",
    "a b",
    "a_b",
    "a/b",
    "/a",
    "http:",
    "http://",
    "a?b",
    "a#b",
    "%41",
)
URLS = (
    "http://web",
    "http://web:",
    "http://web:80/a/b?c=%#d",
    "http://web:x",
    "http://web:80x",
    "http://we b",
    "http://we%20b",
    "http://we%25b",
    "http://w%C3%A4b",
    "http://wäb",
    "http://we%zzb",
    "http://we^b",
    "http://we|b",
    "http://we\\b",
    "http://we`b",
    "http://we{b}",
    "http://we<b>\"'!$&()*+,;=~._-",
    "http://user@web",
    "http://user:pass@web",
    "http://user:p@ss@web",
    "http://us er@web",
    "http://usér@web",
    "http://user:%zz@web",
    "http://user:%41@web",
    "http://user:pa/ss@web",
    "http://[::1]",
    "http://[::1]:80",
    "http://[::1]:x",
    "http://[::1]80",
    "http://[::1",
    "http://[fe80::1%25eth0]:80",
    "http://[fe80::1%eth0]:80",
    "http:///a",
    "http:",
    "http:web",
    "http:/web",
    "//web",
    "//web:x",
    "///web:x",
    "/a:b",
    "web",
    "web/a:b",
    "127.0.0.1:80",
    "a_b:80",
    ":80",
    "://web",
    "?a:b",
    "a?b:c",
    "a%zz",
    "http://web/%zz",
    "http://web/%4",
    "http://web/a b",
    "http://web/#%zz",
    "http://web/?%zz",
    "http://web/\x7f",
    "http://web/\n",
    "http://web/?\t",
    "http://web/#\x01",
    "*",
    " http://web",
    "http://web ",
    "#",
)


def placed(values: Mapping[str, Sequence[str]]) -> list[Placed]:
    """Return a container for each value of each field of a server."""
    fields = [(field, value) for field, several in values.items() for value in several]
    label = "traefik.http.services.u{}-s.loadbalancer.server.{}"
    return [
        Placed(FakeContainer(f"u{at}", {label.format(at, field): value}))
        for at, (field, value) in enumerate(fields)
    ]


def given_up(outcome: Outcome) -> set[str]:
    """Return the services with a server whose URL Traefik's Docker provider cannot parse."""
    services = outcome.theirs["services"].items()
    return {name for name, it in services if any("parsing server URL" in told for told in it.get("error", ()))}


@pytest.mark.parametrize(
    ("release", "values"),
    [("3.7", {"port": PORTS, "scheme": SCHEMES, "url": URLS}), ("2.11", {"port": PORTS, "scheme": SCHEMES})],
)
def test_url_is_refused_where_traefik_gives_up_the_service(
    etcd: Etcd, release: TraefikRelease, values: Mapping[str, Sequence[str]]
) -> None:
    """Just these are refused: every other URL is taken, whether it leads anywhere or not."""
    containers = placed(values)
    outcome = compare(containers, etcd, release)
    refused = outcome.theirs["services"].keys() - outcome.ours["services"].keys()
    said = {f"{it.container.name}-s": dict(it.container.labels) for it in containers}
    assert {name: said[name] for name in refused} == {name: said[name] for name in given_up(outcome)}
    assert not [it for it in outcome.differences() if it.ours is not None]
