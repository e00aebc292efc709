"""What is asked of the engine, and what is not: on an engine that counts, since real ones do not tell."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.daemon.host import WITHIN, routed_by
from tests.daemon.keys import Keys
from tests.lab.bridge import Bridge
from tests.lab.etcd import Etcd
from tests.lab.fake_engine import FakeContainer, FakeEngine
from tests.lab.wait import wait_for


class CountingEngine(FakeEngine):
    """An engine that notes whom it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.lists = 0

    def inspected(self, name: str) -> dict[str, Any] | None:
        """Note the question, and answer it."""
        self.asked.append(name)
        return super().inspected(name)

    def listed(self, *, running: bool = False) -> list[dict[str, Any]]:
        """Count the question, and answer it."""
        self.lists += 1
        return super().listed(running=running)


@pytest.fixture
def engine() -> Iterator[CountingEngine]:
    """Return an engine without containers."""
    with CountingEngine() as started:
        yield started


@contextmanager
def bridge(engine: FakeEngine, etcd: Etcd, root_key: str, **settings: str) -> Iterator[Keys]:
    """Run a bridge until the end of the block; gives what it writes."""
    with Bridge(engine, etcd, root_key, **settings):
        yield Keys(etcd, root_key)


def container(name: str, **labels: str) -> FakeContainer:
    """A container with a router of its name."""
    label, _, value = routed_by(name).removeprefix("--label=").partition("=")
    return FakeContainer(name, {label: value, **{f"traefik.{key}": text for key, text in labels.items()}})


def routed(keys: Keys, container_id: str) -> None:
    """Wait until a container has a server."""
    wait_for(lambda: keys.servers(container_id), WITHIN, "it is not routed")


def test_a_container_that_its_labels_exclude_is_never_inspected(
    engine: CountingEngine, etcd: Etcd, root_key: str
) -> None:
    """The list and the events say so already."""
    excluded = engine.run(container("excluded", enable="false"))
    with bridge(engine, etcd, root_key) as keys:
        engine.stop(excluded)
        routed(keys, engine.run(container("other")))
        assert excluded not in engine.asked


def test_a_signal_that_stops_nothing_is_no_reason_to_inspect(
    engine: CountingEngine, etcd: Etcd, root_key: str
) -> None:
    """Only the stop signal is: others are how users talk to their programs."""
    reloaded = engine.run(container("reloaded"))
    with bridge(engine, etcd, root_key) as keys:
        routed(keys, reloaded)
        engine.asked.clear()
        engine.signal(reloaded, "1")
        routed(keys, engine.run(container("other")))
        assert reloaded not in engine.asked


def test_a_resync_inspects_what_changed(engine: CountingEngine, etcd: Etcd, root_key: str) -> None:
    """Who is listed as when it was last inspected is not inspected again, and stays; who is changed by hand is."""
    same = engine.run(container("same"))
    with bridge(engine, etcd, root_key, resync_interval="1s") as keys:
        routed(keys, same)
        wait_for(lambda: same in engine.asked, WITHIN, "it was not inspected")
        resynced(engine)
        engine.asked.clear()
        resynced(engine)
        assert same not in engine.asked
        assert keys.servers(same)
        [record] = [key for key in keys.state() if key.startswith("containers/")]
        etcd.ctl("del", f"docker-event-bridge/{root_key}/{record}")
        wait_for(lambda: record in keys.state(), WITHIN, "what was removed by hand is not back")


def resynced(engine: CountingEngine) -> None:
    """Wait for two more lists: all that the first one asked for is answered then."""
    asked = engine.lists
    wait_for(lambda: engine.lists >= asked + 2, WITHIN, "there is no resync")


def test_an_inspection_that_hangs_holds_up_nobody(engine: CountingEngine, etcd: Etcd, root_key: str) -> None:
    """At the start and later, others are routed; so is this one, once it is answered."""
    hanging, other = engine.run(container("hanging")), engine.run(container("other"))
    with engine.hanging(hanging), bridge(engine, etcd, root_key) as keys:
        routed(keys, other)
        routed(keys, engine.run(container("later")))
        assert not keys.servers(hanging)
