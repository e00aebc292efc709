"""Faults of Docker: an unreachable engine removes no route, and the bridge catches up with what it missed."""

import json
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.faults.world import WITHIN, World, idle, short_and_long, wait
from tests.lab.shell import run
from tests.lab.wait import wait_for


def service(name: str, replicas: int) -> Mapping[str, object]:
    """Return a Compose service with a router, a middleware and a load balancer of its name."""
    about = {
        f"routers.{name}.rule": f"Host(`{name}`)",
        f"routers.{name}.middlewares": f"{name}@docker",
        f"middlewares.{name}.compress": "true",
        f"services.{name}.loadbalancer.server.port": "80",
    }
    labels = {f"traefik.http.{label}": text for label, text in about.items()}
    return {"image": "busybox", "pull_policy": "never", "labels": labels, "deploy": {"replicas": replicas}}


PROJECT = {"services": {name: service(name, replicas) for name, replicas in (("web", 2), ("api", 1))}}


@short_and_long
def test_docker_socket_disappears_and_returns(world: World, long: bool) -> None:  # noqa: FBT001
    """While the Docker socket is gone the bridge idles; once the socket is back, the bridge catches up."""
    with world.ordeal("no Docker socket"):
        world.docker.disconnect()
        world.docker.churn(world.chance)
        with idle(world, "no Docker socket"):
            wait(20 if long else 3)
        world.docker.connect()


@short_and_long
def test_frozen_engine_removes_no_route(world: World, long: bool) -> None:  # noqa: FBT001
    """While the engine answers nothing, no route is removed."""
    with world.ordeal("engine frozen"):
        world.docker.churn(world.chance)
        world.docker.engine.freeze()
        with idle(world, "engine frozen"):
            wait(25 if long else 3)
        world.docker.engine.thaw()
        world.docker.churn(world.chance)


def test_event_cut_in_the_middle(world: World) -> None:
    """Half an event counts as none: the bridge subscribes again, and misses no container."""
    for torn in (b'"start"', b'"die"', b'"destroy"'):
        with world.ordeal("event torn"):
            world.docker.relay.torn = torn
            world.docker.churn(world.chance)
            assert not world.docker.relay.torn, "nothing was torn"


def test_connections_break_repeatedly(world: World) -> None:
    """Connections to the engine may break at any moment while containers change."""
    with world.ordeal("Docker connections cut"):
        over = threading.Event()

        def cut() -> None:
            while not over.wait(0.3):
                world.docker.relay.cut()

        cutter = threading.Thread(target=cut)
        cutter.start()
        try:
            for _ in range(3):
                world.docker.churn(world.chance)
        finally:
            over.set()
            cutter.join()


def test_hanging_inspection_does_not_delay_others(world: World) -> None:
    """A container whose inspection hangs is inspected again later; no other container waits for it."""
    name = world.docker.run()
    container = world.docker.engine.cli("inspect", "--format", "{{.Id}}", name)
    with world.ordeal("inspection hung"), world.docker.hanging(container):
        world.docker.stop(name)
        with idle(world, "inspection hung"):
            world.bridge.process.wait_until(lambda: "a container cannot be read" in world.bridge.log(), 20)
            wait(10)
        other = f"/services/{world.docker.run()}/"
        wait_for(lambda: any(other in key for key in world.seen().keys), WITHIN, world.bridge.process.tail)


def test_short_lived_container_leaves_no_route(world: World) -> None:
    """A container that lives for 50 ms leaves no route behind, removed or not."""
    with world.ordeal("container of 50 ms"):
        for options in (["--rm"], []):
            for _ in range(5):
                world.docker.brief(*options)


@pytest.mark.parametrize("number", [10, pytest.param(100, marks=pytest.mark.faults)])
def test_many_containers_start_and_end_at_once(world: World, number: int) -> None:
    """Many containers may start at once, and be removed at once."""
    with world.ordeal(f"{number} containers come"):
        names = world.docker.run_together(number)
    with world.ordeal(f"{number} containers go"):
        world.docker.remove_together(names)


@pytest.mark.parametrize("rounds", [3, pytest.param(20, marks=pytest.mark.faults)])
def test_compose_recreates_containers_repeatedly(world: World, compose: Path, tmp_path: Path, rounds: int) -> None:
    """However often Compose recreates its containers, all those of the last round are routed, and no others."""
    (tmp_path / "compose.yaml").write_text(json.dumps(PROJECT))
    try:
        with world.ordeal("compose up --force-recreate"):
            world.docker.changed.update(PROJECT["services"])
            for _ in range(rounds):
                compose_shop(world, compose, tmp_path, "up", "--detach", "--force-recreate")
        running = world.docker.engine.cli(
            "ps", "--quiet", "--filter=label=com.docker.compose.project=shop"
        ).split()
        servers = [key for key in world.seen().keys if "/servers/lab-" in key]
        assert [any(it in key for key in servers) for it in running] == [True] * 3
        with world.ordeal("compose down"):
            world.docker.changed.update(PROJECT["services"])
            compose_shop(world, compose, tmp_path, "down", "--timeout", "1")
    finally:
        world.docker.clear()


def compose_shop(world: World, compose: Path, directory: Path, *arguments: str) -> None:
    """Run Compose on the project `shop`."""
    where = ("--project-name", "shop", "--project-directory", directory)
    run([*world.docker.engine.docker, "--config", compose.parents[1], "compose", *where, *arguments])


@pytest.mark.parametrize("signal", ["TERM", "KILL"])
def test_engine_restart_moves_and_removes_routes(world: World, signal: str) -> None:
    """Containers that restart with the engine are routed at their new addresses; the others are removed."""
    world.docker.run("--restart=always")
    with world.ordeal(f"engine restarted after {signal}"):
        world.docker.changed.update(world.docker.everyone())
        if signal == "KILL":
            world.docker.engine.process.kill()
        else:
            world.docker.engine.stop()
        world.docker.engine.restart()
    world.docker.clear()
