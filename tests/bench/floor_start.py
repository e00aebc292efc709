"""The least that a start can cost: the list, the inspects, and the transactions or one read, by raw calls.

`python -m tests.bench.floor_start ENGINE ETCD FILE`: FILE holds serialized `transactions`, which are committed
one after the other, or, as `state`, the prefixes to be read instead.
"""

import base64
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from docker import APIClient

from bridge.claims.transaction import as_bytes
from bridge.engine.client import CONCURRENT_INSPECTS
from bridge.store.client import PAGE
from bridge.store.connection import OPTIONS
from bridge.store.stubs import etcdrpc, grpc


def main() -> None:
    """Do all of it once, then end."""
    engine, etcd, file = sys.argv[1:]
    asked = json.loads(Path(file).read_text())
    client = APIClient(engine, version="auto")
    stub = etcdrpc.KVStub(grpc.insecure_channel(etcd, OPTIONS))
    with ThreadPoolExecutor(CONCURRENT_INSPECTS) as threads:
        list(threads.map(client.inspect_container, (it["Id"] for it in client.containers(all=True))))
    for text in asked.get("transactions", ()):
        stub.Txn(etcdrpc.TxnRequest.FromString(base64.b64decode(text)))
    for prefix in asked.get("state", ()):
        _read(stub, as_bytes(prefix), as_bytes(prefix[:-1] + "0"))


def _read(stub: Any, key: bytes, end: bytes) -> None:  # noqa: ANN401 - see `stubs.etcdrpc`
    answer = stub.Range(etcdrpc.RangeRequest(key=key, range_end=end, limit=PAGE))
    while answer.more:
        answer = stub.Range(etcdrpc.RangeRequest(key=answer.kvs[-1].key + b"\0", range_end=end, limit=PAGE))


if __name__ == "__main__":
    main()
