"""How long a process takes until it does its work, compared with bare imports of the same libraries.

Bytecode is cached for every process, as for an installed package.
"""

import json
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.bench.measure import alternate, seconds
from tests.bench.report import Result, Row
from tests.lab.engine import Engine
from tests.lab.etcd import Etcd

ROUNDS = 15
LINES = 40
FLOOR = "import grpc, docker, pydantic"
SUBSCRIBED = b'"to": "Docker", "event": "connected"'
TARGET = "<= 1.3"


def measured() -> Result:
    """Measure on a real engine with one container, and a real etcd."""
    with (
        Engine("20.10") as engine,
        Etcd("3.4") as etcd,
        engine.container("web"),
        _inspected(engine) as file,
        tempfile.TemporaryDirectory() as directory,
    ):
        env = _environment(engine, etcd, Path(directory))
        found = alternate(
            ROUNDS,
            {
                "bare": lambda: _ends([sys.executable, "-c", FLOOR], env),
                "subscribed": lambda: seconds(lambda: _subscribed(env)),
                "plan": lambda: _ends(_command("plan"), env),
                "plan --from": lambda: _ends(_command("plan", "--from", file), env),
                "plan --from --output json": lambda: _ends(_command("plan", "--from", file, "--output=json"), env),
                "--help": lambda: _ends(_command("--help"), env),
                "run --help": lambda: _ends(_command("run", "--help"), env),
                "health": lambda: _ends(_command("health"), env, code=1),
            },
        )
        imports = _imports(env)
    measures = {
        "subscribed": "start of `run` until it is subscribed to the engine",
        "plan": "`plan`, one container, asked of the engine",
        **{name: f"`{name}`" for name in found if name not in ("bare", "subscribed", "plan")},
    }
    rows = [
        Row(text, "s", found[name], found["bare"], f'`python -c "{FLOOR}"`', TARGET)
        for name, text in measures.items()
    ]
    return Result(rows, {"engine": "20.10", "etcd": "3.4"}, profile=imports)


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "bridge", *arguments]


def _environment(engine: Engine, etcd: Etcd, directory: Path) -> Mapping[str, str]:
    env = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return env | {
        "PYTHONPYCACHEPREFIX": str(directory / "bytecode"),
        "BRIDGE_DOCKER_ENDPOINT": engine.url,
        "BRIDGE_ETCD_ENDPOINTS": etcd.endpoint,
        "BRIDGE_HEALTH_SOCKET": str(directory / "health.sock"),
        "BRIDGE_LOG_FORMAT": "json",
    }


def _ends(command: list[str], env: Mapping[str, str], code: int = 0) -> float:
    def run() -> None:
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr

    return seconds(run)


def _subscribed(env: Mapping[str, str]) -> list[bytes]:
    """Start `run` until it is subscribed; return its log until then."""
    env = {**env, "BRIDGE_HOST_NAME": f"h{uuid.uuid4().hex[:8]}"}
    with subprocess.Popen(_command("run"), env=env, stderr=subprocess.PIPE) as started:
        assert started.stderr
        told = []
        for line in started.stderr:
            told.append(line)
            if SUBSCRIBED in line:
                break
        started.kill()
    assert SUBSCRIBED in told[-1], "it ended before it was subscribed"
    return told


def _imports(env: Mapping[str, str]) -> str:
    """Return the slowest imports of `run` until it is subscribed, without and with their own imports."""
    told = _subscribed({**env, "PYTHONPROFILEIMPORTTIME": "1"})
    lines = (line.decode().removeprefix("import time:").split("|") for line in told if b"import time:" in line)
    found = [(int(alone), int(whole), name.strip()) for alone, whole, name in lines if alone.strip().isdigit()]
    text = [f"{len(found)} modules, {sum(alone for alone, _, _ in found) / 1e3:.0f} ms"]
    for title, took in (
        ("by itself", {name: alone for alone, _, name in found}),
        ("with what it imported first", {name: whole for _, whole, name in found}),
    ):
        text += ["", f"     ms  module, {title}"]
        text += [f"{took[name] / 1e3:7.1f}  {name}" for name in sorted(took, key=lambda it: -took[it])[:LINES]]
    return "\n".join(text) + "\n"


@contextmanager
def _inspected(engine: Engine) -> Iterator[str]:
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(json.loads(engine.cli("inspect", "web")), file)
        file.flush()
        yield file.name
