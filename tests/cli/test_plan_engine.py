"""`plan` without a file: the containers of a running engine."""

import json
import re
import socket
from contextlib import ExitStack

from tests.cli.conftest import Bridge
from tests.lab.engine import Engine


def test_running_containers(engine: Engine, bridge: Bridge) -> None:
    """A plan from an engine equals one from `docker inspect`, with the engine's name as the host."""
    with engine.container("of-plan") as container:
        inspected = engine.cli("inspect", container)
        asked = bridge("plan", "--output", "json", "--docker-endpoint", engine.url)
        host = ("--host-name", socket.gethostname().lower())
        read = bridge("plan", "--output", "json", "--from", "-", *host, stdin=inspected)
    ours = {key: value for key, value in json.loads(asked.stdout)["keys"].items() if "/of-plan/" in key}
    assert ours == json.loads(read.stdout)["keys"]
    assert len(ours) == 5


def test_containers_by_name(engine: Engine, bridge: Bridge) -> None:
    """A plan lists containers by name, whatever the engine's order."""
    names = [f"plan-{letter}" for letter in "cadb"]
    with ExitStack() as stack:
        for name in names:
            stack.enter_context(engine.container(name, "--label=traefik.enable=false"))
        told = bridge("plan", "--docker-endpoint", engine.url).stdout
    assert re.findall(r"^(plan-\w) is not routed", told, re.MULTILINE) == sorted(names)
