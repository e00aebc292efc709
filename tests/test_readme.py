"""What the README shows is what the product does."""

import re
from pathlib import Path

import pytest
import yaml

from bridge.claims.layout import Claimant, Layout
from bridge.container import Container, Network, Port
from bridge.labels.fields import DEFAULT_RELEASE
from bridge.labels.model import Ref
from bridge.planning import plan
from bridge.routing.options import Options
from bridge.rules.constraints import Constraints
from bridge.rules.template import Template
from bridge.settings import RunSettings
from bridge.settings.sources import variable

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_example_labels_become_the_keys_shown() -> None:
    """The labels of the example become exactly the keys shown below them."""
    labels = yaml.safe_load(_example("labels"))["labels"]
    made = plan([_container(labels)], _options(), "traefik")
    assert made.problems == ()
    assert [f"{key} = {value}" for key, value in sorted(made.keys.items())] == _example("keys").splitlines()


def test_command_for_further_host() -> None:
    """The command for a further host names services of the Compose file, and its file settings of the bridge."""
    command = re.search(r"^docker compose .* --no-deps (.*)$", README, re.MULTILINE)
    assert command
    services = yaml.safe_load((ROOT / "compose/compose.yaml").read_text())["services"]
    assert services.keys() >= set(command[1].split())
    host = yaml.safe_load(_example("host"))["services"]
    assert host.keys() == {"bridge"}
    assert host["bridge"]["environment"].keys() <= {variable(name) for name in RunSettings.model_fields}


def test_documentation_names_every_key_of_the_state() -> None:
    """The documentation names every key of the state, with the default root key and state key."""
    page = (ROOT / "docs/how-it-works.md").read_text()
    table = re.search(r"<!-- keys: state -->\n(.*?)\n<!-- /keys: state -->", page, re.DOTALL)
    assert table
    named = set(re.findall(r"^\| `(.*?)`", table[1], re.MULTILINE))
    settings = RunSettings()
    layout, ref = Layout(settings.root_key, settings.state_key, "HOST"), Ref("PROTOCOL", "KIND", "NAME")
    keys = {
        layout.alive(),
        layout.host_record(),
        layout.container("CONTAINER"),
        layout.object(ref),
        layout.claim(ref, Claimant("HOST", "CONTAINER")),
    }
    assert {key.lower() for key in named} == {key.lower() for key in keys}


def _example(name: str) -> str:
    found = re.search(rf"<!-- example: {name} -->\n```.*?\n(.*?)\n```", README, re.DOTALL)
    assert found
    return found[1]


def _container(labels: dict[str, str]) -> Container:
    return Container(
        id="0a1b2c3d4e5f" + "0" * 52,
        name="shop",
        image="shop",
        created="2026-01-01T00:00:00Z",
        started="2026-01-01T00:00:00Z",
        status="running",
        health="",
        stop_signal="SIGTERM",
        labels=labels,
        network_mode="shop_default",
        networks=(Network("shop_default", "", "172.18.0.5", ""),),
        ports=(Port(8080, "tcp", ()),),
    )


def _options() -> Options:
    return Options(
        release=DEFAULT_RELEASE,
        exposed_by_default=True,
        default_rule=Template.parse("Host(`{{ .Name }}`)"),
        constraints=Constraints.parse(""),
        network="",
        use_bind_port_ip=False,
        allow_empty_services=False,
        advertise_address="",
        host="alpha",
    )


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.stem)
def test_tests_and_pages_named_in_documents_exist(page: Path) -> None:
    """Every test that a document names as its proof exists, and so does every page that it links to."""
    text = page.read_text()
    tests = "\n".join(file.read_text() for file in (ROOT / "tests").rglob("test_*.py"))
    named = set(re.findall(r"\btest_\w+", text))
    assert {name for name in named if f"def {name}(" not in tests and not list(ROOT.rglob(f"{name}.py"))} == set()
    links = re.findall(r"\]\((?!http)([^)#]+)", text)
    assert [link for link in links if not (page.parent / link).exists()] == []
