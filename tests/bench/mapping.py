"""The pure core: how many containers per second are read, mapped and settled, and what bounds that."""

from bridge.claims.layout import Layout
from bridge.claims.offline import settle_offline
from bridge.container import from_inspect
from bridge.settings import PlanSettings
from bridge.settings.options import options
from bridge.view.publish import mapped
from tests.bench.containers import inspection
from tests.bench.measure import Figures, alternate, seconds
from tests.bench.profile import profiled
from tests.bench.report import Result, Row

ROUNDS, CONTAINERS = 15, 200
FLOOR = "reading the same inspection alone"


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
    costs = {name: Figures(tuple(value / CONTAINERS * 1e6 for value in it.values)) for name, it in found.items()}
    rows = [
        Row("mapping the labels of a container to keys", "µs", costs["map"], costs["read"], FLOOR),
        Row("settling a container twice, without etcd", "µs", costs["settle"], costs["read"], FLOOR),
    ]
    return Result(rows, profile=profiled(lambda: [mapped(one, chosen) for one in containers]))
