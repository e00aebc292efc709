"""A plan as people read it."""

import pytest

from bridge.cli.text import show
from bridge.labels.model import Leaf, Ref
from bridge.planning import Plan, Planned
from bridge.problem import Problem
from bridge.view.model import Item, Publication

USERS = "http/middlewares/auth/basicauth/users"


def published(name: str, *items: Item) -> Planned:
    """Return a container that publishes."""
    return Planned(name, Publication(name, "0123456789ab", name, "2026-01-01T00:00:00Z", items))


def shown(plan: Plan, capsys: pytest.CaptureFixture[str]) -> str:
    """Return what is printed."""
    show(plan, "traefik")
    return capsys.readouterr().out


def test_plan(capsys: pytest.CaptureFixture[str]) -> None:
    """Each container with its objects and keys, where a value came from, the problems, and a summary."""
    web = published(
        "web",
        Item(Ref("http", "routers", "web"), (Leaf("rule", "Host(`web`)", rule="default rule"),)),
        Item(
            Ref("http", "services", "web"),
            (Leaf("loadbalancer/servers", ""),),
            (Leaf("loadbalancer/servers/host-0123456789ab/url", "http://172.17.0.2:80"),),
        ),
    )
    problem = Problem("api", "traefik.http.routers.api.rul", "there is no such field", "write rule")
    keys = {"traefik/a": "", "traefik/b": "", "traefik/c": ""}
    plan = Plan(keys, (web, Planned("api", None, "its labels have errors")), (problem,))
    assert shown(plan, capsys) == (
        "web\n"
        "  http router web\n"
        "    traefik/http/routers/web/rule = Host(`web`)   (default rule)\n"
        "  http service web\n"
        "    traefik/http/services/web/loadbalancer/servers = \n"
        "    traefik/http/services/web/loadbalancer/servers/host-0123456789ab/url = http://172.17.0.2:80\n"
        "\n"
        "api is not routed: its labels have errors\n"
        "\n"
        "problem api traefik.http.routers.api.rul: there is no such field\n"
        "   hint write rule\n"
        "2 containers, 1 routed, 3 keys, 1 problem\n"
    )


def test_secrets_are_masked(capsys: pytest.CaptureFixture[str]) -> None:
    """The hashes of users are not shown to whoever looks over the shoulder."""
    item = Item(Ref("http", "middlewares", "auth"), (Leaf("basicauth/users", "me:$apr1$hunter2"),))
    printed = shown(Plan({}, (published("web", item),), ()), capsys)
    assert "    traefik/http/middlewares/auth/basicauth/users = ***\n" in printed
    assert "hunter2" not in printed


def test_nothing_moves_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Names and values of containers cannot break lines, colour text or be read as markup."""
    item = Item(Ref("http", "routers", "a\x1b[2J"), (Leaf("rule", "[bold]x[/bold]\n:smile:", rule="r\x07"),))
    problem = Problem("a\x9b", "traefik.\x1b", "m\n", "\u202eh")
    printed = shown(Plan({}, (published("web\x1b", item),), (problem,)), capsys)
    assert all(line.isprintable() for line in printed.splitlines())
    assert len(printed.splitlines()) == 7
    assert r"[bold]x[/bold]\n:smile:" in printed


@pytest.mark.parametrize(("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colour(
    variables: dict[str, str],
    coloured: bool,  # noqa: FBT001 - a parameter of the case
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A terminal gets colour, unless NO_COLOR is set."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert ("\x1b[32m" in shown(Plan({}, (), ()), capsys)) is coloured
