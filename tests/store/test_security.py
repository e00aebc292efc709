"""TLS and users of etcd, and how wrong settings for them are reported."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from anyio import create_task_group, fail_after, sleep

from bridge.claims.layout import under
from bridge.claims.transaction import Put, Range
from bridge.store.client import Lease, Store
from bridge.store.connection import Connection
from bridge.store.errors import StoreRejected, StoreUnavailable
from tests.lab.certificates import Authority, authority
from tests.lab.etcd import Etcd, Member
from tests.lab.ports import LOOPBACK, free_port
from tests.lab.traefik import Traefik
from tests.store.answers import insist, write
from tests.store.conftest import OpenStore, StartEtcd

pytestmark = pytest.mark.anyio

TOKEN_TTL = 1


def openssl(*arguments: str | Path) -> None:
    """Run openssl."""
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


@pytest.fixture
def ours(tmp_path: Path) -> Authority:
    """Return the authority that signed etcd's certificate."""
    return authority(tmp_path / "ours")


@pytest.fixture
def tls_endpoint(ours: Authority, start_etcd: StartEtcd) -> str:
    """Return the endpoint of an etcd that requires client certificates of our authority."""
    cert, key = ours.sign("server")
    member, port = Member("tls"), free_port()
    # The plaintext port is for the lab, which checks there that etcd is up.
    urls = f"http://{LOOPBACK}:{member.port},https://{LOOPBACK}:{port}"
    start_etcd(
        f"--listen-client-urls={urls}",
        f"--advertise-client-urls={urls}",
        f"--cert-file={cert}",
        f"--key-file={key}",
        f"--trusted-ca-file={ours.ca}",
        "--client-cert-auth",
        member=member,
    )
    return f"{LOOPBACK}:{port}"


@pytest.fixture
def etcd_with_users(start_etcd: StartEtcd) -> Etcd:
    """Return an etcd with users and short-lived tokens: `bridge`/`secret` may use the keys below `own/`."""
    etcd = start_etcd(f"--auth-token-ttl={TOKEN_TTL}")
    for command in (
        "user add root:rootsecret",
        "user grant-role root root",
        "user add bridge:secret",
        "role add bridge",
        "role grant-permission bridge --prefix=true readwrite own/",
        "user grant-role bridge bridge",
        "auth enable",
    ):
        etcd.ctl(*command.split())
    return etcd


async def test_tls_with_client_certificate(tls_endpoint: str, ours: Authority, open_store: OpenStore) -> None:
    """With a CA and a client certificate, writes and watches work, with or without https in the endpoint."""
    cert, key = ours.sign("client")
    for endpoint in (tls_endpoint, f"https://{tls_endpoint}"):
        store = open_store(Connection((endpoint,), ca=ours.ca, cert=cert, key=key))
        revision = await write(store, Put("a", ""))
        async with store.watch(Range("a"), revision=revision) as watch:
            assert len(await anext(watch)) == 1


async def test_tls_mismatch_fails_with_reason(
    tls_endpoint: str, ours: Authority, tmp_path: Path, open_store: OpenStore
) -> None:
    """Without a client certificate, in plaintext or with another CA, a call fails in time and says why."""
    other = authority(tmp_path / "other")
    cert, key = other.sign("client")
    for connection, message in (
        (Connection((tls_endpoint,), ca=ours.ca), "BRIDGE_ETCD_CERT"),
        (Connection((tls_endpoint,), ca=ours.ca, cert=cert, key=key), "BRIDGE_ETCD_CERT"),
        (Connection((tls_endpoint,), ca=other.ca), "CERTIFICATE_VERIFY_FAILED"),
        (Connection((tls_endpoint,)), "BRIDGE_ETCD_CA"),
    ):
        with fail_after(3), pytest.raises(StoreUnavailable, match=f"{tls_endpoint}.*{message}"):
            await open_store(connection).read(Range("a"))


async def test_server_that_is_not_etcd_is_reported(
    start_traefik: Callable[[], Traefik], open_store: OpenStore
) -> None:
    """A server that is no etcd, such as a proxy, is reported as such, not as an etcd that refuses."""
    place = f"{LOOPBACK}:{start_traefik().port()}"
    with fail_after(3), pytest.raises(StoreRejected, match=f"{place} refuses: .*; this is not etcd .*no_proxy"):
        await open_store(Connection((place,))).read(Range("a"))


async def test_missing_certificate_file_is_unavailable(
    tls_endpoint: str, tmp_path: Path, open_store: OpenStore
) -> None:
    """A missing file is named and counts as unavailable: it was there when the settings were read."""
    store = open_store(Connection((tls_endpoint,), ca=tmp_path / "none.pem"))
    with pytest.raises(StoreUnavailable, match=r"none\.pem cannot be read: No such file"):
        await store.read(Range("a"))


async def test_file_without_certificate_is_unavailable(
    tls_endpoint: str, ours: Authority, open_store: OpenStore
) -> None:
    """A file with the wrong content is named and counts as unavailable, since it may be being replaced."""
    cert, key = ours.sign("client")
    other, _ = ours.sign("other")
    empty = ours.ca.with_name("empty.pem")
    empty.touch()
    for connection, message in (
        (Connection((tls_endpoint,), ca=ours.ca, cert=empty, key=key), r"\(not in PEM form\)"),
        (Connection((tls_endpoint,), ca=key), f"{key} is not a CA certificate"),
        (Connection((tls_endpoint,), ca=ours.ca, cert=key, key=cert), f"{key} and {cert} are not a certificate"),
        (Connection((tls_endpoint,), ca=ours.ca, cert=other, key=key), f"{other} and {key} are not a certificate"),
    ):
        with fail_after(1), pytest.raises(StoreUnavailable, match=message):
            await open_store(connection).read(Range("a"))


async def test_file_removed_between_reads_is_unavailable(
    tls_endpoint: str, ours: Authority, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is removed between two reads counts as unavailable, since it may be being replaced."""
    store = open_store(Connection((tls_endpoint,), ca=ours.ca))
    read = Path.read_bytes

    def read_and_remove(path: Path) -> bytes:
        data = read(path)
        path.unlink()
        return data

    monkeypatch.setattr(Path, "read_bytes", read_and_remove)
    with fail_after(1), pytest.raises(StoreUnavailable, match="is not a CA certificate"):
        await store.read(Range("a"))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        pytest.param({"endpoints": ()}, "no endpoint", id="no endpoint"),
        pytest.param({"endpoints": ("a",)}, "a is not host:port", id="no port"),
        pytest.param({"endpoints": ("a:b",)}, "a:b is not host:port", id="no number"),
        pytest.param({"endpoints": (":1",)}, ":1 is not host:port", id="no host"),
        pytest.param({"endpoints": ("ftp://a:1",)}, "https needs", id="scheme"),
        pytest.param({"endpoints": ("https://a:1",)}, "https needs a CA", id="https without CA"),
        pytest.param({"endpoints": ("http://a:1",), "ca": Path("ca")}, "must not have one", id="http with CA"),
        pytest.param({"cert": Path("c"), "key": Path("k")}, "needs the CA", id="certificate without CA"),
        pytest.param({"ca": Path("a"), "cert": Path("c")}, "must be set together", id="certificate without key"),
        pytest.param({"username": "me"}, "must be set together", id="user without password"),
    ],
)
def test_unusable_settings_are_refused_before_connecting(wrong: dict[str, object], message: str) -> None:
    """Settings that cannot work are refused before connecting, and never fall back to plaintext."""
    with pytest.raises(StoreRejected, match=message):
        Connection(**{"endpoints": ("a:1",), **wrong})  # type: ignore[arg-type]


@pytest.mark.parametrize("endpoint", ["a:1", "http://a:1", "http://a:1/", "127.0.0.1:1", "[::1]:1"])
def test_endpoints(endpoint: str) -> None:
    """An endpoint is a host name or address with a port, with or without http://."""
    assert Connection((endpoint,)).endpoints == (endpoint,)


def test_repr_of_connection_hides_password() -> None:
    """A connection's repr hides the password, so that it can be logged."""
    assert "secret" not in repr(Connection(("a:1",), "me", "secret"))


async def test_expired_tokens_are_renewed(etcd_with_users: Etcd, open_store: OpenStore) -> None:
    """Reads, writes, leases and watches keep working after the token has expired and after etcd has restarted."""
    store = open_store(Connection((etcd_with_users.endpoint,), "bridge", "secret"))
    lease = await store.acquire("own/alive", "me", 3)
    assert isinstance(lease, Lease)
    async with create_task_group() as tasks:
        tasks.start_soon(store.hold, lease)
        # A plain sleep: etcd does not say when a token expires.
        await sleep(2 * TOKEN_TTL)
        start = await write(store, Put("own/a", "1"))
        async with store.watch(Range("own/a"), revision=start) as watch:
            assert len(await anext(watch)) == 1
            await sleep(2 * TOKEN_TTL)
            await write(store, Put("own/a", "2"))
            assert len(await anext(watch)) == 1
        etcd_with_users.kill()
        etcd_with_users.restart()
        assert (await insist(lambda: store.read(under("own/")))).found[0][1].create_revision == lease.revision
        tasks.cancel_scope.cancel()


async def test_user_works_before_and_after_auth_is_enabled(start_etcd: StartEtcd, open_store: OpenStore) -> None:
    """A store with a user works both before and after authentication is enabled."""
    etcd = start_etcd()
    store = open_store(Connection((etcd.endpoint,), "root", "secret"))
    await write(store, Put("a", "1"))
    etcd.ctl("user", "add", "root:secret")
    etcd.ctl("user", "grant-role", "root", "root")
    etcd.ctl("auth", "enable")
    assert await write(store, Put("a", "2"))


async def test_login_is_repeated_after_role_change(
    start_etcd: StartEtcd, tmp_path: Path, open_store: OpenStore
) -> None:
    """After a change of users or roles, which invalidates JWT tokens, the store logs in again and goes on."""
    key, public = tmp_path / "token.key", tmp_path / "token.pub"
    openssl("genrsa", "-out", key, "2048")
    openssl("rsa", "-in", key, "-pubout", "-out", public)
    etcd = start_etcd(f"--auth-token=jwt,pub-key={public},priv-key={key},sign-method=RS256,ttl=5m")
    etcd.ctl("user", "add", "root:secret")
    etcd.ctl("user", "grant-role", "root", "root")
    etcd.ctl("auth", "enable")
    store = open_store(Connection((etcd.endpoint,), "root", "secret"))
    await write(store, Put("a", "1"))
    etcd.ctl("--user=root:secret", "user", "add", "other:secret")
    assert await write(store, Put("a", "2"))


async def test_access_beyond_role_is_rejected(etcd_with_users: Etcd, open_store: OpenStore) -> None:
    """Reading, writing or watching keys that the role does not cover is rejected."""
    store = open_store(Connection((etcd_with_users.endpoint,), "bridge", "secret"))
    with pytest.raises(StoreRejected, match=r"permission denied; docs/security\.md lists the permissions"):
        await store.read(Range("other"))
    with pytest.raises(StoreRejected, match="permission denied"):
        await write(store, Put("other", ""))
    with pytest.raises(StoreRejected, match="permission denied"):
        await watched(store, Range("other"))


async def watched(store: Store, keys: Range) -> None:
    """Open a watch and close it."""
    async with store.watch(keys, revision=1):
        pass


@pytest.mark.parametrize(
    ("username", "password", "message"),
    [
        ("bridge", "wrong", "authentication failed.*BRIDGE_ETCD_PASSWORD"),
        ("who", "secret", "authentication failed"),
        ("", "", "wants a user.*BRIDGE_ETCD_USERNAME"),
    ],
)
async def test_wrong_user_is_reported_without_password(
    etcd_with_users: Etcd, open_store: OpenStore, username: str, password: str, message: str
) -> None:
    """A wrong or missing user is reported in one line that names the endpoint and shows no password."""
    endpoint = etcd_with_users.endpoint
    with pytest.raises(StoreRejected, match=f"{endpoint}.*{message}") as raised:
        await open_store(Connection((endpoint,), username, password)).read(Range("own/a"))
    assert "\n" not in str(raised.value)
    assert not password or password not in str(raised.value)
