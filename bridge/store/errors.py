"""What can go wrong with etcd, and what to do about it.

    StoreError
      StoreUnavailable   the world's fault, worth retrying; a write may or may not have happened
        EndpointLost     this endpoint does not answer (properly); the next call goes to the next one
        LoginNeeded      the token is unknown or too old, in spite of a fresh login
        LeaseLost        the lease is gone, and its keys with it: acquire anew
        Rewound          etcd was restored from a backup: what was seen in it says nothing any more
        Compacted        the revision asked for is not to be had: list again
      StoreRejected      ours or the operator's fault: the same again ends the same
        NotPermitted     the user may not do this

No exception of a client library leaves this package, and no message carries a secret.
"""

from bridge.store.stubs import grpc


class StoreError(Exception):
    """Anything that goes wrong between us and etcd."""


class StoreUnavailable(StoreError):  # noqa: N818, names of conditions, as etcd's own
    """No answer for now: worth retrying. Whether a write has happened is not known."""


class EndpointLost(StoreUnavailable):
    """The endpoint does not answer, or not properly."""


class LoginNeeded(StoreUnavailable):
    """Etcd does not know who we are."""


class LeaseLost(StoreUnavailable):
    """The lease has expired or was revoked."""


class Rewound(StoreUnavailable):
    """The revision of etcd went back."""


class Compacted(StoreUnavailable):
    """The revision is compacted, or not of this etcd's history."""


class StoreRejected(StoreError):  # noqa: N818, see StoreUnavailable
    """Etcd refuses, or the configuration is wrong: no retry helps."""


class NotPermitted(StoreRejected):
    """The roles of the user, or of whom etcd takes us for, do not cover this."""


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
    # Users were switched on, or roles changed, since we logged in.
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
    "etcdserver: permission denied": "; docs/security.md has the rights that a bridge needs",
    "etcdserver: authentication failed, invalid user ID or password": f" ({ACCOUNT})",
    "etcdserver: too many operations in txn request": "; its --max-txn-ops has to be 128, as by default",
    "etcdserver: request is too large": "; its --max-request-bytes has to be 1.5 MiB, as by default",
    "etcdserver: mvcc: database space exceeded": "; compact and defragment it, then disarm its alarm",
    # The words of gRPC, somewhere in what it says.
    "Received http2 header": "; that is no etcd (BRIDGE_ETCD_ENDPOINTS), or a proxy on the way to it (no_proxy)",
    "Unwrap failed": "; it refuses the client certificate, or asks for one (BRIDGE_ETCD_CERT)",
    "Socket closed": "; if that stays so, only one of both sides speaks TLS (BRIDGE_ETCD_CA)",
}
"""What to do about what etcd says, where its own words do not tell."""


def translated(error: grpc.RpcError, endpoint: str) -> StoreError:
    """Return our error for gRPC's, naming the endpoint and what it said."""
    details = error.details() or error.code().name
    kind = _KIND_BY_DETAILS.get(details) or _kind_by_code(error.code(), details)
    return kind(f"etcd at {endpoint} {_OUTCOME.get(kind, 'is not available')}: {details}{_hint(details)}")


def _hint(details: str) -> str:
    return next((hint for part, hint in _HINTS.items() if part in details), "")


def _kind_by_code(code: grpc.StatusCode, details: str) -> type[StoreError]:
    # gRPC's own limit on a message's size; etcd's temporary shortages say that they are etcd's.
    if code is _Code.RESOURCE_EXHAUSTED:
        return StoreUnavailable if details.startswith("etcdserver:") else StoreRejected
    return _KIND_BY_CODE.get(code, EndpointLost)
