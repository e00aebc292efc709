"""Helpers for hosts that share an etcd: short publications, and bridges that run the product's own code."""

from collections.abc import Iterable, Mapping

from bridge.claims.gather import Change
from bridge.claims.hosts import living
from bridge.claims.layout import Layout
from bridge.claims.memory import Memory
from bridge.claims.records import AliveRecord, HostRecord, encode_record
from bridge.claims.resync import Resynced
from bridge.claims.settling import Settling
from bridge.claims.transaction import Compare
from bridge.labels.model import Leaf, Ref
from bridge.view.model import Item, Publication
from tests.claims.fake_etcd import FakeEtcd

ROOT, STATE = "traefik", "docker-event-bridge"


def layout(host: str = "h1") -> Layout:
    """Return the layout of the keys for the bridge of a host."""
    return Layout(ROOT, STATE, host)


def identifier(name: str) -> str:
    """Return the id of the container of this name: twelve hexadecimal digits that sort like the names."""
    return name.encode().hex().ljust(12, "0")[:12]


def router(name: str, **leaves: str) -> Item:
    """Return a router with these leaves."""
    return _item("routers", name, leaves)


def service(name: str, url: str, segment: str, **leaves: str) -> Item:
    """Return a service with these leaves and a container's server."""
    item = _item("services", name, {"loadbalancer/servers": "", **leaves})
    return Item(item.ref, item.definition, (Leaf(f"loadbalancer/servers/{segment}/url", url),))


def publication(name: str, *items: Item, application: str = "web", created: str = "1") -> Publication:
    """Return what the container of this name publishes."""
    return Publication(name, identifier(name), application, created, items)


def web(name: str, rule: str = "a", application: str = "shop", created: str = "1") -> Publication:
    """Return a container with a router, and a service with its server."""
    server = service("web", f"http://{name}", f"h1-{identifier(name)}")
    return publication(name, router("web", rule=rule), server, application=application, created=created)


def _item(kind: str, name: str, leaves: Mapping[str, str]) -> Item:
    made = (Leaf(path, value, (f"traefik.http.{kind}.{name}.{path}",)) for path, value in sorted(leaves.items()))
    return Item(Ref("http", kind, name), tuple(made))


def fence(etcd: FakeEtcd, host: str) -> tuple[Compare, ...]:
    """Mark a host's bridge as alive, and return the compare for that."""
    keys = layout(host)
    etcd.put(keys.host_record(), encode_record(HostRecord(host, "", "1")))
    etcd.put(keys.alive(), encode_record(AliveRecord(host, "1", 5)))
    return living(keys, etcd.revision)


class Bridge:
    """One host's bridge."""

    def __init__(self, etcd: FakeEtcd, host: str = "h1") -> None:
        self.etcd = etcd
        self.host = host
        self.fence = fence(etcd, host)
        self.memory = Memory(layout(host))
        self.requests = 0

    def settle(self, *changes: Publication | str) -> Settling:
        """Publish the given publications and withdraw the containers given by name, all together."""
        return self.drive(Settling(map(change, changes), self.memory, self.fence))

    def drive(self, settling: Settling) -> Settling:
        """Execute the requests of a settling to its end."""
        while settling.request:
            self.requests += 1
            settling.answer(self.etcd.carry_out(settling.request))
        return settling


def change(what: Publication | str) -> Change:
    """Return the change that publishes a publication, or withdraws the container of this name."""
    return Change(what.id, what) if isinstance(what, Publication) else Change(identifier(what), None)


def view(etcd: FakeEtcd) -> dict[str, str]:
    """Return what Traefik reads, without the root key."""
    return {key.removeprefix(f"{ROOT}/"): it.value for key, it in etcd.keys.items() if key.startswith(f"{ROOT}/")}


def rules(settling: Settling) -> dict[str, list[str]]:
    """Return the rules by which each container was decided."""
    return {
        bytes.fromhex(container).rstrip(b"\0").decode(): [rule.name for rule in it.rules]
        for container, it in settling.settled.items()
    }


def messages(settling: Settling | Resynced) -> list[str]:
    """Return the messages of all problems."""
    return [problem.message for it in settling.settled.values() for problem in it.problems]


def started(etcd: FakeEtcd, hosts: Iterable[str]) -> list[Bridge]:
    """Start the bridges of several hosts."""
    return [Bridge(etcd, host) for host in hosts]
