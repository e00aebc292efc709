"""The least that an idle bridge can cost: a lease refreshed as often, and a watch held, by raw gRPC calls.

`python -m tests.bench.floor_idle ETCD TTL`: runs until it is killed.
"""

import asyncio
import sys

from bridge.store.client import REFRESHES
from bridge.store.connection import OPTIONS
from bridge.store.stubs import etcdrpc, grpc


async def main() -> None:
    """Hold the lease and the watch forever."""
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
