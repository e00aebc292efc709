"""The pure core: how many containers per second are read, mapped and settled, and what limits that."""

from bridge.claims.layout import Layout
from bridge.claims.offline import settle_offline
from bridge.container import from_inspect
from bridge.settings import PlanSettings
from bridge.settings.options import options
from bridge.view.publish import mapped
from tests.bench.containers import inspection
from tests.bench.measure import Figures, alternate, seconds
from tests.bench.profile import bound, profiled
from tests.bench.report import Result, Row

ROUNDS, CONTAINERS = 15, 200


def measured() -> Result:
    """Measure containers with a router, a service and a middleware each."""
    inspections = [inspection(number) for number in range(CONTAINERS)]
    chosen = options(PlanSettings(), "host")
    containers = [from_inspect(it) for it in inspections]
    publications = [it for one in containers if (it := mapped(one, chosen).publication)]
    layout = Layout("traefik", "state", "host")
    assert len(publications) == CONTAINERS
    found = alternate(
        ROUNDS,
        {
            "read": lambda: seconds(lambda: [from_inspect(it) for it in inspections]),
            "map": lambda: seconds(lambda: [mapped(one, chosen) for one in containers]),
            "settle": lambda: seconds(lambda: settle_offline(publications, layout)),
        },
    )
    rates = {name: Figures(tuple(CONTAINERS / it for it in took.values)) for name, took in found.items()}
    profile = profiled(lambda: [mapped(one, chosen) for one in containers])
    rows = [
        Row("mapping the labels of containers to keys", "containers/s", rates["map"], remark=bound(profile)),
        Row("settling containers twice, without etcd", "containers/s", rates["settle"]),
        Row("reading inspections", "containers/s", rates["read"]),
    ]
    return Result(rows, profile=profile)
