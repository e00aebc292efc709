"""The plan as text for people."""

import json
import os
import pty
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from bridge.__main__ import command
from bridge.cli.text import show
from bridge.labels.model import Leaf, Ref
from bridge.masking import escaped
from bridge.planning import Plan, Planned
from bridge.problem import Problem
from bridge.view.keys import key
from bridge.view.model import Item, Publication
from tests.cli.conftest import clean_environment

GOLDEN = Path(__file__).parents[1] / "golden"


def published(name: str, *items: Item) -> Planned:
    """Return a planned container that publishes these items."""
    return Planned(name, Publication(name, "0123456789ab", name, "2026-01-01T00:00:00Z", items))


def keys_of(*containers: Planned) -> dict[str, str]:
    """Return the keys of containers whose definitions are all in force."""
    items = [item for one in containers if one.publication for item in one.publication.items]
    leaves = [(item, leaf) for item in items for leaf in item.definition + item.server]
    return {f"traefik/{key(item.ref, leaf.path)}": leaf.value for item, leaf in leaves}


def shown(plan: Plan, capsys: pytest.CaptureFixture[str]) -> str:
    """Return the printed plan."""
    show(plan, "traefik")
    return capsys.readouterr().out


def test_plan_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    """A plan shows each container with its objects and keys, the source of each value, problems, and a summary."""
    web = published(
        "web",
        Item(Ref("http", "routers", "web"), (Leaf("rule", "Host(`web`)", rule="default rule"),)),
        Item(
            Ref("http", "services", "web"),
            (Leaf("loadbalancer/servers", ""),),
            (Leaf("loadbalancer/servers/host-0123456789ab/url", "http://172.17.0.2:80", ("a.address", "b.port")),),
        ),
    )
    problem = Problem("api", "traefik.http.routers.api.rul", "there is no such field", "write rule")
    plan = Plan(keys_of(web), (web, Planned("api", None, "its labels have errors")), (problem,))
    assert shown(plan, capsys) == (
        "web\n"
        "  http router web\n"
        "    traefik/http/routers/web/rule = Host(`web`)   (default rule)\n"
        "  http service web\n"
        "    traefik/http/services/web/loadbalancer/servers = \n"
        "    traefik/http/services/web/loadbalancer/servers/host-0123456789ab/url = http://172.17.0.2:80"
        "   (a.address, b.port)\n"
        "\n"
        "api is not routed: its labels have errors\n"
        "\n"
        "problem api traefik.http.routers.api.rul: there is no such field\n"
        "   hint write rule\n"
        "2 containers, 1 routed, 3 keys, 1 problem\n"
    )


def test_absent_parts_are_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """A container may have no reason why it is not routed, a problem no label and no hint."""
    containers = Planned("a", None), Planned("b", None), published("c")
    assert shown(Plan({}, containers, (Problem("a", "", "taken"),)), capsys) == (
        "a is not routed\n\nb is not routed\n\nc\n\nproblem a: taken\n3 containers, 1 routed, 0 keys, 1 problem\n"
    )


def test_secrets_are_masked(capsys: pytest.CaptureFixture[str]) -> None:
    """The password hashes of users are masked."""
    item = Item(Ref("http", "middlewares", "auth"), (Leaf("basicauth/users", "me:$apr1$hunter2"),))
    web = published("web", item)
    printed = shown(Plan(keys_of(web), (web,), ()), capsys)
    assert "    traefik/http/middlewares/auth/basicauth/users = ***\n" in printed
    assert "hunter2" not in printed


def test_secrets_of_problems_are_masked(capsys: pytest.CaptureFixture[str]) -> None:
    """A URL in a problem is shown without its user information, as in the log."""
    problem = Problem("web", "a.http://me:hunter2@b", "not http://me:hunter2@b", "write http://me:hunter2@b")
    printed = shown(Plan({}, (), (problem,)), capsys)
    assert printed.startswith("problem web a.http://***@b: not http://***@b\n   hint write http://***@b\n")


def test_control_characters_and_markup_have_no_effect(capsys: pytest.CaptureFixture[str]) -> None:
    """Names and values of containers cannot break lines, colour the text or act as markup."""
    item = Item(Ref("http", "routers", "a\x1b[2J"), (Leaf("rule", "[bold]x[/bold]\n:smile:", rule="r\x07"),))
    problem = Problem("a\x9b", "traefik.\x1b", "m\n", "\u202eh")
    web = published("web\x1b", item)
    printed = shown(Plan(keys_of(web), (web,), (problem,)), capsys)
    assert all(line.isprintable() for line in printed.splitlines())
    assert len(printed.splitlines()) == 7
    assert r"[bold]x[/bold]\n:smile:" in printed


@pytest.mark.parametrize(
    ("rule", "lines"),
    [
        pytest.param(
            "b",
            ["traefik/http/routers/web/rule = a   not in force", "traefik/http/routers/web/tls = true"],
            id="value",
        ),
        pytest.param(
            "a",
            ["traefik/http/routers/Web/rule = a", "traefik/http/routers/Web/tls = true"],
            id="spelling",
        ),
        pytest.param(
            None,
            ["traefik/http/routers/web/rule = a   not in force", "traefik/http/routers/web/tls = true"],
            id="absent",
        ),
    ],
)
def test_overruled_value_is_marked(rule: str | None, lines: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A value that is not in force, because others define the object differently, is marked."""
    web = published("web", Item(Ref("http", "routers", "web"), (Leaf("rule", "a"), Leaf("tls", "true"))))
    spelling = "Web" if rule == "a" else "web"
    in_force = {} if rule is None else {f"traefik/http/routers/{spelling}/rule": rule}
    keys = in_force | {f"traefik/http/routers/{spelling}/tls": "true"}
    printed = shown(Plan(keys, (web,), ()), capsys)
    assert [line.strip() for line in printed.splitlines()[2:4]] == lines


@pytest.mark.parametrize("folder", sorted(GOLDEN.glob("*/expected.json")), ids=lambda path: path.parent.name)
def test_unmarked_keys_equal_those_of_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The printed keys without a mark are exactly those of the JSON output."""
    expected = json.loads(folder.read_text())
    command(["plan", "--from", str(folder.parent / "inspect.json"), *expected["flags"]])
    lines = [line for line in capsys.readouterr().out.splitlines() if re.match(r"    \S+/.* = ", line)]
    printed = {line.strip().partition(" = ")[0] for line in lines if not line.endswith("   not in force")}
    assert printed == {escaped(key) for key in expected["keys"]}


def test_overruled_rule_of_a_rollout(capsys: pytest.CaptureFixture[str]) -> None:
    """The rule of an application's older container is marked as not in force during a rollout."""
    command(["plan", "--from", str(GOLDEN / "application-rollout" / "inspect.json")])
    (line,) = (line for line in capsys.readouterr().out.splitlines() if "= Host(`old.example.com`)" in line)
    assert line.endswith("(traefik.http.routers.shop.rule)   not in force")


@pytest.mark.parametrize(("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colour(variables: dict[str, str], coloured: bool, tmp_path: Path) -> None:  # noqa: FBT001 - a parameter of the case
    """A terminal gets colour, unless NO_COLOR is set; the text is the same as without a terminal."""
    argv = [sys.executable, "-m", "bridge", "plan", "--from", str(GOLDEN / "replicas" / "inspect.json")]
    environment = clean_environment() | {"TERM": "xterm", "COLUMNS": "40"}
    environment.pop("NO_COLOR", None)
    ours, theirs = pty.openpty()
    with subprocess.Popen(argv, stdout=theirs, env=environment | variables, cwd=tmp_path) as process:
        os.close(theirs)
        seen = read_all(ours)
        assert process.wait() == 0
    plain = subprocess.run(
        argv, env=environment | {"FORCE_COLOR": "1"}, cwd=tmp_path, capture_output=True, check=True
    )
    assert ("\x1b[32m" in seen) is coloured
    assert "\x1b" not in plain.stdout.decode()
    assert re.sub(r"\x1b\[[\d;]*m", "", seen).replace("\r\n", "\n") == plain.stdout.decode()


def read_all(terminal: int) -> str:
    """Read from a terminal until the last writer closes it, which raises OSError."""
    found = b""
    with suppress(OSError):
        while part := os.read(terminal, 4096):
            found += part
    os.close(terminal)
    return found.decode()
