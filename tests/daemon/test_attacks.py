"""Labels that try to change keys of others, end to end: on a real engine, a real etcd and a real Traefik."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
from docker import APIClient

from bridge.claims.layout import Layout
from tests.daemon.host import Host, hosted, routed_by
from tests.daemon.keys import Keys
from tests.lab.bridge import Bridge
from tests.lab.engine import Engine
from tests.lab.etcd import Etcd
from tests.lab.traefik import Traefik, etcd_provider

RULE = "Host(`evil.localhost`)"
URL = "http://192.0.2.1"
NAMES = (
    "../routers/victim",
    "a/../victim",
    "a%2f..%2fvictim",
    "victim/rule",
    "victim%00",
    "VICTIM",
    "v\N{LATIN SMALL LETTER DOTLESS I}ctim",
    "victim\n",
    "victim ",
    "victim@docker",
    "victim@etcd",
    "\N{DIVISION SLASH}victim",
    "0",
    "..",
)
LABELS = (
    {"traefik.http.services.victim.loadbalancer.servers.evil.url": URL},
    {"traefik.http.services.victim.loadbalancer.servers[0].url": URL},
    {"traefik.http.services.victim.loadbalancer.sticky.cookie.name": "evil"},
    {"traefik.http.middlewares.m.headers.customrequestheaders.a/../../../../../routers/victim/rule": RULE},
    {"traefik.http.middlewares.m.plugin.p./../../../../../routers/victim/rule": RULE},
    {"traefik.http.middlewares.m.plugin.p.a\\..\\victim": RULE},
    {"traefik.http.routers.evil.service": "../victim"},
    {"com.docker.compose.project": "../../docker-event-bridge", "com.docker.compose.service": "alive/lab"},
    {"bridge.application": 'victim", "definer": "lab/0123456789ab', "traefik.http.routers.victim.rule": RULE},
    {"traefik.http.routers.victim.rule": RULE, "traefik.http.routers.victim.priority": "1000000"},
    {"traefik.http.middlewares.docker-event-bridge.addprefix.prefix": "/evil"},
    {"traefik.http.middlewares.Docker-Event-Bridge.addprefix.prefix": "/evil"},
    {"traefik": RULE},
    {"traefik.": RULE},
    {"traefik/http/routers/victim/rule": RULE},
)
# Names that are legal once they are taken literally.
OWN = {
    "victim\n",
    "victim ",
    "victim@docker",
    "victim@etcd",
    "victim%00",
    "v\N{LATIN SMALL LETTER DOTLESS I}ctim",
    "\N{DIVISION SLASH}victim",
    "alive-lab-docker-event-bridge",
    "evil",
}


def attacks() -> list[dict[str, str]]:
    """Return the labels of all attacking containers."""
    routers = [{f"traefik.http.routers.{name}.rule": RULE} for name in NAMES]
    services = [{f"traefik.http.services.{name}.loadbalancer.passhostheader": "false"} for name in NAMES[:4]]
    return routers + services + list(LABELS)


@contextmanager
def running(engine: Engine, name: str, labels: dict[str, str]) -> Iterator[None]:
    """Run a container through the engine's API, which accepts labels that the docker command refuses."""
    client = APIClient(engine.url)
    try:
        client.create_container("traefik/whoami", name=name, labels=labels)
        client.start(name)
        yield
    finally:
        client.remove_container(name, force=True)
        client.close()


@pytest.mark.timeout(120)
def test_labels_change_no_keys_of_others(host_alone: Host, start_traefik: Callable[..., Traefik]) -> None:
    """Whatever the labels are, no key elsewhere or of another container changes, and Traefik still serves that."""
    host, root = host_alone, host_alone.keys.root_key
    with host.container("victim"), ExitStack() as attackers:
        before = dict(host.keys.view())
        traefik = start_traefik(etcd_provider(host.keys.etcd, root))
        traefik.wait_for_status(200, "victim.localhost")
        for number, labels in enumerate(attacks()):
            attackers.enter_context(running(host.engine, f"attacker-{number}", labels))
        host.wait_until_followed()
        view, state = host.keys.view(), host.keys.state()
        assert {path: key for path, key in view.items() if path in before} == before
        # All keys of the whole etcd, unparsed: only those with the two prefixes are there.
        keys = host.keys.etcd.ctl("get", "--keys-only", "--prefix", "").split("\n\n")
        assert [key for key in keys if key.strip() and not key.lstrip("\n").startswith(prefixes(root))] == []
        layout = Layout(root, "docker-event-bridge", "lab")
        assert [path for path in state if layout.parse(layout.state + path) is None] == []
        added = {path.split("/")[2] for path in view.keys() - before.keys()}
        assert {name for name in added if not name.startswith("attacker-")} == OWN
        answer = traefik.wait_for_status(200, "victim.localhost")
        assert answer.body
    assert host.bridge.healthy()


def test_stricter_policy_withdraws_violating_containers(engine: Engine, etcd: Etcd, root_key: str) -> None:
    """A bridge that restarts with a stricter policy withdraws and reports only the containers that violate it."""
    keys, strict = Keys(etcd, root_key), {"allowed_hosts": "fits.localhost"}
    with engine.container("fits", routed_by("fits")), engine.container("greedy", routed_by("greedy")) as greedy:
        with Bridge(engine, etcd, root_key):
            before = keys.view()
            assert keys.servers(greedy)
        with hosted(engine, etcd, root_key, **strict) as host:
            assert keys.view() == {path: key for path, key in before.items() if "greedy" not in path}
            told = host.logged(container="greedy", level="warning")
    assert [line["event"] for line in told] == [
        "http router greedy: the host greedy.localhost is not allowed here"
    ]


def prefixes(root: str) -> tuple[str, str]:
    """Return the prefixes of all keys that a bridge may write."""
    return f"{root}/", f"docker-event-bridge/{root}/"
