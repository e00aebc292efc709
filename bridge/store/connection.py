"""How etcd is reached: what the operator sets, checked as far as it can be without asking etcd."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from anyio import to_thread

from bridge.store.errors import EndpointLost, StoreRejected
from bridge.store.stubs import grpc

# A connection that died without a word is found out within 15 s; etcd throws out who asks much more often.
OPTIONS = [
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.http2.ping_timeout_ms", 5_000),
    ("grpc.http2.max_pings_without_data", 0),
    # Else each answer is followed by a ping that measures the bandwidth: a third of what a bridge at rest takes.
    ("grpc.http2.bdp_probe", 0),
    # Else a new connection joins an attempt of an earlier one to the same endpoint, and has less time.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.max_receive_message_length", -1),
]

# An attempt to connect lasts for the longer of the least one and the wait before the next.
CONNECTING = (
    "grpc.initial_reconnect_backoff_ms",
    "grpc.min_reconnect_backoff_ms",
    "grpc.max_reconnect_backoff_ms",
)


@dataclass(frozen=True, slots=True)
class Connection:
    """The endpoints (`host:port` or `http[s]://host:port`) of one etcd, a user, and files for TLS.

    TLS is on where `ca` is set. What is not set is "" or None. Raises StoreRejected for what cannot work.
    """

    endpoints: tuple[str, ...]
    username: str = ""
    password: str = field(default="", repr=False)
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None

    def __post_init__(self) -> None:
        if not self.endpoints:
            raise StoreRejected("etcd: there is no endpoint")
        if bool(self.username) != bool(self.password):
            raise StoreRejected("etcd: user name and password need each other")
        if bool(self.cert) != bool(self.key):
            raise StoreRejected("etcd: client certificate and key need each other")
        if self.cert and not self.ca:
            # The library would silently speak plaintext.
            raise StoreRejected("etcd: a client certificate needs the CA certificate of etcd as well")
        for endpoint in self.endpoints:
            self._address(endpoint)

    async def open(self, endpoint: str, patience: float) -> grpc.aio.Channel:
        """Return a channel to one endpoint, not yet connected; connecting may take `patience` seconds."""
        host, port = self._address(endpoint)
        address = f"{host}:{port}"
        # Never undone: else the end of the last channel blocks the event loop until gRPC's thread has ended.
        grpc.aio.init_grpc_aio()
        options = [*OPTIONS, *((name, round(patience * 1_000)) for name in CONNECTING)]
        if not self.ca:
            return grpc.aio.insecure_channel(address, options)
        return grpc.aio.secure_channel(address, await to_thread.run_sync(self._credentials), options)

    def _credentials(self) -> grpc.ChannelCredentials:
        try:
            ca, key, cert = (path.read_bytes() if path else None for path in (self.ca, self.key, self.cert))
        except OSError as error:
            # That it could be read once, the settings have seen to.
            raise EndpointLost(f"etcd: {error.filename} cannot be read: {error.strerror}") from error
        self._check_files()
        return grpc.ssl_channel_credentials(ca, key, cert)

    def _check_files(self) -> None:
        """Raise EndpointLost for what gRPC would not explain: waiting may help, as while a file is replaced."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.set_ciphers("ALL:@SECLEVEL=0")  # whether a key is long enough is not asked here
        try:
            context.load_verify_locations(self.ca)
        except OSError as error:
            raise EndpointLost(f"etcd: {self.ca} is no CA certificate ({_reason(error)})") from error
        try:
            if self.cert:
                context.load_cert_chain(self.cert, self.key, password="")
        except OSError as error:
            message = f"etcd: {self.cert} and {self.key} are no certificate and its key ({_reason(error)})"
            raise EndpointLost(message) from error

    def _address(self, endpoint: str) -> tuple[str, int]:
        scheme, separator, rest = endpoint.rpartition("://")
        if separator and scheme != ("https" if self.ca else "http"):
            raise StoreRejected(f"etcd endpoint {endpoint}: https needs a CA certificate, and http none")
        host, _, port = rest.rstrip("/").rpartition(":")
        if not host or urlsplit(f"//{rest}").hostname is None or not port.isdecimal():
            raise StoreRejected(f"etcd endpoint {endpoint} is not host:port or http[s]://host:port")
        return host, int(port)


def _reason(error: OSError) -> str:
    """Why a file cannot be used: it is not what it should be, and OpenSSL may not say why, or it has just gone."""
    return (error.reason or "not in PEM form") if isinstance(error, ssl.SSLError) else str(error.strerror)
