"""`plan` without a file: the containers of a running engine."""

import json
import socket

from tests.cli.conftest import Bridge
from tests.lab.engine import Engine


def test_running_containers(engine: Engine, bridge: Bridge) -> None:
    """What the engine tells is what `docker inspect` prints to a file, under the engine's own name."""
    with engine.container("of-plan") as container:
        inspected = engine.cli("inspect", container)
        asked = bridge("plan", "--output", "json", "--docker-endpoint", engine.url)
        host = ("--host-name", socket.gethostname().lower())
        read = bridge("plan", "--output", "json", "--from", "-", *host, stdin=inspected)
    ours = {key: value for key, value in json.loads(asked.stdout)["keys"].items() if "/of-plan/" in key}
    assert ours == json.loads(read.stdout)["keys"]
    assert len(ours) == 5
