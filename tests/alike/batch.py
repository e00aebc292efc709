"""Thousands of containers at once: through Traefik's Docker provider, and through the bridge, etcd and Traefik.

Both see one fake engine. The second Traefik starts only when the bridge has written everything, since it reads
all of etcd again after every transaction. The answers of both are compared object by object; the names of a
container's objects begin with the container's, so that each difference is reported with the labels behind it.
"""

import hashlib
import json
import re
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

from tests.alike.rawdata import Sections, of_provider
from tests.alike.sides import AT_ONCE, ENTRY_POINTS, docker_options
from tests.lab import parts
from tests.lab.bridge import Bridge
from tests.lab.etcd import Etcd
from tests.lab.fake_engine import FakeContainer, FakeEngine
from tests.lab.traefik import Traefik, docker_provider, etcd_provider

SYNCED_WITHIN = 100.0
LOADED_WITHIN = 60.0
LAST = FakeContainer("zz-last", {"traefik.enable": "true", "traefik.http.routers.zz-last.rule": "Host(`last`)"})
# Of several servers that cannot be used Traefik names a random one, which may have no URL.
ADDRESS = re.compile(r"127(\.\d+){3}|\[fd00:(1:)?:[0-9a-f]+\]|(?<=server URL )\S*(?=: )")
COPY = re.compile(r"^[a-z]+-conflicted-")
"""How the name of a router's copy begins. Source: resolveHTTPTLSOptions in pkg/server/aggregator.go of Traefik."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A container, and whether it runs or was stopped."""

    container: FakeContainer
    runs: bool = True


@dataclass(frozen=True, slots=True)
class Difference:
    """An object that differs between the sides (None if one lacks it), and the containers that it comes from."""

    section: str
    name: str
    theirs: Any
    ours: Any
    containers: Sequence[Placed]

    def __str__(self) -> str:
        labels = [(it.container.name, dict(it.container.labels), it.runs) for it in self.containers]
        sides = f"theirs {json.dumps(self.theirs)}\n  ours   {json.dumps(self.ours)}"
        return f"{self.section}/{self.name}:\n  {sides}\n  of {labels}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a batch: the sections of Traefik's API on both sides, and the bridge's log."""

    containers: Sequence[Placed]
    theirs: Sections
    ours: Sections
    log: str

    def differences(self) -> list[Difference]:
        """Return all objects that are not the same on both sides."""
        return list(self._differences())

    def _differences(self) -> Iterator[Difference]:
        owners: dict[str, list[Placed]] = {}
        for placed in self.containers:
            owners.setdefault(owner(placed.container.name), []).append(placed)
        failed = {owner(name) for name, it in self.theirs.get("services", {}).items() if _failed_for_nothing(it)}
        sides = _comparable(self.theirs, "docker", failed), _comparable(self.ours, "etcd", failed)
        for section in sorted({*sides[0], *sides[1]}):
            theirs, ours = (side.get(section, {}) for side in sides)
            for name in sorted({*theirs, *ours}):
                if theirs.get(name) != ours.get(name):
                    of = owners.get(owner(name), [])
                    yield Difference(section, name, theirs.get(name), ours.get(name), of)


def owner(name: str) -> str:
    """Return the common part of the names of a container and its objects: all before the first dash."""
    return name.partition("-")[0].lower()


def compare(
    containers: Sequence[Placed],
    etcd: Etcd,
    release: parts.TraefikRelease,
    settings: Mapping[str, str] | None = None,
) -> Outcome:
    """Route a batch both ways; `settings` apply to the bridge, and to Traefik as far as it has them."""
    chosen = {"traefik_version": release, "log_level": "info"} | dict(settings or {})
    root_key = f"traefik-{uuid.uuid4().hex}"
    with ExitStack() as stack:
        engine = stack.enter_context(FakeEngine())
        for placed in [*containers, Placed(LAST)]:
            container_id = engine.run(placed.container)
            if not placed.runs:
                engine.stop(container_id)
        docker = Traefik(
            release, docker_provider(engine, **docker_options(chosen)), AT_ONCE, entry_points=ENTRY_POINTS
        )
        stack.enter_context(docker)
        bridge = Bridge(engine, etcd, root_key, **chosen)
        stack.callback(bridge.remove)
        bridge.start()
        bridge.process.wait_until(bridge.healthy, SYNCED_WITHIN)
        kv = Traefik(release, etcd_provider(etcd, root_key), AT_ONCE, entry_points=ENTRY_POINTS)
        stack.enter_context(kv)
        sides = [(docker, "docker"), (kv, "etcd")]
        for traefik, provider in sides:
            traefik.wait_for(partial(Traefik.has, path=f"http/routers/zz-last@{provider}"), LOADED_WITHIN)
        theirs, ours = (of_provider(traefik.rawdata(), provider) for traefik, provider in sides)
        etcd.ctl("del", "--prefix", root_key)
        return Outcome(containers, theirs, ours, bridge.log())


def _failed_for_nothing(service: Mapping[str, Any]) -> bool:
    """Return whether Traefik gave up a service that has a server without an address.

    If the service's transport is unknown it gives up at any server, even at this one, and then checks nothing
    else about the routers that use the service.
    """
    told = any("getting RoundTripper" in text for text in service.get("error", ()))
    return told and {} in service.get("loadBalancer", {}).get("servers", ())


def _comparable(sections: Sections, provider: str, failed: Collection[str]) -> Sections:
    """Leave out what changes with time or is generated, and Traefik's servers without an address.

    Its Docker provider makes such servers for containers that are kept although they do not serve. Errors and
    status of the objects of those that `failed` because of them are left out, too.
    """
    copied: dict[str, dict[str, Any]] = json.loads(json.dumps(sections))
    copied["routers"] = _without_copies(copied.get("routers", {}))
    for objects in copied.values():
        for name, content in objects.items():
            content.pop("serverStatus", None)
            if "usedBy" in content:
                content["usedBy"] = sorted({COPY.sub("", user) for user in content["usedBy"]})
            if owner(name) in failed:
                content.pop("error", None)
                content.pop("status", None)
            if "error" in content:
                # Which of several bad servers is named is random.
                content["error"] = sorted({ADDRESS.sub("ADDRESS", text) for text in content["error"]})
            balancer = content.get("loadBalancer", {})
            cookie = balancer.get("sticky", {}).get("cookie", {})
            if cookie.get("name") == cookie_name(f"{name}@{provider}"):
                del cookie["name"]
            if provider == "docker" and {} in balancer.get("servers", ()):
                serving = [server for server in balancer.pop("servers") if server]
                balancer |= {"servers": serving} if serving else {}
    return copied


def _without_copies(routers: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Merge routers with the copies that Traefik made of them; a copy has only some of the router's entry points.

    Traefik makes a copy for each entry point on which other routers serve the same host with other TLS options: a
    router that only one side has, since the bridge refuses its container, can so split others on that side.
    """
    whole: dict[str, dict[str, Any]] = {}
    for name, router in routers.items():
        same = whole.setdefault(COPY.sub("", name), router)
        if "tls" in router:
            for field in ("entryPoints", "using", "error"):
                if said := {*same.get(field, ()), *router.get(field, ())}:
                    same[field] = sorted(said)
    return whole


def cookie_name(service: str) -> str:
    """Return the name that Traefik gives a sticky cookie without one. Source: pkg/server/cookie in Traefik."""
    return "_" + hashlib.sha1(f"_TRAEFIK_BACKEND_{service}".encode()).hexdigest()[:5]
