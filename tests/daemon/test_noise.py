"""Containers with very many labels or events do not harm others."""

from tests.hosts.fakes import fake_host
from tests.lab.etcd import Etcd
from tests.lab.fake_engine import FakeContainer

BAD = {f"traefik.http.{'x' * 200}{number}.rul": "Host(`a`)" for number in range(999)}
LEASE = 3


def test_busy_bridge_keeps_its_lease(etcd: Etcd, root_key: str) -> None:
    """A bridge keeps its lease while dozens with a thousand wrong labels each keep it busy for longer."""
    with fake_host(etcd, root_key, "one", host_lease=f"{LEASE}s") as host:
        host.start()
        made = [host.engine.create(FakeContainer(f"bad{number}", BAD)) for number in range(40)]
        for container in made:
            host.engine.start(container)
        host.wait_until_routed(host.run("good"), within=60)
        assert '"waiting"' not in host.bridge.log()
