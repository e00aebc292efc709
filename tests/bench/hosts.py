"""`python -m tests.bench.hosts ETCD NUMBER`: act towards etcd like this many idle bridges.

Each has a connection of its own, a lease that it refreshes, and one stream with the two watches of a bridge: for
which hosts are alive, and who they are. They share one process and use raw calls, since so many real bridges would
not fit on a machine. Prints `ready`, then a line for each host that hears of the newcomer: when (nanoseconds since
1970). Each failed refresh is a line, too: like a bridge, a host tries again.
"""

import asyncio
import sys
import time
from typing import Any

from grpc import aio

from bridge.claims.layout import Layout
from bridge.claims.records import AliveRecord, HostRecord, encode_record
from bridge.store.client import REFRESHES
from bridge.store.connection import OPTIONS
from bridge.store.messages import range_bounds
from bridge.store.stubs import etcdrpc
from tests.bench.scene import ROOT

LEASE = 5
"""Seconds; the default of `host_lease`."""

AT_ONCE = 50


async def main() -> None:
    """Run all hosts until killed."""
    endpoint, number = sys.argv[1], int(sys.argv[2])
    begins = asyncio.Semaphore(AT_ONCE)
    begun = asyncio.Queue[str]()
    tasks = [asyncio.create_task(_live(endpoint, f"h{at}", begins, begun)) for at in range(number)]
    for _ in tasks:
        await begun.get()
    print("ready", flush=True)
    await asyncio.gather(*tasks)


async def _live(endpoint: str, host: str, begins: asyncio.Semaphore, begun: asyncio.Queue[str]) -> None:
    layout = Layout(ROOT, "docker-event-bridge", host)
    # Without a subchannel pool for each, connections to one address would be shared.
    channel: Any = aio.insecure_channel(endpoint, [*OPTIONS, ("grpc.use_local_subchannel_pool", 1)])
    leases = etcdrpc.LeaseStub(channel)
    async with begins:
        lease = (await leases.LeaseGrant(etcdrpc.LeaseGrantRequest(TTL=LEASE))).ID
        kv = etcdrpc.KVStub(channel)
        alive, record = encode_record(AliveRecord(host, "1", LEASE)), encode_record(HostRecord(host, "", "1"))
        await kv.Put(etcdrpc.PutRequest(key=layout.alive().encode(), value=alive.encode(), lease=lease))
        await kv.Put(etcdrpc.PutRequest(key=layout.host_record().encode(), value=record.encode()))
        watch = etcdrpc.WatchStub(channel).Watch()
        for keys in (layout.alive_hosts(), layout.hosts()):
            create = etcdrpc.WatchCreateRequest(**range_bounds(keys))
            await watch.write(etcdrpc.WatchRequest(create_request=create))
        for _ in range(2):
            await watch.read()
    begun.put_nowait(host)
    await asyncio.gather(_refresh(leases, lease), _hear(watch))


async def _refresh(leases: Any, lease: int) -> None:  # noqa: ANN401 - see `stubs.etcdrpc`
    while True:
        await asyncio.sleep(LEASE / REFRESHES)
        try:
            if (await leases.LeaseKeepAlive(etcdrpc.LeaseKeepAliveRequest(ID=lease))).TTL <= 0:
                print("a lease was lost", flush=True)
                return
        except aio.AioRpcError as error:
            print(f"a refresh failed: {error.details()}", flush=True)


async def _hear(watch: Any) -> None:  # noqa: ANN401 - see `stubs.etcdrpc`
    while True:
        answer = await watch.read()
        if any(event.kv.key.endswith(b"/newcomer") for event in answer.events):
            print(time.time_ns(), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
