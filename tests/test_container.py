"""Reading what `docker inspect` prints."""

import copy
from typing import Any

import pytest

from bridge.container import Binding, Network, Port, from_inspect

INSPECTED: dict[str, Any] = {
    "Id": "0123456789abcdef" * 4,
    "Name": "/shop",
    "Created": "2024-05-01T10:00:00.1Z",
    "State": {"Status": "running", "StartedAt": "2024-05-01T10:00:01.2Z", "Health": {"Status": "healthy"}},
    "Config": {"Image": "shop:1", "StopSignal": "SIGQUIT", "Labels": {"traefik.enable": "true", "": "ä"}},
    "HostConfig": {"NetworkMode": "front"},
    "NetworkSettings": {
        "Ports": {
            "443/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8443"}, {"HostIp": "::", "HostPort": "8443"}],
            "53/udp": [],
            "53/tcp": None,
            "80": [{"HostIp": "", "HostPort": "8080"}],
        },
        "Networks": {
            "front": {"NetworkID": "f1", "IPAddress": "10.0.0.2", "GlobalIPv6Address": "fd00::2"},
            "back": {"NetworkID": "b1", "IPAddress": ""},
            "made": None,
        },
    },
}


def changed(path: str, value: object) -> dict[str, Any]:
    """Return the inspection with another value at a path of names."""
    inspected = copy.deepcopy(INSPECTED)
    *parents, last = path.split(".")
    part = inspected
    for name in parents:
        part = part[name]
    part[last] = value
    return inspected


def test_identity() -> None:
    """The container's name has no slash, and its short id is the one that `docker ps` prints."""
    container = from_inspect(INSPECTED)

    assert (container.id, container.short_id) == ("0123456789abcdef" * 4, "0123456789ab")
    assert (container.name, container.image) == ("shop", "shop:1")
    assert (container.created, container.started) == ("2024-05-01T10:00:00.100000000Z", "2024-05-01T10:00:01.2Z")
    assert (container.status, container.health) == ("running", "healthy")
    assert (container.stop_signal, container.network_mode) == ("SIGQUIT", "front")
    assert container.labels == {"traefik.enable": "true", "": "ä"}


def test_networks() -> None:
    """Networks are sorted by name; an absent address is empty."""
    assert from_inspect(INSPECTED).networks == (
        Network("back", "b1", "", ""),
        Network("front", "f1", "10.0.0.2", "fd00::2"),
        Network("made", "", "", ""),
    )


def test_network_of_swarm() -> None:
    """Swarm's network for published ports comes last, since only Swarm services can be attached to it."""
    networks = {name: {"IPAddress": "10.0.0.2"} for name in ("shop_default", "ingress", "jaeger")}
    read = from_inspect(changed("NetworkSettings.Networks", networks))

    assert [network.name for network in read.networks] == ["jaeger", "shop_default", "ingress"]


def test_ports() -> None:
    """Ports are sorted by number and protocol; the protocol is tcp if none is given."""
    assert from_inspect(INSPECTED).ports == (
        Port(53, "tcp", ()),
        Port(53, "udp", ()),
        Port(80, "tcp", (Binding("", "8080"),)),
        Port(443, "tcp", (Binding("0.0.0.0", "8443"), Binding("::", "8443"))),
    )


@pytest.mark.parametrize("parent", ["Config", "State", "NetworkSettings", "HostConfig"])
def test_absent_parts(parent: str) -> None:
    """Parts that an engine leaves out or gives as null are empty."""
    without = {name: part for name, part in INSPECTED.items() if name != parent}

    assert from_inspect(without) == from_inspect(changed(parent, None))


def test_stop_signal_by_default() -> None:
    """A container without a stop signal is stopped with SIGTERM."""
    assert from_inspect(changed("Config.StopSignal", None)).stop_signal == "SIGTERM"
    assert from_inspect(changed("Config.StopSignal", "")).stop_signal == "SIGTERM"


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("Id", None, "Id"),
        ("Id", "a/b", "Id"),
        ("Id", "0123456789a", "Id"),
        ("Name", 7, "Name"),
        ("Name", "/web\ud800", "Name"),
        ("Config", "text", "Config"),
        ("Config", [], "Config"),
        ("Config.Labels", ["a=b"], "Labels"),
        ("Config.Labels", {"some.label": None}, "some.label"),
        ("Config.StopSignal", 15, "StopSignal"),
        ("State.Health", "healthy", "Health"),
        ("NetworkSettings.Networks", ["front"], "Networks"),
        ("NetworkSettings.Networks.front", "10.0.0.2", "front"),
        ("NetworkSettings.Networks.front.IPAddress", 10, "IPAddress"),
        ("NetworkSettings.Ports", {"http/tcp": None}, "http/tcp"),
        ("NetworkSettings.Ports", {"٣/tcp": None}, "٣/tcp"),
        ("NetworkSettings.Ports", {"/tcp": None}, "/tcp"),
        ("NetworkSettings.Ports", {"0/tcp": None}, "0/tcp"),
        ("NetworkSettings.Ports", {"65536/tcp": None}, "65536/tcp"),
        ("NetworkSettings.Ports", {f"{'9' * 5000}/tcp": None}, "Ports"),
        ("NetworkSettings.Ports", {"80/tcp": "8080"}, "80/tcp"),
        ("NetworkSettings.Ports", {"80/tcp": ["8080"]}, "HostIp"),
        ("NetworkSettings.Ports", {"80/tcp": [{"HostPort": 8080}]}, "HostPort"),
    ],
)
def test_not_an_inspection(path: str, value: object, named: str) -> None:
    """A field that cannot be read raises a ValueError that names it."""
    with pytest.raises(ValueError, match=named):
        from_inspect(changed(path, value))


@pytest.mark.parametrize("inspected", [None, "text", [INSPECTED], 1, {}])
def test_not_an_object(inspected: object) -> None:
    """Anything but an object with an id raises a ValueError."""
    with pytest.raises(ValueError, match=r"Id|Config"):
        from_inspect(inspected)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("2024-05-01T10:00:00.12Z", "2024-05-01T10:00:00.120000000Z"),
        ("2024-05-01T10:00:00Z", "2024-05-01T10:00:00.000000000Z"),
        ("2024-05-01T12:00:00.123456789+02:00", "2024-05-01T10:00:00.123456789Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000000Z"),
        ("2024-13-01T10:00:00Z", "2024-13-01T10:00:00Z"),
        ("0001-01-01T00:00:00+02:00", "0001-01-01T00:00:00+02:00"),
        ("yesterday", "yesterday"),
    ],
)
def test_creation_times_compare_as_text(told: str, expected: str) -> None:
    """Creation times compare as text, though Docker drops trailing zeros and Podman gives a time zone."""
    assert from_inspect(changed("Created", told)).created == expected
