"""Containers as people label them, most correctly, some slightly wrong; the same seed gives the same containers.

They form applications of one to three containers: replicas, or containers with routers and ports of their own that
lead to one service. The names of all objects begin with the application's; some routers use the objects of another
application.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from bridge.labels.fields import Release, Row
from tests.alike.batch import Placed
from tests.alike.fields import ROWS, VALUES, address, label_of, settable
from tests.lab.fake_engine import FakeContainer

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
SCHEMES = ("http", "https", "h2c")
URLS = ("http://127.9.9.9:81", "https://127.9.9.9", "h2c://127.9.9.9:81", "127.9.9.9", "")
PORTS, PORTS_ARE = ("80", "8080", "65535", "0", "65536", ""), (16, 8, 4, 1, 1, 1)
NAMED_PORTS = (*PORTS[:-2], "http", PORTS[-1])
EXPOSED: Sequence[Sequence[str]] = (("80/tcp",), ("80/tcp", "443/tcp"), ("9/udp", "8080/tcp"), ("7/sctp",), ())
ENABLES = ("true", "TRUE", "1", "t", "false", "0", "maybe", "")
ABOUT_ITSELF = ("traefik.enable", "traefik.docker")
OTHERS = ("traefik.enabled", "traefik.httpx.a", "Traefik.enable", "traefik.foo.bar", "com.example", "traefik")


Labels = Iterator[tuple[str, str]]


def containers(seed: int, count: int, release: Release) -> list[Placed]:
    """Return `count` containers, or up to three more, with labels as people write them for a release."""
    author, found = _Author(Random(seed), release, settable(release)), list[Placed]()
    while len(found) < count:
        found += _application(author, f"a{len(found)}", len(found))
    return found


def _application(author: "_Author", app: str, first: int) -> Iterator[Placed]:
    dice = author.dice
    own = _replicas(author, app) if dice.random() < 0.8 else _alike(author, app)
    keeps = any(name.lower() == "traefik.docker.allownonrunning" for name in own[0])
    exposed = dice.choices(EXPOSED, (8, 4, 4, 1, 1))[0]
    for number, labels in enumerate(own):
        name = app if len(own) == 1 else f"{app}-{number}"
        # Containers with a server that are kept although they do not serve are left out: see `test_at_scale`.
        runs = dice.random() < 0.95 or (keeps and any(".server." in label.lower() for label in labels))
        health = (
            "" if keeps else dice.choices(("", "healthy", "unhealthy", "starting", "none"), (32, 4, 1, 1, 1))[0]
        )
        # On the host network all have one address; several of one service are left out: see `test_at_scale`.
        if len(own) == 1 and dice.random() >= 0.97:
            made = FakeContainer(name, labels, networks={"host": ()}, network_mode="host", ports={}, health=health)
        else:
            networks = _networks(dice, labels, first + number)
            ports = {port: _bindings(dice, first + number) for port in exposed}
            made = FakeContainer(name, labels, networks=networks, ports=ports, health=health)
        yield Placed(made, runs)
    if dice.random() < 0.1 and _is_readable(own[-1]):
        labels = dict(author.labels(f"{app}-n"))
        yield Placed(FakeContainer(f"{app}-n", labels, networks={}, network_mode=f"container:{name}"))


def _is_readable(labels: Mapping[str, str]) -> bool:
    """Return whether Traefik can read a container's own labels, `traefik.enable` and `traefik.docker.*`.

    If it cannot, no other container uses its network here: see `network-of-container-with-bad-labels`.
    """
    said = {name: text for name, text in labels.items() if name.lower().startswith(ABOUT_ITSELF)}
    return said.pop("traefik.enable", "true") == "true" and not said.keys() - {"traefik.docker.network"}


def _replicas(author: "_Author", app: str) -> list[dict[str, str]]:
    """Return the same labels for one or several replicas."""
    labels = dict(author.labels(app))
    # Several containers with the same URL are left out: see `test_at_scale`.
    has_url = any(label.lower().endswith(".server.url") for label in labels)
    size = 1 if has_url else author.dice.choices((1, 2, 3), (8, 1, 1))[0]
    if size > 1 or author.dice.random() < 0.2:
        project = author.dice.choice(("shop", "my.shop", "ä_1"))
        labels |= {"com.docker.compose.project": project, "com.docker.compose.service": app}
    return [labels] * size


def _alike(author: "_Author", app: str) -> list[dict[str, str]]:
    """Return the labels of containers that share a service and middlewares, but have routers of their own."""
    service, server = f"{app}-s", f"traefik.http.services.{app}-s.loadbalancer.server"
    middlewares = dict(author.middlewares(app))
    shared, names = middlewares | dict(author.options("HTTP", service)), _names(middlewares)
    found = []
    for number in range(author.dice.choice((2, 3))):
        labels = shared | dict(author.enabled()) | dict(author.router(f"{app}-r{number}", names))
        # All are usable: of servers that are unusable for different reasons, Traefik names a random one.
        ways = {f"{server}.port": author.dice.choice(PORTS[:2]), f"{server}.scheme": author.dice.choice(SCHEMES)}
        found.append(labels | ways | {f"traefik.http.routers.{app}-r{number}.service": service})
    return found


def _networks(dice: Random, labels: Mapping[str, str], number: int) -> dict[str, tuple[str, ...]]:
    own, other = address(number), f"fd00::{number + 1:x}"
    if labels.get("traefik.docker.network") == "front":
        return {"back": (own,), "front": (address(number + 500_000),)}
    return {"bridge": dice.choices(((own,), (own, other), (other,), ()), (20, 2, 1, 1))[0]}


def _bindings(dice: Random, number: int) -> Sequence[tuple[str, str]]:
    """Return where a port is published: mostly nowhere, or where no other container's is."""
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


def _bent(dice: Random, label: str, app: str) -> str:
    """Return a label in a valid spelling or, rarely, an invalid one."""
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
        # No key can hold a plugin's option named "0".
        parts.append(dice.choice(("foo", "main") if "Plugin" in parts else ("foo", "main", "0")))
    return ".".join(parts)


@dataclass(slots=True)
class _Author:
    """Writes labels with the fields that one release knows and, rarely, with others."""

    dice: Random
    release: Release
    known: Sequence[Row]
    others: list[str] = field(default_factory=list)

    def labels(self, app: str) -> Labels:
        """Write all labels of an application."""
        objects = [self.http, self.http, self.http, self.tcp, self.udp]
        wanted = self.dice.sample(objects, self.dice.choice((0, 1, 2, 2, 3, 3)))
        made = [pair for make in wanted for pair in make(app)]
        made += self.enabled()
        if self.dice.random() < 0.1:
            made.append(("traefik.docker.network", self.dice.choice(("front", "front", "nosuch", ""))))
        if self.dice.random() < 0.05 and self.release is not Release.V2_11:
            made.append(
                ("traefik.docker.allownonrunning", self.dice.choices(("true", "false", "x"), (4, 4, 1))[0])
            )
        if self.dice.random() < 0.02:
            made.append((self.dice.choice(OTHERS), "x"))
        for label, value in made:
            yield _bent(self.dice, label, app), value

    def enabled(self) -> Labels:
        """Enable most containers, a few of them in odd ways."""
        chance = self.dice.random()
        if chance < 0.7:
            yield "traefik.enable", "true" if chance > 0.05 else self.dice.choice(ENABLES)

    def http(self, app: str) -> Labels:
        """Write middlewares, services and routers that use each other."""
        middlewares = dict(self.middlewares(app))
        yield from middlewares.items()
        names = _names(middlewares)
        services = [f"{app}-s{number}" for number in range(self.dice.choice((0, 1, 1, 1, 2)))]
        for name in services:
            yield from self.service("HTTP", name)
        for number in range(self.dice.choice((0, 1, 1, 1, 2))):
            router = f"traefik.http.routers.{app}-r{number}"
            yield from self.router(f"{app}-r{number}", names)
            if services and self.dice.random() < 0.6:
                yield (
                    f"{router}.service",
                    self.dice.choice(services) + self.dice.choice(("", "", "@docker", "@file")),
                )

    def router(self, name: str, middlewares: Sequence[str]) -> Labels:
        """Write a router that uses middlewares of its application and, rarely, of the previous one."""
        yield f"traefik.http.routers.{name}.rule", self.dice.choices(RULES, (16, 8, 4, 1, 1, 1, 1))[0]
        usable = [*middlewares, *(self.others if self.dice.random() < 0.2 else ())]
        if usable and self.dice.random() < 0.7:
            yield f"traefik.http.routers.{name}.middlewares", _references(self.dice, usable)
        if self.dice.random() < 0.3:
            yield from self.fields(("HTTP", "Routers"), name, self.dice.choice((1, 2)))
        self.others = [*middlewares]

    def middlewares(self, app: str) -> Labels:
        """Write some middlewares of random types."""
        kinds = sorted({row.path[:4] for row in self.known if row.path[:2] == ("HTTP", "Middlewares")})
        for number in range(self.dice.choice((0, 0, 1, 1, 2, 3))):
            kind = self.dice.choice(kinds)
            yield from self.fields(kind, f"{app}-m{number}", self.dice.choice((1, 1, 2, 3)))

    def tcp(self, app: str) -> Labels:
        """Write TCP services and routers."""
        for number in range(self.dice.choice((0, 1, 1, 2))):
            yield from self.service("TCP", f"{app}-t{number}")
        for number in range(self.dice.choice((0, 1, 1, 2))):
            yield f"traefik.tcp.routers.{app}-q{number}.rule", self.dice.choices(TCP_RULES, (6, 2, 1, 1))[0]
            yield from self.fields(("TCP", "Routers"), f"{app}-q{number}", self.dice.choice((0, 1)))

    def udp(self, app: str) -> Labels:
        """Write a UDP router and, more often than not, a service."""
        yield f"traefik.udp.routers.{app}-u.entrypoints", self.dice.choice(("udpin", "nosuch", ""))
        if self.dice.random() < 0.6:
            yield (
                f"traefik.udp.services.{app}-v.loadbalancer.server.port",
                self.dice.choices(NAMED_PORTS, PORTS_ARE)[0],
            )

    def service(self, protocol: str, name: str) -> Labels:
        """Write a service with a server, with options, or with both."""
        chance = self.dice.random()
        if chance < 0.7:
            yield from self.server(protocol, name)
        if chance > 0.5:
            yield from self.options(protocol, name)

    def server(self, protocol: str, name: str) -> Labels:
        """Write the port or URL of a service's server and, rarely, its scheme."""
        server = f"traefik.{protocol.lower()}.services.{name}.loadbalancer.server"
        if self.dice.random() < 0.1 and protocol == "HTTP" and self.release is not Release.V2_11:
            yield f"{server}.url", self.dice.choice(URLS)
        else:
            ports = PORTS if protocol == "HTTP" else NAMED_PORTS
            yield f"{server}.port", self.dice.choices(ports, PORTS_ARE)[0]
        if self.dice.random() < 0.1 and protocol == "HTTP":
            yield f"{server}.scheme", self.dice.choice(("https", "h2c", "nosuch"))

    def options(self, protocol: str, name: str) -> Labels:
        """Write options of a load balancer other than its servers."""
        yield from self.fields(
            (protocol, "Services", "{name}", "LoadBalancer"), name, self.dice.choice((1, 1, 2, 3))
        )

    def fields(self, above: tuple[str, ...], name: str, count: int) -> Labels:
        """Write some fields of an object, but none of a server."""
        of = ROWS if self.dice.random() < 0.02 else self.known
        rows = [row for row in of if row.path[: len(above)] == above and "server" not in row.path]
        for row in self.dice.sample(rows, min(count, len(rows))):
            *_, kind = row.type.partition("=")[0].split("|")
            values = VALUES[kind]
            value = values[0] if self.dice.random() < 0.9 else self.dice.choice(values)
            position = self.dice.choice(("[0]", "[0]", "[1]", "[10]"))
            yield label_of(row, name, self.dice.choice(("X-A", "key")), position), value


def _names(labels: Iterable[str]) -> list[str]:
    """Return the names of the objects that these labels belong to."""
    return sorted({label.split(".")[3] for label in labels})


def _references(dice: Random, names: list[str]) -> str:
    chosen = dice.sample(names, dice.randint(1, len(names)))
    ended = [name + dice.choice(("", "", "", "@docker", "@file")) for name in chosen]
    return dice.choice((",", ", ")).join(ended)
