"""One connection to one endpoint of etcd, asked so that every wait can be cancelled.

The package's own calls would block until their deadline; these are the same calls on the same stubs.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from anyio import CapacityLimiter, Event, fail_after, to_thread

from bridge.store.connection import Connection
from bridge.store.errors import EndpointLost, LoginNeeded, NotPermitted, StoreRejected, translated
from bridge.store.messages import Message
from bridge.store.stubs import etcdrpc, grpc

Metadata = tuple[tuple[str, str], ...]

# Seconds until an endpoint that does not answer is given up for the next.
DEADLINE = 2.0

# Etcd then ends a watch on a member that has lost its leader, instead of leaving it silent.
HAS_LEADER: Metadata = (("hasleader", "true"),)


class Stream:
    """The answers of a streaming call, one at a time."""

    def __init__(self, session: "Session", call: grpc.Call) -> None:
        self._session = session
        self._call = call
        # Of its own: a stream waits for ever, and many must leave room for calls.
        self._thread = CapacityLimiter(1)

    async def next(self, deadline: float | None = None) -> Any:  # noqa: ANN401, see `stubs.etcdrpc`
        """Return the next answer; raise EndpointLost after `deadline` seconds or at the stream's end."""
        try:
            with fail_after(deadline):
                answer = await to_thread.run_sync(
                    next, self._call, None, abandon_on_cancel=True, limiter=self._thread
                )
        except grpc.RpcError as error:
            raise translated(error, self._session.endpoint) from error
        except TimeoutError as error:
            raise EndpointLost(f"etcd at {self._session.endpoint} does not answer") from error
        if answer is None:
            raise EndpointLost(f"etcd at {self._session.endpoint} has ended a stream")
        return answer


async def _done(call: grpc.Future) -> None:
    """Wait until a call has its answer, without a thread that would have to be woken for that."""
    done, loop = Event(), asyncio.get_running_loop()

    def tell(_: grpc.Future) -> None:
        with suppress(RuntimeError):  # the loop has ended, and nobody waits any more
            loop.call_soon_threadsafe(done.set)

    call.add_done_callback(tell)
    await done.wait()


class Session:
    """A channel to one endpoint, and the token of the user that is logged in there."""

    def __init__(self, connection: Connection, endpoint: str) -> None:
        self.endpoint = endpoint
        self._connection = connection
        self._token: Metadata = ()
        self._channel = connection.open(endpoint).channel
        self.kv = etcdrpc.KVStub(self._channel)
        self.leases = etcdrpc.LeaseStub(self._channel)
        self.watches = etcdrpc.WatchStub(self._channel)
        self._auth = etcdrpc.AuthStub(self._channel)

    def close(self) -> None:
        """Close the channel; calls and streams that are under way end."""
        self._channel.close()

    async def ask(self, method: grpc.UnaryUnaryMultiCallable, request: Message, deadline: float = DEADLINE) -> Any:  # noqa: ANN401, see `stubs.etcdrpc`
        """Return the answer to one request; log in first where etcd wants a (newer) token."""
        try:
            return await self._ask(method, request, self._token, deadline)
        except LoginNeeded:
            pass
        except NotPermitted:
            # Who has not logged in yet is for etcd the name in the client's certificate.
            if self._token or not self._connection.username:
                raise
        self._token = await self._login()
        return await self._ask(method, request, self._token, deadline)

    @contextmanager
    def stream(
        self, method: grpc.StreamStreamMultiCallable, requests: Sequence[Message], metadata: Metadata = ()
    ) -> Iterator[Stream]:
        """Open a stream of answers to `requests`, which ends with the context."""
        call = self._begin(method, iter(requests), metadata=(*self._token, *metadata))
        try:
            yield Stream(self, call)
        finally:
            call.cancel()

    async def _ask(
        self,
        method: grpc.UnaryUnaryMultiCallable,
        request: Message,
        token: Metadata,
        deadline: float = DEADLINE,
    ) -> Any:  # noqa: ANN401, see `stubs.etcdrpc`
        call = self._begin(method.future, request, timeout=deadline, metadata=token)
        try:
            await _done(call)
            return call.result()
        except grpc.RpcError as error:
            raise translated(error, self.endpoint) from error
        finally:
            call.cancel()

    def _begin(self, method: Callable[..., grpc.Call], *arguments: object, **options: object) -> grpc.Call:
        try:
            return method(*arguments, **options)
        except ValueError as error:
            raise EndpointLost(f"etcd at {self.endpoint} was given up: {error}") from error

    async def _login(self) -> Metadata:
        if not self._connection.username:
            raise StoreRejected(f"etcd at {self.endpoint} wants a user and its password")
        request = etcdrpc.AuthenticateRequest(name=self._connection.username, password=self._connection.password)
        # Some releases refuse even a login that comes with an expired token.
        answer = await self._ask(self._auth.Authenticate, request, ())
        return (("token", answer.token),)
