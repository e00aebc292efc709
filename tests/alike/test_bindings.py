"""Ports that the kernel of a test machine may refuse to bind, and that only the fake engine can therefore show."""

import pytest

from tests.alike.batch import Placed, compare
from tests.lab.etcd import Etcd
from tests.lab.fake_engine import FakeContainer
from tests.lab.parts import TraefikRelease

BOUND = FakeContainer(
    "bound",
    {
        "traefik.http.services.bound-h.loadbalancer.server.port": "5000",
        "traefik.tcp.services.bound-t.loadbalancer.server.port": "5000",
    },
    ports={"5000/sctp": [("127.8.0.1", "18189")]},
)

pytestmark = pytest.mark.usefixtures("traefiks")


@pytest.mark.parametrize("release", ["3.7", "2.11"])
def test_port_bound_only_over_sctp(etcd: Etcd, release: TraefikRelease) -> None:
    """With useBindPortIP a port that is bound only over SCTP is reached at the container's own address."""
    outcome = compare([Placed(BOUND)], etcd, release, {"use_bind_port_ip": "true"})
    assert outcome.theirs["services"]["bound-h"]["loadBalancer"]["servers"] == [{"url": "http://127.0.0.2:5000"}]
    assert outcome.theirs["tcpServices"]["bound-t"]["loadBalancer"]["servers"] == [{"address": "127.0.0.2:5000"}]
    assert outcome.differences() == []
