"""The worlds whose every order of events is explored, and larger ones made at random."""

from dataclasses import replace
from random import Random

from bridge.view.model import Item, Publication
from tests.claims.model import Scene
from tests.claims.world import identifier, publication, router, service

ROUTER = "traefik/http/routers/r"


def box(name: str, host: str, application: str, created: int, **objects: str) -> Publication:
    """Return what a container publishes: services if the name begins with "s", else routers, each in a version.

    A version has a word for each leaf: "1" and "2" differ in one leaf, "1 tls" adds one.
    """
    items = tuple(_item(name, host, called, version) for called, version in objects.items())
    return publication(name, *items, application=application, created=str(created))


def _item(name: str, host: str, called: str, version: str) -> Item:
    rule, *more = version.split()
    leaves = {"rule": rule, **dict.fromkeys(more, "true")}
    if called.lower().startswith("s"):
        return service(called, f"http://{name}", f"{host}-{identifier(name)}", **leaves)
    return router(called, **leaves)


def scene(*boxes: tuple[str, Publication]) -> Scene:
    """Return a scene of containers that come and go once, each on its host."""
    scripts = {it.container: (it, None) for _, it in boxes}
    return Scene({it.container: host for host, it in boxes}, scripts)


def _on(host: str, name: str, application: str, created: int, **objects: str) -> tuple[str, Publication]:
    return host, box(name, host, application, created, **objects)


A = _on("h1", "a", "X", 1, r="1")
B = _on("h2", "b", "X", 2, r="2")

SMALL = {
    "a rollout, and another application that agrees with the new": scene(A, B, _on("h1", "c", "Y", 3, r="2")),
    "a rollout, and another application that agrees with the old": scene(A, B, _on("h3", "c", "Y", 3, r="1")),
    "three applications that want three things": scene(
        A, _on("h2", "b", "Y", 2, r="2"), _on("h1", "c", "Z", 3, r="3")
    ),
    "three replicas": scene(A, _on("h2", "b", "X", 2, r="1"), _on("h3", "c", "X", 3, r="1")),
    "two objects that are wanted crosswise": scene(
        _on("h1", "a", "X", 1, r="1"), _on("h2", "b", "Y", 2, q="1"), _on("h1", "c", "Z", 3, r="2", q="2")
    ),
    "a shared service behind routers that differ": scene(
        _on("h1", "a", "X", 1, r="1", s="1"),
        _on("h2", "b", "X", 2, r="2", s="1"),
        _on("h1", "c", "Y", 3, r="2", s="2"),
    ),
    "a rollout that spells a name anew": scene(
        _on("h1", "a", "X", 1, r="1", s="1"), _on("h2", "b", "X", 2, r="2", S="1"), _on("h1", "c", "X", 3, R="2")
    ),
    "containers that change while they run": Scene(
        {"a": "h1", "b": "h2"},
        {
            "a": (box("a", "h1", "X", 1, r="1"), box("a", "h1", "X", 1, r="2"), None),
            "b": (box("b", "h2", "X", 2, r="1"), box("b", "h2", "X", 2, r="3"), None),
        },
    ),
    "strangers who write into the view": replace(
        scene(A, _on("h2", "b", "X", 2, r="2 tls")), written=(ROUTER, f"{ROUTER}/tls")
    ),
    "strangers who delete from the view": replace(
        scene(A, _on("h2", "b", "Y", 2, r="2")), wiped=(f"{ROUTER}/rule",)
    ),
    "a view whose state was lost": Scene(
        {"a": "h1", "b": "h2"},
        {"a": (A[1], None), "b": (B[1], None)},
        left={f"{ROUTER}/rule": "1"},
        written=(f"{ROUTER}/tls",),
    ),
    "a view whose state was lost, and strangers who delete from it": Scene(
        {"a": "h1", "b": "h2"},
        {
            "a": (A[1], box("a", "h1", "X", 1, r="2")),
            "b": (box("b", "h2", "Y", 2, r="1"),),
        },
        left={f"{ROUTER}/rule": "1"},
        wiped=(f"{ROUTER}/rule",),
    ),
    "a host that is taken for dead and comes back": replace(
        scene(A, _on("h2", "b", "X", 2, r="1")), mortal={"h1": 2}
    ),
    "a host that dies twice while it is removed": Scene(
        {"a": "h1"},
        {"a": (A[1], box("a", "h1", "X", 1, q="1", r="1"))},
        mortal={"h1": 3},
    ),
    "two who remove the same host beside another application": replace(
        scene(A, _on("h2", "b", "Y", 2, r="2")), mortal={"h1": 1}, reapers=("first", "second")
    ),
    "a request that arrives late": Scene({"a": "h1"}, {"a": (A[1], None, A[1])}, losses=2),
    "a redefinition whose former leaf a stranger takes": replace(
        scene(_on("h1", "a", "X", 1, r="1 tls"), B), written=(f"{ROUTER}/tls",)
    ),
    "a container that is recreated beside another application": replace(
        scene(A, _on("h1", "b", "X", 2, r="2"), _on("h2", "c", "Y", 3, r="1")), together=True
    ),
    "replicas, and an answer that gets lost": replace(scene(A, _on("h2", "b", "X", 2, r="1")), losses=1),
    "a rollout, and an answer that gets lost": replace(scene(A, B), losses=1),
    "replicas of two versions": replace(
        scene(A, _on("h2", "b", "X", 2, r="1"), _on("h3", "c", "X", 3, r="1")), later=frozenset({"h2"})
    ),
    "a rollout from one version to a later one": replace(scene(A, B), later=frozenset({"h2"})),
    "a rollout from one version to an earlier one": replace(scene(A, B), later=frozenset({"h1"})),
    "a rollout over two versions, and another application": replace(
        scene(A, _on("h3", "b", "X", 2, r="2"), _on("h2", "c", "Y", 3, r="1")), later=frozenset({"h2"})
    ),
    "a host that is removed beside a later version": replace(
        scene(A, _on("h2", "b", "X", 2, r="1")), mortal={"h1": 2}, later=frozenset({"h2"})
    ),
    "a definer that leaves while another application does": Scene(
        {"a": "h1", "b": "h2", "c": "h3", "d": "h3", "y": "h3"},
        {
            "a": (A[1], None),
            "d": (box("d", "h3", "X", 2, r="1"),),
            "c": (box("c", "h3", "X", 9, r="1"), None),
            "b": (box("b", "h2", "X", 5, r="2"),),
            "y": (box("y", "h3", "Y", 0, r="1"), None),
        },
        first=("a", "d", "c", "b", "y", "c"),
    ),
}

LARGE = {
    "containers of a host that are decided together": replace(
        scene(
            _on("h1", "a", "X", 1, r="1", q="1"),
            _on("h1", "b", "X", 2, r="2", q="1"),
            _on("h1", "c", "Y", 3, q="2"),
            _on("h2", "d", "X", 4, r="1"),
        ),
        together=True,
        first=("a", "d"),
    ),
    "a rollout on hosts that are taken for dead": replace(scene(A, B), mortal={"h1": 2, "h2": 1}),
    "a host that dies beside replicas, and two who remove it": replace(
        scene(A, _on("h2", "b", "X", 2, r="1")),
        mortal={"h1": 2},
        reapers=("first", "second"),
    ),
    "four containers, three applications": scene(
        A, B, _on("h3", "c", "Y", 3, r="1"), _on("h1", "d", "Z", 4, r="2")
    ),
    "a rollout, another application, and answers that get lost": replace(
        scene(A, B, _on("h3", "c", "Y", 3, r="2")), losses=1
    ),
    "a rollout of two objects on three hosts": scene(
        _on("h1", "a", "X", 1, r="1", s="1"),
        _on("h2", "b", "X", 2, r="2", s="2"),
        _on("h3", "c", "Y", 3, r="2", s="1"),
    ),
}


def random_scene(seed: int) -> Scene:
    """Return a scene of five containers of three applications on three hosts, with up to three objects each.

    Containers change, go and come back. Some hosts die, for good or not, and are removed by one or two reapers;
    some of the other hosts have a bridge of a later version.
    """
    random = Random(seed)
    hosts = {name: random.choice(("h1", "h2", "h3")) for name in "abcde"}
    scripts = {name: _script(random, name, host) for name, host in hosts.items()}
    losses, together = random.randrange(3), random.random() < 0.5
    mortal = {host: random.randrange(4) for host in sorted(set(hosts.values()))}
    reapers = ("first", "second")[: random.randrange(1, 3)]
    later = frozenset(host for host, lives in mortal.items() if not lives and random.random() < 0.5)
    return Scene(hosts, scripts, mortal, reapers, losses=losses, together=together, later=later)


def _script(random: Random, name: str, host: str) -> tuple[Publication | None, ...]:
    application, created = random.choice("XYZ"), random.randrange(1, 10)

    def version() -> Publication:
        wanted = random.sample(("q", "r", "s"), random.randrange(1, 4))
        return box(name, host, application, created, **{it: random.choice(("1", "2", "2 tls")) for it in wanted})

    return tuple(random.choice((version(), version(), None)) for _ in range(4))
