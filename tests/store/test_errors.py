"""What an error of etcd's client means, and what is said to do about it."""

import pytest
from grpc import StatusCode
from grpc.aio import AioRpcError, Metadata

from bridge.store.errors import (
    Compacted,
    EndpointLost,
    LeaseLost,
    LoginNeeded,
    NotPermitted,
    StoreError,
    StoreRejected,
    StoreUnavailable,
    translated,
)


@pytest.mark.parametrize(
    ("code", "details", "kind", "told"),
    [
        pytest.param(
            StatusCode.UNAVAILABLE,
            "etcdserver: no leader",
            EndpointLost,
            "is not available: etcdserver: no leader",
            id="no-leader",
        ),
        pytest.param(
            StatusCode.DEADLINE_EXCEEDED,
            "",
            EndpointLost,
            "is not available: DEADLINE_EXCEEDED",
            id="nothing-said",
        ),
        pytest.param(
            StatusCode.UNAVAILABLE,
            "Socket closed",
            EndpointLost,
            "is not available: Socket closed; if this persists, only one side uses TLS (BRIDGE_ETCD_CA)",
            id="closed",
        ),
        pytest.param(
            StatusCode.UNAVAILABLE,
            "Stream removed: Unwrap failed (TSI_PROTOCOL_FAILURE)",
            EndpointLost,
            "is not available: Stream removed: Unwrap failed (TSI_PROTOCOL_FAILURE);"
            " it refuses the client certificate, or asks for one (BRIDGE_ETCD_CERT)",
            id="client-certificate",
        ),
        pytest.param(
            StatusCode.UNIMPLEMENTED,
            "Received http2 header with status: 404",
            StoreRejected,
            "refuses: Received http2 header with status: 404;"
            " this is not etcd (BRIDGE_ETCD_ENDPOINTS), or a proxy is in between (no_proxy)",
            id="no-etcd",
        ),
        pytest.param(
            StatusCode.UNAUTHENTICATED,
            "etcdserver: invalid auth token",
            LoginNeeded,
            "asks for a login: etcdserver: invalid auth token",
            id="token",
        ),
        *(
            pytest.param(
                StatusCode.INVALID_ARGUMENT, details, LoginNeeded, f"asks for a login: {details}", id=details[12:]
            )
            for details in ("etcdserver: user name is empty", "etcdserver: revision of auth store is old")
        ),
        pytest.param(
            StatusCode.INVALID_ARGUMENT,
            "etcdserver: authentication failed, invalid user ID or password",
            StoreRejected,
            "refuses: etcdserver: authentication failed, invalid user ID or password"
            " (BRIDGE_ETCD_USERNAME, BRIDGE_ETCD_PASSWORD)",
            id="password",
        ),
        pytest.param(
            StatusCode.INVALID_ARGUMENT,
            "etcdserver: too many operations in txn request",
            StoreRejected,
            "refuses: etcdserver: too many operations in txn request; its --max-txn-ops must be 128, the default",
            id="operations",
        ),
        pytest.param(
            StatusCode.INVALID_ARGUMENT,
            "etcdserver: request is too large",
            StoreRejected,
            "refuses: etcdserver: request is too large; its --max-request-bytes must be 1.5 MiB, the default",
            id="request",
        ),
        pytest.param(
            StatusCode.PERMISSION_DENIED,
            "etcdserver: permission denied",
            NotPermitted,
            "refuses: etcdserver: permission denied; docs/security.md lists the permissions that a bridge needs",
            id="permission",
        ),
        pytest.param(
            StatusCode.NOT_FOUND,
            "etcdserver: requested lease not found",
            LeaseLost,
            "is not available: etcdserver: requested lease not found",
            id="lease",
        ),
        pytest.param(
            StatusCode.OUT_OF_RANGE,
            "etcdserver: mvcc: required revision has been compacted",
            Compacted,
            "is not available: etcdserver: mvcc: required revision has been compacted",
            id="compacted",
        ),
        pytest.param(
            StatusCode.RESOURCE_EXHAUSTED,
            "etcdserver: mvcc: database space exceeded",
            StoreUnavailable,
            "is not available: etcdserver: mvcc: database space exceeded;"
            " compact and defragment it, then disarm its alarm",
            id="space",
        ),
        pytest.param(
            StatusCode.RESOURCE_EXHAUSTED,
            "Received message larger than max (9 vs. 8)",
            StoreRejected,
            "refuses: Received message larger than max (9 vs. 8)",
            id="message",
        ),
    ],
)
def test_etcd_errors_are_classified_and_described(
    code: StatusCode, details: str, kind: type[StoreError], told: str
) -> None:
    """Each is worth a retry or not; the line has the endpoint, etcd's words, and the setting to look at."""
    error = translated(AioRpcError(code, Metadata(), Metadata(), details), "node:2379")
    assert (type(error), str(error)) == (kind, f"etcd at node:2379 {told}")
