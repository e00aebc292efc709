"""The least that a bridge at rest can cost: its lease refreshed as often, its watch held, by gRPC's raw calls.

`python -m tests.bench.floor_idle ETCD TTL`: goes on until it is stopped.
"""

import asyncio
import sys

from bridge.store.client import REFRESHES
from bridge.store.connection import OPTIONS
from bridge.store.stubs import etcdrpc, grpc


async def main() -> None:
    """Do so for ever."""
    etcd, ttl = sys.argv[1], int(sys.argv[2])
    channel = grpc.aio.insecure_channel(etcd, OPTIONS)
    leases, watches = etcdrpc.LeaseStub(channel), etcdrpc.WatchStub(channel)
    lease = (await leases.LeaseGrant(etcdrpc.LeaseGrantRequest(TTL=ttl))).ID
    watch = watches.Watch()
    await watch.write(etcdrpc.WatchRequest(create_request=etcdrpc.WatchCreateRequest(key=b"-")))
    await watch.read()
    while True:
        await leases.LeaseKeepAlive(etcdrpc.LeaseKeepAliveRequest(ID=lease))
        await asyncio.sleep(ttl / REFRESHES)


if __name__ == "__main__":
    asyncio.run(main())
