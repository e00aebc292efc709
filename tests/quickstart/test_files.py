"""The files of the quick start agree with each other."""

import platform
from collections.abc import Mapping
from pathlib import Path

import pytest

from compose.quickstart import engine, images, pip_conf, ports
from tests.lab import programs
from tests.lab.golang import Program
from tests.lab.images import IN_PLACE_OF
from tests.lab.shell import PartUnavailableError

ROOT = Path(__file__).parents[2]


def test_every_image_has_a_stand_in() -> None:
    """Each image except the bridge's can be made without a registry."""
    repositories = {name.partition(":")[0] for name in images.names()}
    assert repositories - IN_PLACE_OF.keys() == {images.BRIDGE}


@pytest.mark.parametrize(
    ("name", "program"),
    [
        pytest.param("traefik:v", programs.TRAEFIK_3_7, id="traefik"),
        pytest.param("quay.io/coreos/etcd:v", programs.ETCD_3_7, id="etcd"),
    ],
)
def test_stand_ins_are_of_the_same_release(name: str, program: Program) -> None:
    """A stand-in is built of the release that the Compose file names."""
    (image,) = (image for image in images.names() if image.startswith(name))
    assert f"{program.module.version}.".startswith(f"{image.partition(':')[2]}.")


def test_bridge_knows_the_release_of_traefik() -> None:
    """The bridge of the quick start checks labels against the release of its Traefik."""
    (image,) = (image for image in images.names() if image.startswith("traefik:v"))
    release = image.removeprefix("traefik:v")
    assert f'BRIDGE_TRAEFIK_VERSION: "{release}"' in images.COMPOSE_FILE.read_text()


def test_dockerfile_uses_the_provided_base() -> None:
    """Both stages of the Dockerfile use the base image that is pulled or made."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert [line.split()[1] for line in lines if line.startswith("FROM ")] == [images.BASE, images.BASE]


def test_pip_variables_override_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Builds in containers use this machine's pip index, variables before files, but not its local paths."""
    file = tmp_path / "pip.conf"
    file.write_text("[global]\nindex-url = http://file.test/\n[install]\nproxy = http://proxy.test/\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(file))
    monkeypatch.setenv("PIP_INDEX_URL", "http://variable.test/")
    monkeypatch.setenv("PIP_FIND_LINKS", "/somewhere")
    written = pip_conf.text().splitlines()
    assert "index-url = http://variable.test/" in written
    assert "proxy = http://proxy.test/" in written
    assert not [line for line in written if "find-links" in line]


@pytest.mark.skipif(platform.system() != "Linux", reason="elsewhere engines run on a machine of their own")
@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        pytest.param({}, "/var/run/docker.sock", id="default"),
        pytest.param(
            {"DOCKER_HOST": "unix:///run/user/1000/docker.sock"},
            "/run/user/1000/docker.sock",
            id="rootless engine",
        ),
        pytest.param({"DOCKER_HOST": "tcp://127.0.0.1:2375"}, "/var/run/docker.sock", id="over the network"),
        pytest.param({"DOCKER_HOST": "unix:///a", "DOCKER_SOCKET": "/b"}, "/b", id="path as the engine sees it"),
    ],
)
def test_proxy_mounts_socket_of_its_engine(
    variables: Mapping[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy mounts the socket of the engine that runs it, which for a rootless one is elsewhere."""
    for name in ("DOCKER_HOST", "DOCKER_SOCKET"):
        monkeypatch.delenv(name, raising=False)
    for name, text in variables.items():
        monkeypatch.setenv(name, text)
    assert engine.socket() == expected


@pytest.mark.parametrize("text", ["0", "65536", "-1", "http", "²"])
def test_invalid_port(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that holds no valid port is refused, with its name and value."""
    monkeypatch.setenv(ports.HTTP, text)
    with pytest.raises(PartUnavailableError, match=f"^HTTP_PORT is '{text}'; accepted: a port from 1 to 65535$"):
        ports.port(ports.HTTP)


def test_ports_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without variables the default ports of the Compose file are used."""
    monkeypatch.delenv(ports.HTTP, raising=False)
    monkeypatch.delenv(ports.DASHBOARD, raising=False)
    assert (ports.port(ports.HTTP), ports.port(ports.DASHBOARD)) == (8480, 8481)


def test_same_port_for_both_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same port for both is refused before anything is started."""
    monkeypatch.setenv(ports.HTTP, "8481")
    monkeypatch.delenv(ports.DASHBOARD, raising=False)
    line = "^HTTP_PORT and DASHBOARD_PORT are both 8481: choose another for one of them$"
    with pytest.raises(PartUnavailableError, match=line):
        ports.refuse_used()
