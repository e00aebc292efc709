"""The bridge on an etcd that is locked down as documented: TLS, users, and roles for two prefixes only."""

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from bridge.settings import RunSettings, load
from tests.daemon.host import Host, routed_by
from tests.daemon.keys import Keys
from tests.lab import parts
from tests.lab.bridge import Bridge
from tests.lab.certificates import Authority, authority
from tests.lab.engine import Engine
from tests.lab.etcd import Etcd, Member
from tests.lab.parts import EtcdRelease
from tests.lab.ports import LOOPBACK, free_port
from tests.lab.traefik import Traefik, etcd_provider
from tests.lab.wait import wait_for

DOCUMENTATION = (Path(__file__).parents[2] / "docs/security.md").read_text()
ENDED_WITHIN = 20.0
LEASE, GOODBYE = 3, load(RunSettings, {}).keep_after_stop.total_seconds()


def documented(name: str) -> str:
    """Return a block of commands from the documentation."""
    found = re.search(rf"<!-- commands: {name} -->\n```sh\n(.*?)```", DOCUMENTATION, re.DOTALL)
    assert found
    return found[1]


@dataclass(frozen=True, slots=True)
class Locked:
    """An etcd with TLS, client certificates and users; their passwords are in files named `<user>.password`."""

    etcd: Etcd
    secure: str
    signed_by: Authority
    directory: Path

    def bridge(self, engine: Engine, user: str = "bridge", **settings: str) -> Bridge:
        """Return a bridge that logs in as a user, with a client certificate that names no user."""
        cert, key = self.signed_by.sign("anybody")
        given = {
            "root_key": "traefik",
            "etcd_endpoints": self.secure,
            "etcd_ca": str(self.signed_by.ca),
            "etcd_cert": str(cert),
            "etcd_key": str(key),
            "etcd_username": user,
            "etcd_password_file": str(self.directory / f"{user}.password"),
            "host_lease": f"{LEASE}s",
        }
        return Bridge(engine, self.etcd, **(given | settings))

    def ctl(self, user: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run etcdctl as a user."""
        return subprocess.run(
            [parts.etcdctl(), f"--endpoints={self.etcd.endpoint}", *arguments],
            env=os.environ | {"ETCDCTL_USER": f"{user}:{user}-secret"},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def token_ttl() -> int:
    """Return the time to live of a token in seconds."""
    return 1


@pytest.fixture(params=["3.4", "3.7"])
def locked(
    request: pytest.FixtureRequest,
    token_ttl: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    start_etcd: Callable[..., Etcd],
) -> Locked:
    """Return an etcd that the documented commands have set up, with tokens that expire soon."""
    signed_by, member, port = authority(tmp_path / "tls"), Member("locked"), free_port()
    cert, key = signed_by.sign("server")
    # The plaintext port is for the lab, which reads the keys there.
    urls = f"http://{LOOPBACK}:{member.port},https://{LOOPBACK}:{port}"
    tls = (f"--cert-file={cert}", f"--key-file={key}", f"--trusted-ca-file={signed_by.ca}", "--client-cert-auth")
    addresses = (f"--listen-client-urls={urls}", f"--advertise-client-urls={urls}")
    release = cast("EtcdRelease", request.param)
    etcd = start_etcd(release, member=member, arguments=(*addresses, *tls, f"--auth-token-ttl={token_ttl}"))
    write_passwords(tmp_path)
    run(documented("etcd"), tmp_path, etcd)
    monkeypatch.setenv("ETCDCTL_USER", "root:root-secret")
    return Locked(etcd, f"https://{LOOPBACK}:{port}", signed_by, tmp_path)


def write_passwords(directory: Path) -> None:
    """Write what the commands of the documentation read."""
    for user in ("root", "bridge", "traefik"):
        (directory / f"{user}.password").write_text(f"{user}-secret\n")


def run(commands: str, directory: Path, etcd: Etcd) -> None:
    """Run commands from the documentation unchanged."""
    path = f"{parts.etcdctl().parent}:{os.environ['PATH']}"
    env = os.environ | {"PATH": path, "ETCDCTL_ENDPOINTS": etcd.endpoint}
    done = subprocess.run(
        ["sh", "-ec", commands], cwd=directory, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@contextmanager
def hosted(engine: Engine, locked: Locked, **settings: str) -> Iterator[Host]:
    """Run a bridge on a locked etcd."""
    with locked.bridge(engine, **settings) as bridge:
        yield Host(engine, bridge, Keys(locked.etcd, "traefik"))


def test_documented_role_is_enough_for_bridge(engine: Engine, locked: Locked, token_ttl: int) -> None:
    """Claims, waiting, succession, lease, goodbye and purge work with the documented role and short tokens."""
    with hosted(engine, locked) as host:
        alive = host.keys.state()["alive/lab"]
        other = "--label=traefik.http.routers.shared.rule=Host(`other.localhost`)"
        with host.container("shared"), engine.container("waiter", other) as waiter:
            host.wait_until_logged('"container": "waiter"')
            # A plain sleep: etcd does not say when a token expires.
            time.sleep(LEASE + 2 * token_ttl)
            assert host.keys.state()["alive/lab"] == alive
            assert not host.keys.servers(waiter)
            engine.cli("stop", "--time=1", "shared")
            host.wait_until_routed(waiter)
            host.bridge.process.end()
            assert json.loads(host.keys.state()["hosts/lab"].value)["goodbye"] == GOODBYE
            assert "alive/lab" not in host.keys.state()
            assert host.keys.servers(waiter)
            purged = host.bridge.command("purge", "lab", "--yes")
            assert purged.returncode == 0, purged.stderr
            assert not host.keys.servers(waiter)
        assert not host.logged(level="error")


# Traefik's client cannot log in again on etcd 3.4 once its token has expired.
@pytest.mark.parametrize("token_ttl", [300])
def test_documented_role_is_enough_for_traefik(
    engine: Engine,
    locked: Locked,
    start_traefik: Callable[..., Traefik],
    start_traefik_2_11: Callable[..., Traefik],
    token_ttl: int,  # noqa: ARG001, for the etcd fixture
) -> None:
    """Each Traefik reads and follows the view as its own user, which can read nothing else and write nothing."""
    account = {"username": "traefik", "password": "traefik-secret"}
    with hosted(engine, locked) as host, host.container("before"):
        read = [start(etcd_provider(locked.etcd, **account)) for start in (start_traefik, start_traefik_2_11)]
        for traefik in read:
            traefik.wait_for_status(200, "before.localhost")
        with host.container("after"):
            for traefik in read:
                traefik.wait_for_status(200, "after.localhost")
    assert locked.ctl("traefik", "get", "--prefix", "traefik/").returncode == 0
    assert denied(
        locked, "traefik", ("put", "traefik/http/routers/x/rule", "x"), ("get", "--prefix", "docker-event")
    )


def test_documented_role_of_bridge_has_no_other_access(locked: Locked) -> None:
    """The bridge's user has no access to other keys, even with names that begin alike, nor to users and roles."""
    assert denied(
        locked,
        "bridge",
        ("get", "other"),
        ("put", "other", ""),
        ("put", "traefik", ""),
        ("put", "traefik0", ""),
        ("put", "traefik-2/http/routers/x/rule", ""),
        ("put", "docker-event-bridge/other/alive/lab", ""),
        ("get", "--prefix", ""),
        ("user", "add", "friend:secret"),
        ("role", "grant-permission", "bridge", "readwrite", "other"),
    )


def denied(locked: Locked, user: str, *commands: tuple[str, ...]) -> bool:
    """Assert that etcd denies a user all of these commands."""
    answers = {arguments: locked.ctl(user, *arguments).stderr for arguments in commands}
    assert {what: told for what, told in answers.items() if "permission denied" not in told} == {}
    return True


def test_client_certificate_can_name_the_user(engine: Engine, locked: Locked) -> None:
    """Without a user and password, the bridge acts as the user that its client certificate names."""
    cert, key = locked.signed_by.sign("bridge")
    settings = {"etcd_cert": str(cert), "etcd_key": str(key), "etcd_username": "", "etcd_password_file": ""}
    with hosted(engine, locked, **settings) as host, host.container("certified"):
        host.wait_until_followed()


def test_missing_permission_ends_bridge_with_one_line(engine: Engine, locked: Locked) -> None:
    """If the user lacks a permission or cannot log in, the bridge ends with one line and shows no password."""
    nobody = {"etcd_username": "", "etcd_password_file": ""}
    wrong = (
        ("permission denied", locked.bridge(engine, "traefik")),
        ("permission denied", locked.bridge(engine, root_key="elsewhere")),
        ("permission denied", locked.bridge(engine, state_key="elsewhere")),
        ("permission denied", locked.bridge(engine, **nobody)),
        ("authentication failed", locked.bridge(engine, etcd_username="who")),
    )
    with ExitStack() as stack:
        for _, bridge in wrong:
            stack.callback(bridge.remove)
            bridge.start()
        for told, bridge in wrong:
            assert bridge.process.wait(ENDED_WITHIN) == 1
            last = bridge.log().splitlines()[-1]
            assert last.startswith(f"docker-event-bridge: etcd at {locked.secure} refuses: ")
            assert told in last
            assert "-secret" not in bridge.log()


def test_authentication_is_enabled_while_bridge_runs(
    engine: Engine, tmp_path: Path, start_etcd: Callable[..., Etcd]
) -> None:
    """If authentication is enabled under a running bridge that has a user, lease, routes and events go on."""
    etcd = start_etcd("3.7")
    write_passwords(tmp_path)
    account = {"etcd_username": "bridge", "etcd_password_file": str(tmp_path / "bridge.password")}
    with (
        Bridge(engine, etcd, "traefik", host_lease=f"{LEASE}s", **account) as bridge,
        engine.container("early", routed_by("early")) as early,
    ):
        keys = Keys(etcd, "traefik")
        wait_for(lambda: keys.servers(early), 10, bridge.process.tail)
        alive = keys.state()["alive/lab"]
        run(documented("etcd"), tmp_path, etcd)
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("ETCDCTL_USER", "root:root-secret")
            host = Host(engine, bridge, keys)
            with host.container("late"):
                time.sleep(LEASE)
                assert keys.state()["alive/lab"] == alive
            host.wait_until_followed()
