"""States of etcd other than being away: full, compacted, with users, wiped, restored, in a minority."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.faults.docker import Docker
from tests.faults.etcd_faults import LIMITED, compact, no_space, restored_from, saved, wiped
from tests.faults.world import HEALED_WITHIN, WITHIN, World, idle, make_world, short_and_long, wait
from tests.lab.etcd import Etcd, Member, cluster
from tests.lab.network import make_host, make_network
from tests.lab.wait import wait_for

TOKEN_TTL = 2


@pytest.fixture
def start_world(docker: Docker, etcd: Etcd, prefix: str) -> Iterator[Callable[..., World]]:  # noqa: ARG001 - only to have it built
    """Return a function that starts a world with a cluster of its own, given arguments of etcd and settings."""
    with ExitStack() as stack:

        def start(*arguments: str, **settings: str) -> World:
            members = stack.enter_context(cluster("3.4", arguments=arguments))
            return stack.enter_context(make_world(docker, members, prefix, **settings))

        yield start


@short_and_long
def test_bridge_catches_up_after_exhausted_quota(start_world: Callable[..., World], long: bool) -> None:  # noqa: FBT001
    """While etcd's quota is used up the bridge waits; it catches up once the alarm is disarmed."""
    world = start_world(LIMITED)
    with world.ordeal("no space"), no_space(world):
        world.docker.churn(world.chance)
        with idle(world, "no space"):
            wait(15 if long else 3)


def test_emptied_etcd_is_filled_again(start_world: Callable[..., World]) -> None:
    """An etcd that comes back empty gets all keys again."""
    world = start_world()
    with world.ordeal("etcd wiped"), wiped(world):
        pass


@pytest.mark.parametrize("away", [0.0, 7.0], ids=["quickly", "slowly"])
def test_bridge_catches_up_after_restored_snapshot(start_world: Callable[..., World], away: float) -> None:
    """An etcd restored from a snapshot, with the bridge's old lease in it, gets all changes since then."""
    world = start_world()
    with saved(world) as snapshot:
        world.docker.churn(world.chance)
        # The ordeal begins when all of this is committed.
        with world.ordeal("etcd restored"), restored_from(world, snapshot):
            wait(away)


def test_member_without_quorum_is_left(docker: Docker, etcd: Etcd, prefix: str) -> None:  # noqa: ARG001 - only to have it built
    """A member that answers but has no quorum is left for one that has."""
    with ExitStack() as stack:
        clients, peers = (stack.enter_context(make_network()) for _ in range(2))
        hosts = [stack.enter_context(make_host(number, clients, peers)) for number in (1, 2, 3)]
        made = [
            Member(
                f"member{it.number}",
                address=clients.address(it.number),
                peer_address=peers.address(it.number),
                namespace=it.inside,
            )
            for it in hosts
        ]
        members = stack.enter_context(cluster("3.4", made))
        world = stack.enter_context(make_world(docker, members, prefix))
        with world.ordeal("minority"):
            hosts[0].cut(peers)
            world.docker.churn(world.chance)
            majority = members[1]
            wait_for(lambda: world.agrees(majority), WITHIN, world.bridge.process.tail)
            assert not members[0].healthy()
            with idle(world, "minority"):
                wait(5)
            world.docker.churn(world.chance)
            wait_for(lambda: world.agrees(majority), WITHIN, world.bridge.process.tail)
            hosts[0].join(peers)
            members[0].process.wait_until(members[0].healthy, HEALED_WITHIN)


@short_and_long
def test_authentication_is_switched_on_and_off(start_world: Callable[..., World], long: bool) -> None:  # noqa: FBT001
    """Authentication may be switched on and off while the bridge runs, with tokens that live for two seconds."""
    world = start_world(f"--auth-token-ttl={TOKEN_TTL}", etcd_username="root", etcd_password="secret")
    with world.ordeal("users switched on"):
        for command in ("user add root:secret", "user grant-role root root", "auth enable"):
            world.observer.ctl(*command.split())
        for _ in range(6 if long else 2):
            world.docker.churn(world.chance)
            with idle(world, "users switched on"):
                wait(TOKEN_TTL * 2)
        world.observer.ctl("--user=root:secret", "auth", "disable")


def test_waiting_container_is_published_after_compaction(start_world: Callable[..., World]) -> None:
    """A waiting container gets its turn even if the history since it began to wait has been compacted."""
    world = start_world()
    holder, _ = (world.docker.run(*sharing(name)) for name in ("one", "two"))
    waiter = world.docker.run(*sharing("one"))
    world.converge("before")
    compact(world, world.tick())
    with world.ordeal("history compacted"):
        world.docker.changed.add("shared-one")
        world.docker.run(*sharing("two"))
        world.docker.remove(holder)
    assert any(f"/services/{waiter}/" in key for key in world.seen().keys)


def sharing(name: str) -> tuple[str, ...]:
    """Return the label of a router on which two containers disagree, since each has a service of its own."""
    return (f"--label=traefik.http.routers.shared-{name}.rule=Host(`{name}`)",)
