"""What can go wrong with etcd, and what to do about it.

    StoreError
      StoreUnavailable   an outside fault, worth retrying; a write may or may not have happened
        EndpointLost     this endpoint does not answer (properly); the next call goes to the next one
        LoginNeeded      the token is unknown or too old, even after a new login
        LeaseLost        the lease is gone, and its keys with it: acquire a new one
        Rewound          etcd was restored from a backup: what was read from it before is void
        Compacted        the requested revision is no longer available: list again
      StoreRejected      our fault or the operator's: a retry fails in the same way
        NotPermitted     the user may not do this

No exception of a client library leaves this package, and no message contains a secret.
"""

from bridge.store.stubs import grpc


class StoreError(Exception):
    """Anything that goes wrong between us and etcd."""


class StoreUnavailable(StoreError):  # noqa: N818, named for the condition, as etcd does
    """No answer for now: worth retrying. A write may or may not have happened."""


class EndpointLost(StoreUnavailable):
    """The endpoint does not answer, or not properly."""


class LoginNeeded(StoreUnavailable):
    """Etcd does not accept our token, or we have none."""


class LeaseLost(StoreUnavailable):
    """The lease has expired or was revoked."""


class Rewound(StoreUnavailable):
    """The revision of etcd went back."""


class Compacted(StoreUnavailable):
    """The revision is compacted, or not part of this etcd's history."""


class StoreRejected(StoreError):  # noqa: N818, see StoreUnavailable
    """Etcd refuses, or the configuration is wrong: no retry helps."""


class NotPermitted(StoreRejected):
    """The roles of the user that etcd takes us for do not permit this."""


_Code = grpc.StatusCode

_KIND_BY_CODE: dict[grpc.StatusCode, type[StoreError]] = {
    _Code.UNAUTHENTICATED: LoginNeeded,
    _Code.NOT_FOUND: LeaseLost,
    _Code.OUT_OF_RANGE: Compacted,
    _Code.INVALID_ARGUMENT: StoreRejected,
    _Code.PERMISSION_DENIED: NotPermitted,
    _Code.UNIMPLEMENTED: StoreRejected,
}

_KIND_BY_DETAILS: dict[str, type[StoreError]] = {
    # Authentication was enabled, or roles were changed, since we logged in.
    "etcdserver: user name is empty": LoginNeeded,
    "etcdserver: revision of auth store is old": LoginNeeded,
}

_OUTCOME: dict[type[StoreError], str] = {
    StoreRejected: "refuses",
    NotPermitted: "refuses",
    LoginNeeded: "asks for a login",
}

ACCOUNT = "BRIDGE_ETCD_USERNAME, BRIDGE_ETCD_PASSWORD"

_HINTS: dict[str, str] = {
    "etcdserver: permission denied": "; docs/security.md lists the permissions that a bridge needs",
    "etcdserver: authentication failed, invalid user ID or password": f" ({ACCOUNT})",
    "etcdserver: too many operations in txn request": "; its --max-txn-ops must be 128, the default",
    "etcdserver: request is too large": "; its --max-request-bytes must be 1.5 MiB, the default",
    "etcdserver: mvcc: database space exceeded": "; compact and defragment it, then disarm its alarm",
    # Parts of gRPC's messages.
    "Received http2 header": "; this is not etcd (BRIDGE_ETCD_ENDPOINTS), or a proxy is in between (no_proxy)",
    "Unwrap failed": "; it refuses the client certificate, or asks for one (BRIDGE_ETCD_CERT)",
    "Socket closed": "; if this persists, only one side uses TLS (BRIDGE_ETCD_CA)",
}
"""What to do about an error whose own message does not say so."""


def translated(error: grpc.RpcError, endpoint: str) -> StoreError:
    """Return our error for gRPC's, naming the endpoint and what it said."""
    details = error.details() or error.code().name
    kind = _KIND_BY_DETAILS.get(details) or _kind_by_code(error.code(), details)
    return kind(f"etcd at {endpoint} {_OUTCOME.get(kind, 'is not available')}: {details}{_hint(details)}")


def _hint(details: str) -> str:
    return next((hint for part, hint in _HINTS.items() if part in details), "")


def _kind_by_code(code: grpc.StatusCode, details: str) -> type[StoreError]:
    # Either a temporary shortage in etcd, as its message says, or gRPC's own limit on the size of a message.
    if code is _Code.RESOURCE_EXHAUSTED:
        return StoreUnavailable if details.startswith("etcdserver:") else StoreRejected
    return _KIND_BY_CODE.get(code, EndpointLost)
