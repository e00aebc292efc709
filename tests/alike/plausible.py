"""Containers as people label them, most of them right, some slightly wrong: the same for the same seed.

What they are made of: applications of one to three containers, which share what they define; the names of all
objects begin with the application's.
"""

from collections.abc import Callable, Iterator, Sequence
from random import Random

from bridge.labels.fields import Row
from tests.alike.batch import Placed
from tests.alike.fields import ROWS, VALUES, address, label_of
from tests.lab.fake_engine import FakeContainer

MIDDLEWARES = sorted({row.path[:4] for row in ROWS if row.path[1] == "Middlewares"})
RULES = (
    "Host(`a.example`)",
    "Host(`a.example`) && PathPrefix(`/api`)",
    "PathPrefix(`/`) || Header(`X-A`, `b`)",
    "Host(`unclosed",
    "",
    " ",
    "Nonsense(`x`)",
)
TCP_RULES = ("HostSNI(`*`)", "HostSNI(`a.example`)", "", "HostSNI(`a")
URLS = ("http://127.9.9.9:81", "https://127.9.9.9", "h2c://127.9.9.9:81", "127.9.9.9", "")
PORTS = ("80", "8080", "65535", "0", "http", "")
EXPOSED: Sequence[Sequence[str]] = (("80/tcp",), ("80/tcp", "443/tcp"), ("9/udp", "8080/tcp"), ())
ENABLES = ("true", "TRUE", "1", "t", "false", "0", "maybe", "")
OTHERS = ("traefik.enabled", "traefik.httpx.a", "Traefik.enable", "traefik.foo.bar", "com.example", "traefik")


def containers(seed: int, count: int) -> list[Placed]:
    """Return that many containers, or two more."""
    dice, found = Random(seed), list[Placed]()
    while len(found) < count:
        found += _application(dice, f"a{len(found)}", len(found))
    return found


def _application(dice: Random, app: str, first: int) -> Iterator[Placed]:
    labels = dict(_labels(dice, app))
    has_url = any(label.lower().endswith(".server.url") for label in labels)
    size = 1 if has_url else dice.choices((1, 2, 3), (8, 1, 1))[0]
    keeps = any(name.lower() == "traefik.docker.allownonrunning" for name in labels)
    if size > 1 or dice.random() < 0.2:
        project = dice.choice(("shop", "my.shop", "ä_1"))
        labels |= {"com.docker.compose.project": project, "com.docker.compose.service": app}
    exposed = dice.choice(EXPOSED)
    for number in range(size):
        name = app if size == 1 else f"{app}-{number}"
        runs = dice.random() < 0.93 or (keeps and any(".server." in label.lower() for label in labels))
        health = (
            "" if keeps else dice.choices(("", "healthy", "unhealthy", "starting", "none"), (16, 2, 1, 1, 1))[0]
        )
        networks = _networks(dice, labels, first + number)
        ports = {port: _bindings(dice, first + number) for port in exposed}
        yield Placed(FakeContainer(name, labels, networks=networks, ports=ports, health=health), runs)


def _networks(dice: Random, labels: dict[str, str], number: int) -> dict[str, tuple[str, ...]]:
    own, other = address(number), f"fd00::{number + 1:x}"
    if labels.get("traefik.docker.network") == "front":
        return {"back": (own,), "front": (address(number + 500_000),)}
    return {"bridge": dice.choices(((own,), (own, other), (other,), ()), (20, 2, 1, 1))[0]}


def _bindings(dice: Random, number: int) -> Sequence[tuple[str, str]]:
    """Return where a port is published: mostly nowhere, or at places that no other container has."""
    own, other = address(number + 250_000), f"fd00:1::{number + 1:x}"
    everywhere = (("0.0.0.0", "8000"), ("::", "8000"))
    places = (
        (),
        everywhere,
        (("", "8000"),),
        ((own, "8001"),),
        ((other, "8002"),),
        ((own, "8003"), (other, "8003")),
    )
    return dice.choices((*places, (*everywhere, (own, "8004"))), (10, 2, 1, 2, 1, 1, 1))[0]


def _labels(dice: Random, app: str) -> Iterator[tuple[str, str]]:
    objects = [_http, _http, _http, _tcp, _udp]
    wanted: list[Callable[[Random, str], Iterator[tuple[str, str]]]] = dice.sample(
        objects, dice.choice((0, 1, 2, 2, 3))
    )
    made = [pair for make in wanted for pair in make(dice, app)]
    if dice.random() < 0.2:
        made.append(("traefik.enable", dice.choice(ENABLES)))
    if dice.random() < 0.1:
        made.append(("traefik.docker.network", dice.choice(("front", "front", "nosuch", ""))))
    if dice.random() < 0.05:
        made.append(("traefik.docker.allownonrunning", dice.choice(("true", "false", "x"))))
    if dice.random() < 0.02:
        made.append((dice.choice(OTHERS), "x"))
    for label, value in made:
        yield _bent(dice, label, app), value


def _bent(dice: Random, label: str, app: str) -> str:
    """Return a label as somebody might spell it, rarely as nobody should."""
    chance, parts = dice.random(), label.split(".")
    at = dice.randrange(len(parts))
    if chance < 0.6 or at == 0 or parts[at].startswith(app) or parts[1] in ("enable", "docker"):
        return label
    if chance < 0.97:
        parts[at] = dice.choice((parts[at].lower(), parts[at].upper(), parts[at].title()))
    elif chance < 0.98:
        parts[at] = parts[at][:-1]
    elif chance < 0.99:
        parts = parts[:-1]
    else:
        # No key can hold what a plugin would call "0".
        parts.append(dice.choice(("foo", "main") if "Plugin" in parts else ("foo", "main", "0")))
    return ".".join(parts)


def _http(dice: Random, app: str) -> Iterator[tuple[str, str]]:
    services = [f"{app}-s{number}" for number in range(dice.choice((0, 1, 1, 1, 2)))]
    middlewares = [f"{app}-m{number}" for number in range(dice.choice((0, 0, 1, 1, 2, 3)))]
    for name in middlewares:
        kind = dice.choice(MIDDLEWARES)
        rows = [row for row in ROWS if row.path[:4] == kind]
        yield from _fields(dice, rows, name, dice.choice((1, 1, 2, 3)))
    for name in services:
        yield from _service(dice, "HTTP", name)
    for number in range(dice.choice((0, 1, 1, 1, 2))):
        router = f"traefik.http.routers.{app}-r{number}"
        yield f"{router}.rule", dice.choices(RULES, (8, 4, 2, 1, 1, 1, 1))[0]
        if middlewares and dice.random() < 0.7:
            yield f"{router}.middlewares", _references(dice, middlewares)
        if services and dice.random() < 0.6:
            yield f"{router}.service", dice.choice(services) + dice.choice(("", "", "@docker", "@file"))
        if dice.random() < 0.3:
            rows = [row for row in ROWS if row.path[:2] == ("HTTP", "Routers")]
            yield from _fields(dice, rows, f"{app}-r{number}", dice.choice((1, 2)))


def _tcp(dice: Random, app: str) -> Iterator[tuple[str, str]]:
    for number in range(dice.choice((0, 1, 1, 2))):
        yield from _service(dice, "TCP", f"{app}-t{number}")
    for number in range(dice.choice((0, 1, 1, 2))):
        yield f"traefik.tcp.routers.{app}-q{number}.rule", dice.choices(TCP_RULES, (6, 2, 1, 1))[0]
        rows = [row for row in ROWS if row.path[:2] == ("TCP", "Routers")]
        yield from _fields(dice, rows, f"{app}-q{number}", dice.choice((0, 1)))


def _udp(dice: Random, app: str) -> Iterator[tuple[str, str]]:
    yield f"traefik.udp.routers.{app}-u.entrypoints", dice.choice(("udpin", "nosuch", ""))
    if dice.random() < 0.6:
        yield f"traefik.udp.services.{app}-v.loadbalancer.server.port", dice.choice(PORTS)


def _service(dice: Random, protocol: str, name: str) -> Iterator[tuple[str, str]]:
    server = f"traefik.{protocol.lower()}.services.{name}.loadbalancer.server"
    chance = dice.random()
    if chance < 0.6:
        yield f"{server}.port", dice.choices(PORTS, (8, 4, 1, 1, 1, 1))[0]
    elif chance < 0.7 and protocol == "HTTP":
        yield f"{server}.url", dice.choice(URLS)
    if dice.random() < 0.1 and protocol == "HTTP":
        yield f"{server}.scheme", dice.choice(("https", "h2c", "nosuch"))
    if chance > 0.5:
        rows = [
            row
            for row in ROWS
            if row.path[:2] == (protocol, "Services")
            and "server" not in row.path
            and row.path[3] == "LoadBalancer"
        ]
        yield from _fields(dice, rows, name, dice.choice((1, 1, 2, 3)))


def _fields(dice: Random, rows: list[Row], name: str, count: int) -> Iterator[tuple[str, str]]:
    for row in dice.sample(rows, min(count, len(rows))):
        values = VALUES[dice.choice(row.type.partition("=")[0].split("|"))]
        value = values[0] if dice.random() < 0.8 else dice.choice(values)
        yield label_of(row, name, dice.choice(("X-A", "key")), dice.choice(("[0]", "[0]", "[1]", "[10]"))), value


def _references(dice: Random, names: list[str]) -> str:
    chosen = dice.sample(names, dice.randint(1, len(names)))
    ended = [name + dice.choice(("", "", "", "@docker", "@file")) for name in chosen]
    return dice.choice((",", ", ")).join(ended)
