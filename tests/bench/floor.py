"""The least that can be done for an event: one inspect and one transaction, by raw calls of the libraries.

`python -m tests.bench.floor ENGINE ETCD FILE`: FILE holds the id of a container, whether to inspect it, and, for
each action of its events, the serialized transaction that the bridge would commit, the last of which is committed
at start. Prints one line per event: the seconds of the inspect and of the transaction. The inspect for a start is
requested ahead of it, as by the bridge: see `bridge.daemon.ahead`.
"""

import base64
import json
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from docker import APIClient
from msgspec.structs import replace

from bridge.claims.gather import Change
from bridge.claims.layout import Layout
from bridge.claims.memory import Memory
from bridge.claims.settling import Settling
from bridge.claims.transaction import Committed, Compare, Range, Revision, Transaction
from bridge.container import from_inspect
from bridge.settings import PlanSettings
from bridge.settings.options import options
from bridge.store.connection import OPTIONS
from bridge.store.messages import transaction_request
from bridge.store.stubs import etcdrpc, grpc
from bridge.view.model import Publication
from bridge.view.publish import mapped
from tests.lab.etcd import Etcd
from tests.lab.process import Process
from tests.lab.workdir import WorkDirectory

HOST = "lab"

ANY_REVISION = 2**62


def main() -> None:
    """Answer every event until killed."""
    engine, etcd, file = sys.argv[1:]
    asked = json.loads(Path(file).read_text())
    requests = {action: request(text) for action, text in asked["requests"].items()}
    client = APIClient(engine, version="auto")
    threads = ThreadPoolExecutor(1)
    commit = etcdrpc.KVStub(grpc.insecure_channel(etcd, OPTIONS)).Txn
    filters = {"type": ["container", "network"], "event": ["connect", *requests]}
    events = client.events(decode=True, filters=filters)
    commit([*requests.values()][-1])
    print("ready", flush=True)
    inspect = partial(client.inspect_container, asked["container"])
    ahead: Future[Any] | None = None
    for event in events:
        if asked["container"] not in (event["Actor"]["ID"], event["Actor"]["Attributes"].get("container")):
            continue
        if event["Action"] == "connect":
            ahead = threads.submit(inspect) if asked["inspects"] else None
            continue
        begun = time.perf_counter()
        if asked["inspects"] and not (ahead and ahead.result()["State"]["Running"]):
            inspect()
        ahead = None
        inspected = time.perf_counter()
        commit(requests[event["Action"]])
        print(inspected - begun, time.perf_counter() - inspected, flush=True)


@contextmanager
def answering(
    url: str,
    etcd: Etcd,
    inspection: Mapping[str, Any],
    root: str,
    actions: tuple[str, str],
    *,
    inspects: bool = True,
) -> Iterator[Process]:
    """Run the floor: the container leaves at the first of these actions, and appears at the second.

    Without the inspect it knows all in advance, as no bridge does: nothing that writes to etcd is faster.
    """
    made = mapped(from_inspect(inspection), options(PlanSettings(), HOST)).publication
    assert made
    requests = transactions(made, Layout(root, "state", HOST))
    asked = dict(zip(actions, (requests["leaves"], requests["appears"]), strict=True))
    directory = WorkDirectory("floor")
    file = directory.path / "asked.json"
    file.write_text(json.dumps({"container": inspection["Id"], "inspects": inspects, "requests": asked}))
    process = Process(
        [sys.executable, "-m", "tests.bench.floor", url, etcd.endpoint, str(file)], directory.path / "log"
    )
    try:
        process.wait_until(lambda: "ready" in process.log.read_text(), 20)
        yield process
    finally:
        process.kill()
        directory.remove()


def transactions(publication: Publication, layout: Layout) -> dict[str, str]:
    """Return what the bridge commits when a container appears and when it leaves; all compares hold."""
    memory = Memory(layout)
    fence = (Compare(Range(layout.alive()), Revision.CREATED, 0),)
    made = {}
    for number, (name, wanted) in enumerate({"appears": publication, "leaves": None}.items(), 1):
        settling = Settling([Change(publication.id, wanted)], memory, fence)
        assert isinstance(settling.request, Transaction)
        serialized = transaction_request(loose(settling.request)).SerializeToString()
        made[name] = base64.b64encode(serialized).decode()
        settling.answer(Committed(number))
    return made


def request(text: str) -> Any:  # noqa: ANN401 - see `stubs.etcdrpc`
    """Deserialize a transaction."""
    return etcdrpc.TxnRequest.FromString(base64.b64decode(text))


def loose(transaction: Transaction) -> Transaction:
    """Return the same transaction with as many compares, all of which always hold."""
    hold = (Compare(it.range, Revision.MODIFIED, ANY_REVISION, below=True) for it in transaction.compares)
    return replace(transaction, compares=tuple(hold))


if __name__ == "__main__":
    main()
