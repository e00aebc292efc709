"""The values that each setting accepts, and the message for a wrong one."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from bridge.engine.model import Endpoint
from bridge.errors import UsageError
from bridge.settings import RunSettings, load
from bridge.store.connection import Connection


@pytest.mark.parametrize(
    ("setting", "text", "value"),
    [
        ("exposed_by_default", "false", False),
        ("use_bind_port_ip", "TRUE", True),
        ("traefik_version", "2.11", "2.11"),
        ("traefik_version", "3.7", "3.7"),
        ("host_name", "a", "a"),
        ("host_name", "node-1.example", "node-1.example"),
        ("host_name", "a" * 63, "a" * 63),
        ("advertise_address", "10.0.0.1", "10.0.0.1"),
        ("advertise_address", "fd00::1", "fd00::1"),
        ("advertise_address", "node_1.example.", "node_1.example."),
        ("advertise_address", "eth0", "eth0"),
        ("advertise_address", "eth0.100", "eth0.100"),
        ("advertise_address", "ETH0.100", "ETH0.100"),
        ("advertise_address", "interface99.100", "interface99.100"),
        ("routable_networks", "", ()),
        ("routable_networks", " ", ()),
        ("routable_networks", "lan, backbone", ("lan", "backbone")),
        ("drain_limit", "30s", timedelta(seconds=30)),
        ("etcd_endpoints", "a:2379, http://[::1]:2379", ("a:2379", "http://[::1]:2379")),
        ("etcd_endpoints", "[::1.2.3.4]:1", ("[::1.2.3.4]:1",)),
        ("health_socket", "x" * 107, "x" * 107),
        ("root_key", "infra/traefik", "infra/traefik"),
        ("resync_interval", "30s", timedelta(seconds=30)),
        ("resync_interval", "1h30m", timedelta(minutes=90)),
        ("resync_interval", "90", timedelta(seconds=90)),
        ("resync_interval", "999999h999999m999999s", timedelta(hours=999_999, minutes=999_999, seconds=999_999)),
        ("log_level", "WARNING", "warning"),
        ("docker_endpoint", "ssh://root@node", "ssh://root@node"),
        ("docker_endpoint", "ssh://node:65535", "ssh://node:65535"),
        ("docker_endpoint", "tcp://[::1]:2375", "tcp://[::1]:2375"),
        ("docker_endpoint", "https://node:1/docker", "https://node:1/docker"),
        ("docker_endpoint", "http://node:1/", "http://node:1/"),
        ("docker_endpoint", "unix:///run/docker.sock", "unix:///run/docker.sock"),
        ("docker_endpoint", "", ""),
        ("default_rule", "Host(`{{ .Name }}`)", "Host(`{{ .Name }}`)"),
        ("default_rule", "", ""),
        ("constraints", "Label(`a`, `b`)", "Label(`a`, `b`)"),
        ("allowed_hosts", "", ()),
        ("allowed_hosts", "a.example, *.B.example,*", ("a.example", "*.b.example", "*")),
        ("allowed_entrypoints", "web, secure", ("web", "secure")),
        ("allowed_names", "team-*,auth@file", ("team-*", "auth@file")),
        ("allowed_middlewares", "rateLimit,inflightconn", ("ratelimit", "inflightconn")),
        ("allowed_middlewares", "grpcWeb", ("grpcweb",)),
    ],
)
def test_accepted(setting: str, text: str, value: Any) -> None:  # noqa: ANN401 - each setting has its own type
    """A setting takes its values in any of their spellings."""
    assert getattr(load(RunSettings, {setting: text}), setting) == value


@pytest.mark.parametrize(
    ("setting", "text", "accepted"),
    [
        ("exposed_by_default", "maybe", "accepted: true or false"),
        ("traefik_version", "3", "accepted: 2.11, 3.0, 3.1, 3.2, 3.3, 3.4, 3.5, 3.6 or 3.7"),
        ("host_name", "Node", "accepted: 1 to 63 of a-z"),
        ("host_name", "node-", "accepted: 1 to 63 of a-z"),
        ("host_name", "-node", "accepted: 1 to 63 of a-z"),
        ("host_name", "a" * 64, "accepted: 1 to 63 of a-z"),
        ("host_name", "a\n", "accepted: 1 to 63 of a-z"),
        ("host_name", "a/b", "accepted: 1 to 63 of a-z"),
        ("host_name", "../b", "accepted: 1 to 63 of a-z"),
        ("host_name", "a%2fb", "accepted: 1 to 63 of a-z"),
        ("host_name", "a\0", "accepted: 1 to 63 of a-z"),
        ("host_name", "\u0430", "accepted: 1 to 63 of a-z"),
        ("allowed_hosts", "a,,b", "accepted: names"),
        ("allowed_hosts", "a.*.b", "accepted: host names"),
        ("allowed_hosts", "*b", "accepted: host names"),
        ("allowed_hosts", "https://a", "accepted: host names"),
        ("allowed_middlewares", "headers,ratelimits", "ratelimits is not a type of middleware"),
        ("allowed_middlewares", "\udcff", "accepted: text in UTF-8"),
        ("log_level", "\udcff", "accepted: text in UTF-8"),
        ("root_key", "\udcff", "accepted: text in UTF-8"),
        ("etcd_username", "\udcff", "accepted: text in UTF-8"),
        ("etcd_endpoints", "\udcff:1", "accepted: text in UTF-8"),
        ("advertise_address", "http://node", "accepted: an IP address, a host name or the name of a network"),
        ("advertise_address", "10.0.0.999", "accepted: an IP address, a host name or the name of a network"),
        ("advertise_address", "fe80::1%eth0", "accepted: an IP address, a host name or the name of a network"),
        ("advertise_address", "interface999.100", "accepted: an IP address, a host name or the name of a network"),
        ("advertise_address", "0.0.0.0", "accepted: an address at which Traefik reaches"),
        ("advertise_address", "::", "accepted: an address at which Traefik reaches"),
        ("drain_limit", "0", "accepted: a duration above zero"),
        ("etcd_endpoints", "ftp://a:2379", "accepted: host:port"),
        ("etcd_endpoints", "https://a:2379", "it needs etcd_ca as well"),
        ("etcd_endpoints", "a", "accepted: host:port"),
        ("etcd_endpoints", "", "accepted: host:port"),
        ("etcd_endpoints", "a:0", "accepted: host:port"),
        ("etcd_endpoints", "a:1,b:65536", "accepted: host:port"),
        *(
            ("etcd_endpoints", text, "accepted: host:port")
            for text in ("[1.2.3.4]:1", "[1:2]:1", "[.]:1", "a\u2100b:1")
        ),
        *(
            ("docker_endpoint", text, "accepted: unix:///path")
            for text in ("tcp://[1.2.3.4]:1", "http://a\u2100b:1", "ssh://[1:2]")
        ),
        ("root_key", "/traefik", "accepted: a key"),
        ("root_key", "", "accepted: a key"),
        ("root_key", "infra//traefik", "accepted: a key"),
        ("root_key", "infra traefik", "accepted: a key"),
        ("root_key", "infra/my traefik", "accepted: a key"),
        ("root_key", '"traefik"', "accepted: a key"),
        ("state_key", "bridge/", "accepted: a key"),
        ("state_key", "'bridge'", "accepted: a key"),
        ("state_key", "traefik-state", "it must not begin with root_key 'traefik'"),
        ("resync_interval", "0", "accepted: a duration above zero"),
        ("resync_interval", "", "accepted: a duration above zero"),
        ("resync_interval", "0h0m0s", "accepted: a duration above zero"),
        ("resync_interval", "5 min", "accepted: a duration above zero"),
        *(
            ("resync_interval", f"1000000{unit}", "accepted: a duration above zero")
            for unit in ("h", "m", "s", "")
        ),
        ("default_rule", "Host(`{{ .Name `)", "column 16: a string is not closed"),
        ("constraints", "Label(`a`)", "column 1: Label takes two strings"),
        ("log_level", "loud", "accepted: debug, info, warning or error"),
        ("log_format", "xml", "accepted: auto, console or json"),
        ("docker_endpoint", "/var/run/docker.sock", "accepted: unix:///path"),
        ("docker_endpoint", "unix:///", "accepted: unix:///path"),
        ("docker_endpoint", "unix:///run/my docker.sock", "accepted: unix:///path"),
        ("docker_endpoint", "tcp://node:1/my docker", "accepted: unix:///path"),
        ("docker_endpoint", "tcp://node", "accepted: unix:///path"),
        ("docker_endpoint", "https://node", "accepted: unix:///path"),
        ("docker_endpoint", "tcp://node:0", "accepted: unix:///path"),
        ("docker_endpoint", "tcp://node:65536", "accepted: unix:///path"),
        ("docker_endpoint", "ssh://node:99999", "accepted: unix:///path"),
        ("docker_endpoint", "ssh://node/", "accepted: unix:///path"),
        ("docker_endpoint", "tcp://node:1?a=b", "accepted: unix:///path"),
        ("health_socket", "", "accepted: a path of 1 to 107 bytes"),
        ("health_socket", "x" * 108, "accepted: a path of 1 to 107 bytes"),
        ("health_socket", "a\0b", "accepted: a path of 1 to 107 bytes"),
        ("etcd_ca", "/nowhere/ca.pem", "accepted: a file that can be read (No such file or directory)"),
        ("etcd_ca", "a\0b", "accepted: a file that can be read (embedded null byte)"),
        ("etcd_username", "bridge", "it needs etcd_password as well"),
    ],
)
def test_refused(setting: str, text: str, accepted: str) -> None:
    """A wrong value is told in one line: the flag as it was given, its value, what is accepted."""
    with pytest.raises(UsageError) as error:
        load(RunSettings, {setting: text})
    line = str(error.value)
    assert line.startswith(f"--{setting.replace('_', '-')} is {text!r}; {accepted}")
    assert "\n" not in line


def test_long_wrong_value_is_cut() -> None:
    """A long wrong value is cut in the message, as in the log."""
    with pytest.raises(UsageError, match=r"x{1000}... \(100,000 characters\)'; accepted: a duration") as error:
        load(RunSettings, {"host_grace": "x" * 100_000})
    assert len(str(error.value)) < 1_200


@pytest.fixture
def pem(tmp_path: Path) -> str:
    """Return a readable file."""
    path = tmp_path / "file.pem"
    path.write_text("")
    return str(path)


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (("etcd_cert",), "--etcd-cert is 'PEM'; it needs etcd_key as well"),
        (("etcd_key",), "--etcd-key is 'PEM'; it needs etcd_cert as well"),
        (("etcd_cert", "etcd_key"), "--etcd-cert is 'PEM'; it needs etcd_ca as well; without one"),
        (("docker_tls_cert",), "--docker-tls-cert is 'PEM'; it needs docker_tls_key as well"),
        (("docker_tls_key",), "--docker-tls-key is 'PEM'; it needs docker_tls_cert as well"),
    ],
)
def test_client_certificate_needs_key_and_ca(given: tuple[str, ...], line: str, pem: str) -> None:
    """A client certificate needs its key, and for etcd a CA: without one the package would use plaintext."""
    with pytest.raises(UsageError) as error:
        load(RunSettings, dict.fromkeys(given, pem))
    assert str(error.value).replace(pem, "PEM").startswith(line)


def test_secrets_are_masked() -> None:
    """The message for a wrong value masks a password, even inside a URL."""
    for flags in (
        {"etcd_password": "hunter2"},
        {"docker_endpoint": "ftp://me:hunter2@node"},
        {"docker_endpoint": "ftp:u:hunter2@x"},
        {"docker_endpoint": "ssh://root:hunter2@node"},
        {"etcd_endpoints": "root:hunter2@etcd:2379"},
    ):
        with pytest.raises(UsageError) as error:
            load(RunSettings, flags)
        assert "hunter2" not in str(error.value)
        assert "***" in str(error.value)


@pytest.mark.parametrize(("root", "state"), [("s/s", "s"), ("docker", "docker-event-bridge")])
def test_state_key_below_root_key_is_refused(root: str, state: str) -> None:
    """A state key whose keys would begin with the root key, and so be seen by Traefik, is refused."""
    with pytest.raises(UsageError, match="it must not begin with root_key"):
        load(RunSettings, {"root_key": root, "state_key": state})


def test_plain_etcd_endpoint_with_ca_is_refused(pem: str) -> None:
    """An endpoint in clear does not go with a CA certificate."""
    with pytest.raises(UsageError, match="--etcd-endpoints is 'http://a:1'; with etcd_ca it must be https"):
        load(RunSettings, {"etcd_endpoints": "http://a:1", "etcd_ca": pem})


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        ({"host_lease": "1s"}, "--host-lease is '1s'; etcd grants no lease below 2s"),
        ({"host_grace": "5s"}, "--host-grace is '5s'; it must be longer than host_lease"),
        ({"host_lease": "1m"}, "BRIDGE_HOST_GRACE (by default) is '1m'; it must be longer than host_lease"),
    ],
)
def test_grace_not_longer_than_lease_is_refused(flags: dict[str, str], line: str) -> None:
    """A lease that etcd does not grant, or a grace that is no longer than it, is refused, even if by default."""
    with pytest.raises(UsageError) as error:
        load(RunSettings, flags)
    assert str(error.value).startswith(line)


def test_shortest_lease_and_grace() -> None:
    """The shortest lease that etcd grants is accepted, and a grace that is a little longer."""
    settings = load(RunSettings, {"host_lease": "2s", "host_grace": "3s"})
    assert (settings.host_lease, settings.host_grace) == (timedelta(seconds=2), timedelta(seconds=3))


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """Return a file for the CA, the certificate and the key, each."""
    for name in ("ca", "cert", "key"):
        (tmp_path / name).touch()
    return {name: str(tmp_path / name) for name in ("ca", "cert", "key")}


def test_connection_has_all_etcd_settings(files: dict[str, str]) -> None:
    """All settings of etcd are part of its connection."""
    flags = {"etcd_endpoints": "a:1,b:2", "etcd_username": "me", "etcd_password": "pw"}
    paths = {name: Path(file) for name, file in files.items()}
    expected = Connection(("a:1", "b:2"), "me", "pw", **paths)
    assert (
        load(RunSettings, flags | {f"etcd_{name}": file for name, file in files.items()}).connection() == expected
    )
    assert load(RunSettings, flags).connection() == Connection(("a:1", "b:2"), "me", "pw")


def test_endpoint_has_all_engine_settings(files: dict[str, str]) -> None:
    """All settings of the engine are part of its endpoint."""
    flags = {"docker_endpoint": "tcp://node:2376"} | {f"docker_tls_{name}": file for name, file in files.items()}
    expected = Endpoint("tcp://node:2376", files["ca"], files["cert"], files["key"])
    assert load(RunSettings, flags).endpoint() == expected
    unverified = load(RunSettings, flags | {"docker_tls_insecure_skip_verify": "true"}).endpoint()
    assert unverified == replace(expected, insecure_skip_verify=True)
