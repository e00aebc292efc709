"""A host with containers that change all the time, an etcd cluster, and the checks that every fault must pass."""

import os
import random
import signal
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bridge.claims.layout import Layout
from bridge.container import Container
from bridge.planning import plan
from bridge.routing.options import Options
from bridge.settings.model import PlanSettings
from bridge.settings.options import options
from tests.daemon.keys import Keys
from tests.faults import measured
from tests.faults.docker import Docker
from tests.faults.observed import Change, Moment, changes, leads, look, put
from tests.lab.bridge import Bridge
from tests.lab.etcd import Etcd
from tests.lab.wait import DeadlineError, wait_for
from tests.store.bridges import check

WITHIN = 5.0
"""Seconds after the end of a fault within which the view must match what the engine runs."""

HEALED_WITHIN = 30.0
CONNECTED = '{"to": "etcd", "event": "connected"'


short_and_long = pytest.mark.parametrize(
    "long", [pytest.param(False, id="short"), pytest.param(True, marks=pytest.mark.faults, id="long")]
)


def wait(seconds: float) -> None:
    """Let a fault last for a while."""
    time.sleep(seconds)


@dataclass(slots=True)
class World:
    """One bridge between an engine and the members of a cluster; all its keys are below `prefix`.

    `sites` maps the hosts that share the view to the constraints that select their containers. An ordeal is
    replayed from `start`, which a fault may move forward, or set to None because etcd has lost its history.
    """

    docker: Docker
    members: list[Etcd]
    bridge: Bridge
    prefix: str
    host: str = "lab"
    sites: Mapping[str, str] = field(default_factory=lambda: {"lab": ""})
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    start: Moment | None = None

    @property
    def layout(self) -> Layout:
        """Where the keys are."""
        return layout(self.prefix, self.host)

    @property
    def observer(self) -> Etcd:
        """The last member, which only faults of all members hit (or of the leader, if it leads)."""
        return self.members[-1]

    def wanted(self) -> Mapping[str, str]:
        """Return the view that the engine's present containers call for."""
        containers = self.docker.containers()
        plans = [planned(containers, self.prefix, host, text) for host, text in self.sites.items()]
        return {key: value for made in plans for key, value in made.items()}

    def seen(self, through: Etcd | None = None) -> Moment:
        """Return all keys of this world that etcd holds now."""
        return look(through or self.observer, f"{self.prefix}/")

    def leader(self) -> Etcd:
        """Return the leader."""
        return next(member for member in self.members if leads(member))

    @contextmanager
    def ordeal(self, name: str, within: float = WITHIN) -> Iterator[None]:
        """Check every promise for what happens in the block; the fault ends with it."""
        self.converge("before")
        self.start, before = self.seen(), self.wanted()
        self.docker.changed.clear()
        yield
        after = self.converge(name, within)
        if self.start is not None:
            self.replay(self.start, self.tick(), _ran_on(before, after, self.docker.changed))
        check(*(state(self.seen().keys, self.prefix),) * 2, self.layout, {})

    def converge(self, name: str, within: float = WITHIN) -> Mapping[str, str]:
        """Wait until the view matches what the engine runs; return it, and record how long it took."""
        begun = time.monotonic()
        try:
            wait_for(self.agrees, within, "")
        except DeadlineError as error:
            late = self._lateness(begun)
            raise AssertionError(f"{name}: {late}\n{self.bridge.process.tail()}") from error
        measured.note(name, time.monotonic() - begun, within)
        return self.wanted()

    def tick(self) -> int:
        """Return the current revision, of a write that marks it."""
        return put(self.observer, f"{self.prefix}/tick", "")

    def replay(self, start: Moment, end: int, untouched: Collection[str]) -> list[Change]:
        """Check each revision after `start` and before `end`, none of which may touch the `untouched` keys."""
        keys, happened = state(start.keys, self.prefix), list[Change]()
        for together in by_revision(changes(self.observer, f"{self.prefix}/", start.revision), end):
            now = dict(keys)
            for change in together:
                assert change.key not in untouched, f"{change} touches what runs on"
                _apply(change, now)
            if self.layout.permanent.key in now:  # a bridge has started
                check(keys, now, self.layout, {})
            keys, happened = now, happened + together
        return happened

    def start_bridge(self) -> None:
        """Start the bridge again, and wait until it has replaced the last one, whose lease may still last."""
        before = self.bridge.log().count(CONNECTED)
        self.bridge.start()
        self.bridge.process.wait_until(lambda: self.bridge.log().count(CONNECTED) > before, HEALED_WITHIN)

    def freeze_bridge(self) -> None:
        """Freeze the bridge."""
        self.bridge.process.send(signal.SIGSTOP)

    def thaw_bridge(self) -> None:
        """Resume a frozen bridge."""
        self.bridge.process.send(signal.SIGCONT)

    def revoke_lease(self) -> None:
        """Revoke the bridge's lease."""
        alive = Keys(self.observer, self.prefix).view()[self.layout.alive().removeprefix(f"{self.prefix}/")]
        self.observer.ctl("lease", "revoke", f"{alive.lease:x}")

    def heal(self) -> None:
        """Have all parts running again, whatever state a test left."""
        self.docker.disconnect()
        if not self.docker.engine.process.running:
            self.docker.engine.restart()
        self.docker.engine.thaw()
        self.docker.connect()
        self.docker.populate()
        for member in self.members:
            if member.process.running:
                member.thaw()
            else:
                member.start()
        for member in self.members:
            member.process.wait_until(member.healthy, HEALED_WITHIN)
        if self.bridge.process.running:
            self.thaw_bridge()
        else:
            self.bridge.start()
        self.bridge.process.wait_until(self.bridge.healthy, HEALED_WITHIN)

    def agrees(self, through: Etcd | None = None) -> bool:
        """Return whether the view, read through a member, matches what the engine runs."""
        try:
            return view(self.seen(through).keys, self.prefix) == self.wanted()
        except OSError:
            return False

    def _lateness(self, begun: float) -> str:
        """Describe what the view lacks and has in excess, and how late it came right, if at all."""
        seen, due = view(self.seen().keys, self.prefix), self.wanted()
        missing, surplus = sorted(due.items() - seen.items()), sorted(seen.items() - due.items())
        with suppress(DeadlineError):
            wait_for(self.agrees, 4 * WITHIN, "")
        came = f"after {time.monotonic() - begun:.1f} s" if self.agrees() else "never"
        return f"the view came right {came}; it missed {missing} and had {surplus}"


def _ran_on(before: Mapping[str, str], after: Mapping[str, str], changed: Collection[str]) -> set[str]:
    """Return the keys of containers that did not change."""
    names = {f"/{name}/" for name in changed}
    return {key for key in before.keys() & after.keys() if not any(name in key for name in names)}


def planned(containers: Sequence[Container], prefix: str, host: str, constraints: str) -> Mapping[str, str]:
    """Return the view that a host's containers call for."""
    made = plan(containers, _options(host, constraints), f"{prefix}/view").keys
    permanent = layout(prefix, host).permanent
    return {**made, permanent.key: permanent.value}


def layout(prefix: str, host: str = "lab") -> Layout:
    """Return where the keys of a world are."""
    return Layout(f"{prefix}/view", f"{prefix}/state", host)


def settings(prefix: str, docker: Docker, members: Sequence[Etcd]) -> dict[str, str]:
    """Return the settings of a bridge in a world."""
    return {
        "root_key": f"{prefix}/view",
        "state_key": f"{prefix}/state",
        "docker_endpoint": docker.url,
        "etcd_endpoints": ",".join(member.endpoint for member in members),
    }


def new_world(docker: Docker, members: list[Etcd], prefix: str, **more: str) -> World:
    """Return a world whose bridge is not started yet."""
    bridge = Bridge(docker.engine, members[0], **settings(prefix, docker, members), **more)
    return World(docker, members, bridge, prefix)


@contextmanager
def make_world(docker: Docker, members: list[Etcd], prefix: str, **more: str) -> Iterator[World]:
    """Start some containers and a bridge."""
    docker.populate()
    world = new_world(docker, members, prefix, **more)
    with world.bridge:
        yield world


def view(keys: Mapping[str, str], prefix: str) -> Mapping[str, str]:
    """Return those of the keys that Traefik reads."""
    return {key: value for key, value in keys.items() if key.startswith(f"{prefix}/view/")}


def state(keys: Mapping[str, str], prefix: str) -> Mapping[str, str]:
    """Return those of the keys that bridges write: the view and the state."""
    return {key: value for key, value in keys.items() if key != f"{prefix}/tick"}


def by_revision(happened: Iterator[Change], end: int) -> Iterator[list[Change]]:
    """Group changes by their revision, up to but not including `end`."""
    together: list[Change] = []
    for change in happened:
        if together and together[0].revision != change.revision:
            yield together
            together = []
        if change.revision >= end:
            return
        if not change.key.endswith("/tick"):
            together.append(change)


def _apply(change: Change, keys: dict[str, str]) -> None:
    if change.value is None:
        keys.pop(change.key, None)
    else:
        keys[change.key] = change.value


def _options(host: str, constraints: str) -> Options:
    return options(PlanSettings(host_name=host, constraints=constraints), host)


def processor_time(pid: int) -> float:
    """Return the seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> int:
    """Return the bytes of memory that a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def idle(world: World, name: str) -> Iterator[None]:
    """Check that the bridge uses less than a tenth of a core during the block."""
    pid = world.bridge.process.pid
    begun, worked = time.monotonic(), processor_time(pid)
    yield
    used = (processor_time(pid) - worked) / (time.monotonic() - begun)
    measured.note(f"{name}: share of a core", used, 0.1)
    assert used < 0.1, f"{name}: {used:.0%} of a core while waiting"
