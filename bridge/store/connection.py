"""How to reach etcd: what the operator sets, checked as far as possible without asking etcd."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from anyio import to_thread

from bridge.store.errors import EndpointLost, StoreRejected
from bridge.store.stubs import grpc

# A connection that died silently is noticed within 15 s; etcd disconnects clients that ping much more often.
OPTIONS = [
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.http2.ping_timeout_ms", 5_000),
    ("grpc.http2.max_pings_without_data", 0),
    # Otherwise a bandwidth probe follows each answer: a third of the processor time of an idle bridge.
    ("grpc.http2.bdp_probe", 0),
    # Otherwise a new connection joins an earlier one's attempt to reach the same endpoint, and has less time.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.max_receive_message_length", -1),
]

# An attempt to connect lasts for the minimum or for the current back-off, whichever is longer.
CONNECTING = (
    "grpc.initial_reconnect_backoff_ms",
    "grpc.min_reconnect_backoff_ms",
    "grpc.max_reconnect_backoff_ms",
)


@dataclass(frozen=True, slots=True)
class Connection:
    """The endpoints (`host:port` or `http[s]://host:port`) of one etcd, a user, and files for TLS.

    TLS is used if `ca` is set. Unset fields are "" or None. Raises StoreRejected for what cannot work.
    """

    endpoints: tuple[str, ...]
    username: str = ""
    password: str = field(default="", repr=False)
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None

    def __post_init__(self) -> None:
        if not self.endpoints:
            raise StoreRejected("etcd: no endpoint is set")
        if bool(self.username) != bool(self.password):
            raise StoreRejected("etcd: user name and password must be set together")
        if bool(self.cert) != bool(self.key):
            raise StoreRejected("etcd: client certificate and key must be set together")
        if self.cert and not self.ca:
            # The library would silently speak plaintext.
            raise StoreRejected("etcd: a client certificate needs the CA certificate of etcd as well")
        for endpoint in self.endpoints:
            self._address(endpoint)

    async def open(self, endpoint: str, patience: float) -> grpc.aio.Channel:
        """Return a channel to one endpoint, not yet connected; connecting may take `patience` seconds."""
        host, port = self._address(endpoint)
        address = f"{host}:{port}"
        # Never shut down: otherwise closing the last channel blocks the event loop until gRPC's thread has ended.
        grpc.aio.init_grpc_aio()
        options = [*OPTIONS, *((name, round(patience * 1_000)) for name in CONNECTING)]
        if not self.ca:
            return grpc.aio.insecure_channel(address, options)
        return grpc.aio.secure_channel(address, await to_thread.run_sync(self._credentials), options)

    def _credentials(self) -> grpc.ChannelCredentials:
        try:
            ca, key, cert = (path.read_bytes() if path else None for path in (self.ca, self.key, self.cert))
        except OSError as error:
            # The settings have checked that it was readable at the start.
            raise EndpointLost(f"etcd: {error.filename} cannot be read: {error.strerror}") from error
        self._check_files()
        return grpc.ssl_channel_credentials(ca, key, cert)

    def _check_files(self) -> None:
        """Raise EndpointLost for files that gRPC would not explain: waiting may help, as while one is replaced."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.set_ciphers("ALL:@SECLEVEL=0")  # key lengths are not checked here
        try:
            context.load_verify_locations(self.ca)
        except OSError as error:
            raise EndpointLost(f"etcd: {self.ca} is not a CA certificate ({_reason(error)})") from error
        try:
            if self.cert:
                context.load_cert_chain(self.cert, self.key, password="")
        except OSError as error:
            message = f"etcd: {self.cert} and {self.key} are not a certificate and its key ({_reason(error)})"
            raise EndpointLost(message) from error

    def _address(self, endpoint: str) -> tuple[str, int]:
        scheme, separator, rest = endpoint.rpartition("://")
        if separator and scheme != ("https" if self.ca else "http"):
            raise StoreRejected(f"etcd endpoint {endpoint}: https needs a CA certificate, http must not have one")
        host, _, port = rest.rstrip("/").rpartition(":")
        if not host or urlsplit(f"//{rest}").hostname is None or not port.isdecimal():
            raise StoreRejected(f"etcd endpoint {endpoint} is not host:port or http[s]://host:port")
        return host, int(port)


def _reason(error: OSError) -> str:
    """Return why a file is unusable: its content is wrong, for which OpenSSL may give no reason, or it is gone."""
    return (error.reason or "not in PEM form") if isinstance(error, ssl.SSLError) else str(error.strerror)
