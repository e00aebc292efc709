"""The fake engine in a process of its own."""

import time

from docker import APIClient

from tests.lab.fake_engine import FakeContainer
from tests.lab.served_engine import ServedEngine


def test_clients_see_events_of_served_engine() -> None:
    """Clients see what happens to a container, and the caller gets the time of its event."""
    with ServedEngine() as engine:
        begun = time.time_ns()
        [container] = engine.run([FakeContainer("web")])
        [ended] = engine.have([("die", container)])
        client = APIClient(engine.url, version="auto")
        [listed] = client.containers(all=True)
        client.close()
        assert begun < ended < time.time_ns()
        assert (listed["Id"], listed["State"]) == (container, "exited")
        assert [it["Id"] for it in engine.inspected()] == [container]
        assert engine.lists() == 1
