"""Every kind of endpoint of an engine, and the errors when it cannot be reached."""

import json
import os
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import anyio
import pytest
from msgspec.structs import replace

from bridge.engine.client import CONCURRENT_INSPECTS, Engine
from bridge.engine.errors import EngineRejected, EngineUnavailable
from bridge.engine.faults import shown, translated
from bridge.engine.model import Endpoint
from tests.engine.conftest import Open
from tests.engine.sshd import Server, sshd
from tests.lab.certificates import authority
from tests.lab.engine import Engine as Dockerd
from tests.lab.ports import LOOPBACK, free_port

pytestmark = pytest.mark.anyio

NOBODY = 65534
MOST_SESSIONS = 10
"""How many sessions sshd allows on one connection by default."""

DOCKER_VARIABLES = ("DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in DOCKER_VARIABLES:
        monkeypatch.delenv(name, raising=False)


@contextmanager
def listening(**settings: object) -> Iterator[str]:
    """Run an engine that also listens on a port of the loopback address; yields host:port."""
    with Dockerd("20.10") as dockerd:
        place = f"{LOOPBACK}:{free_port()}"
        config = dockerd.socket.parent / "docker.json"
        hosts = {"hosts": [dockerd.url, f"tcp://{place}"]}
        dockerd.stop()
        config.write_text(json.dumps(json.loads(config.read_text()) | hosts | settings))
        dockerd.restart()
        yield place


@pytest.fixture(scope="module")
def plain(engine: Dockerd) -> Iterator[str]:  # noqa: ARG001 - builds the parts that it needs
    """Return the endpoint of an engine without TLS."""
    with listening(tls=False) as place:
        yield f"tcp://{place}"


@pytest.fixture(scope="module")
def secured(engine: Dockerd, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:  # noqa: ARG001 - as above
    """Return the endpoint of an engine that requires client certificates, with the files for it."""
    signed_by = authority(tmp_path_factory.mktemp("tls") / "ours")
    certificate, key = signed_by.sign("server")
    cert, cert_key = signed_by.sign("cert")
    files = {"tlscacert": str(signed_by.ca), "tlscert": str(certificate), "tlskey": str(key)}
    with listening(tlsverify=True, **files) as place:
        yield Endpoint(f"tcp://{place}", str(signed_by.ca), str(cert), str(cert_key))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Endpoint:
    """Return certificates of an authority that the engine does not trust."""
    signed_by = authority(tmp_path_factory.mktemp("tls") / "theirs")
    cert, key = signed_by.sign("client")
    return Endpoint("", str(signed_by.ca), str(cert), str(key))


@pytest.fixture
def ssh(tmp_path: Path, engine: Dockerd, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Return an ssh server that leads to an engine, with HOME set to that of its user."""
    with sshd(tmp_path, engine) as server:
        monkeypatch.setenv("HOME", str(server.home))
        monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
        yield server


async def works(asked: Engine) -> bool:
    """Make each kind of request, and follow the events for a moment."""
    info = await asked.info()
    with anyio.move_on_after(0.3):
        async with asked.events() as (_, events):
            await asked.inspect_all()
            async for _ in events:
                pass
    return bool(info.version)


async def test_unix(connect: Open, each_engine: Dockerd) -> None:
    """An engine is reached by a unix socket."""
    assert await works(connect(Endpoint(each_engine.url)))


async def test_tcp(connect: Open, plain: str) -> None:
    """An engine is reached by a port without TLS, also as http://."""
    assert await works(connect(Endpoint(plain)))
    assert await works(connect(Endpoint(plain.replace("tcp", "http"))))


async def test_tls(connect: Open, secured: Endpoint, stranger: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine is reached by TLS with client certificates, also as https://, whatever the environment says."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", stranger.ca)
    assert await works(connect(secured))
    assert await works(connect(replace(secured, url=secured.url.replace("tcp", "https"))))


async def test_tls_unverified(connect: Open, secured: Endpoint) -> None:
    """With insecure_skip_verify the engine's certificate is not verified."""
    assert await works(connect(replace(secured, ca="", insecure_skip_verify=True)))


async def test_ssh(connect: Open, ssh: Server) -> None:
    """An engine is reached by ssh, with keys and known hosts from the user's home."""
    assert await works(connect(Endpoint(ssh.url)))


async def test_ssh_sessions_are_reused(connect: Open, ssh: Server) -> None:
    """Many containers are inspected over a few ssh sessions: a session is slow to start, and a host allows ten."""
    asked, ids = connect(Endpoint(ssh.url)), [f"{number:064}" for number in range(30)]

    assert await asked.each(asked.inspect_several, ids) == dict.fromkeys(ids)
    assert ssh.sessions() <= 1 + CONCURRENT_INSPECTS


async def test_ssh_sessions_are_limited(connect: Open, ssh: Server) -> None:
    """More concurrent requests than the host allows sessions wait for each other."""
    asked = connect(Endpoint(ssh.url))
    async with anyio.create_task_group() as tasks:
        for number in range(20):
            tasks.start_soon(asked.inspect, f"{number:064}")
    assert ssh.sessions() <= MOST_SESSIONS


async def test_variables_of_docker(
    connect: Open, secured: Endpoint, each_engine: Dockerd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Docker's own variables name the engine if no URL is set, and are ignored otherwise."""
    monkeypatch.setenv("DOCKER_HOST", secured.url)
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", str(_docker_named(secured)))

    assert (await connect(Endpoint()).info()).api_version == "1.41"
    assert await works(connect(Endpoint(each_engine.url)))


def _docker_named(secured: Endpoint) -> Path:
    directory = Path(secured.cert).parent
    (directory / "key.pem").write_bytes(Path(secured.key).read_bytes())
    return directory


async def refusal(asked: Engine) -> str:
    """Repeat a ping until the refusal gives a reason: the engine may close before its TLS alert is read."""
    with anyio.fail_after(20):
        while True:
            try:
                await asked.ping()
            except EngineRejected as error:
                return str(error)
            except EngineUnavailable as error:
                assert "it closed the TLS connection" in str(error)  # noqa: PT017 - the ping is repeated


async def test_no_socket(connect: Open, tmp_path: Path) -> None:
    """A socket that is missing is worth another try: it may come yet."""
    with pytest.raises(EngineUnavailable, match=rf"unix://{tmp_path}/none\.sock: there is no such socket"):
        await connect(Endpoint(f"unix://{tmp_path}/none.sock")).ping()


async def test_no_permission(connect: Open, engine: Dockerd) -> None:
    """A socket that we may not use is refused: rights do not come by waiting."""
    asked = connect(Endpoint(engine.url))
    os.seteuid(NOBODY)
    try:
        with pytest.raises(EngineRejected, match=r"no permission.*group"):
            await asked.ping()
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("scheme", ["tcp", "https", "ssh"])
async def test_closed_port(connect: Open, scheme: str) -> None:
    """A port on which nobody listens is worth another try."""
    with pytest.raises(EngineUnavailable, match=rf"{scheme}://127\.0\.0\.1:\d+: nobody listens"):
        await connect(Endpoint(f"{scheme}://{LOOPBACK}:{free_port()}")).ping()


@pytest.mark.parametrize("scheme", ["tcp", "ssh"])
async def test_unknown_host(connect: Open, scheme: str) -> None:
    """A name that cannot be resolved is worth another try."""
    with pytest.raises(EngineUnavailable, match="host name cannot be resolved"):
        await connect(Endpoint(f"{scheme}://no-such-host.invalid:2375")).ping()


@pytest.mark.parametrize(
    "url", ["tcp://", "ftp://host", "fd://", "npipe:////./pipe/x", "tcp://h:port", "ssh://h:port"]
)
async def test_invalid_endpoint(connect: Open, url: str) -> None:
    """An invalid endpoint is refused, and the error shows the valid forms."""
    with pytest.raises(EngineRejected, match="unix:///PATH"):
        await connect(Endpoint(url)).ping()


async def test_unknown_authority(connect: Open, secured: Endpoint, stranger: Endpoint) -> None:
    """An engine whose certificate was signed by another authority is refused as untrusted."""
    with pytest.raises(EngineRejected, match="its certificate is not trusted"):
        await connect(replace(secured, ca=stranger.ca)).ping()


async def test_unknown_client(connect: Open, secured: Endpoint, stranger: Endpoint) -> None:
    """If the engine refuses a client certificate of another authority, the error says so."""
    told = await refusal(connect(replace(secured, cert=stranger.cert, key=stranger.key)))

    assert "the client's certificate" in told


async def test_no_client_certificate(connect: Open, secured: Endpoint) -> None:
    """If the engine requires a client certificate and there is none, the error says so."""
    told = await refusal(connect(replace(secured, cert="", key="")))

    assert "the client's certificate" in told


async def test_plain_to_tls(connect: Open, secured: Endpoint) -> None:
    """To speak without TLS to a port that has it is refused, and told."""
    with pytest.raises(EngineRejected, match="it speaks TLS"):
        await connect(Endpoint(secured.url)).ping()


async def test_tls_to_plain(connect: Open, plain: str, stranger: Endpoint) -> None:
    """To speak TLS to a port without it is refused, and told."""
    with pytest.raises(EngineRejected, match="check that it speaks TLS"):
        await connect(replace(stranger, url=plain)).ping()


@pytest.mark.parametrize(
    "endpoint",
    [
        Endpoint(f"tcp://{LOOPBACK}:1", ca="/none"),
        Endpoint(f"tcp://{LOOPBACK}:1", cert="/none", key="/none"),
        Endpoint(f"tcp://{LOOPBACK}:1", cert=__file__),
        Endpoint(ca=__file__),
    ],
)
async def test_missing_files(connect: Open, endpoint: Endpoint) -> None:
    """Files that are missing are refused, and so is a CA for the default socket: no waiting mends the set-up."""
    with pytest.raises(EngineRejected, match="check the endpoint, the CA"):
        await connect(endpoint).ping()


async def test_garbled_files(connect: Open, secured: Endpoint, tmp_path: Path) -> None:
    """Files that hold no certificate are refused: no waiting mends the set-up."""
    (tmp_path / "garbage.pem").write_text("garbage")
    garbage = str(tmp_path / "garbage.pem")
    for endpoint in (replace(secured, ca=garbage), replace(secured, cert=garbage), replace(secured, key=garbage)):
        with pytest.raises(EngineRejected, match="TLS"):
            await connect(endpoint).ping()


async def test_ssh_port_that_closes_connections(connect: Open, caplog: pytest.LogCaptureFixture) -> None:
    """An ssh port that closes connections, as on a booting host, counts as unavailable, and logs no traceback."""
    with socket.create_server((LOOPBACK, 0)) as server, ThreadPoolExecutor() as threads:
        threads.submit(_close_the_next, server)
        with pytest.raises(EngineUnavailable, match="the connection broke"):
            await connect(Endpoint(f"ssh://{LOOPBACK}:{server.getsockname()[1]}")).ping()
    assert caplog.messages == []


def _close_the_next(server: socket.socket) -> None:
    connection, _ = server.accept()
    connection.close()


def test_exception_during_ssh_import_is_not_translated(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception raised while the ssh package is still being imported, as by a stop, is not translated."""
    monkeypatch.setitem(sys.modules, "paramiko", ModuleType("paramiko"))
    with pytest.raises(KeyboardInterrupt), translated(Endpoint("ssh://node")):
        raise KeyboardInterrupt


async def test_ssh_host_unknown(connect: Open, ssh: Server) -> None:
    """An ssh host whose key is not in known_hosts is refused, since nobody can be asked to confirm it."""
    ssh.known_hosts.write_text("")
    with pytest.raises(EngineRejected, match="known_hosts"):
        await connect(Endpoint(ssh.url)).ping()


async def test_ssh_host_changed(connect: Open, ssh: Server) -> None:
    """An ssh host whose key differs from the one in known_hosts is refused."""
    place = ssh.known_hosts.read_text().split()[0]
    ssh.known_hosts.write_text(f"{place} {ssh.key.with_suffix('.pub').read_text()}")
    with pytest.raises(EngineRejected, match="known_hosts"):
        await connect(Endpoint(ssh.url)).ping()


async def test_ssh_user_unknown(connect: Open, ssh: Server) -> None:
    """A user without a key, or without one that the ssh host accepts, is refused with that reason."""
    (ssh.home.parent / "authorized").write_text("")
    with pytest.raises(EngineRejected, match="ssh refused the login"):
        await connect(Endpoint(ssh.url)).ping()
    ssh.key.unlink()
    with pytest.raises(EngineRejected, match="no ssh key"):
        await connect(Endpoint(ssh.url)).ping()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("", "unix:///var/run/docker.sock"),
        ("unix:///run/a@b.sock", "unix:///run/a@b.sock"),
        ("tcp://user:secret@host:2375", "tcp://host:2375"),
        ("ssh://user:se@cret@host", "ssh://host"),
    ],
)
def test_endpoint_is_shown_without_user_and_password(url: str, expected: str) -> None:
    """An endpoint is shown without user and password."""
    assert shown(Endpoint(url)) == expected
