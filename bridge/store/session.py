"""One connection to one endpoint of etcd, on which every wait can be cancelled.

The etcd3 package's own calls would block until their deadline; these make the same calls on the same stubs.
"""

from asyncio import CancelledError, current_task
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from anyio import fail_after
from anyio.lowlevel import checkpoint_if_cancelled

from bridge.store.connection import Connection
from bridge.store.errors import ACCOUNT, EndpointLost, LoginNeeded, NotPermitted, StoreRejected, translated
from bridge.store.messages import Message
from bridge.store.stubs import etcdrpc, grpc

Metadata = tuple[tuple[str, str], ...]

# Seconds until an endpoint that does not answer is given up for the next. Members elect a leader within 2 s; what
# was sent to a frozen one is lost, so waiting longer would only cause delay.
DEADLINE = 1.5

# Makes etcd end a watch on a member that has lost its leader, instead of leaving it silent.
HAS_LEADER: Metadata = (("hasleader", "true"),)


class Stream:
    """The answers of a streaming call, one at a time."""

    def __init__(self, session: "Session", call: grpc.aio.StreamStreamCall) -> None:
        self._session = session
        self._call = call

    async def next(self, deadline: float | None = None) -> Any:  # noqa: ANN401, see `stubs.etcdrpc`
        """Return the next answer; raise EndpointLost after `deadline` seconds or at the stream's end.

        Cancelling the wait ends the stream.
        """
        async with self._session.answering(deadline):
            answer = await self._call.read()
        if answer is grpc.aio.EOF:
            raise EndpointLost(f"etcd at {self._session.endpoint} has ended a stream")
        return answer


class Session:
    """A channel to one endpoint, and the token of the user that is logged in there."""

    def __init__(self, connection: Connection, endpoint: str, channel: grpc.aio.Channel) -> None:
        self.endpoint = endpoint
        self._connection = connection
        self._token: Metadata = ()
        self._channel = channel
        self._over = f"etcd at {endpoint} was given up"
        self.kv = etcdrpc.KVStub(channel)
        self.leases = etcdrpc.LeaseStub(channel)
        self.watches = etcdrpc.WatchStub(channel)
        self._auth = etcdrpc.AuthStub(channel)

    async def close(self, reason: str = "") -> None:
        """Close the channel; calls and streams in progress end, for this reason if one is given."""
        self._over = reason or self._over
        await self._channel.close()

    @asynccontextmanager
    async def answering(self, deadline: float | None) -> AsyncIterator[None]:
        """Raise a call's errors as ours; the call may take `deadline` seconds (None: any time).

        The time is limited here, since gRPC's own deadlines cost more than refreshing a lease does.
        """
        try:
            with fail_after(deadline):
                async with self._failures():
                    yield
        except TimeoutError as error:
            raise EndpointLost(f"etcd at {self.endpoint} does not answer within {deadline:g} s") from error

    @asynccontextmanager
    async def _failures(self) -> AsyncIterator[None]:
        try:
            yield
        except grpc.RpcError as error:
            raise translated(error, self.endpoint) from error
        except grpc.aio.UsageError as error:
            raise EndpointLost(self._over) from error
        except CancelledError as error:
            # Raised by gRPC for a closed channel, too, which anyio would not recognize as its own.
            await checkpoint_if_cancelled()
            task = current_task()
            if task is None or task.cancelling():
                raise
            raise EndpointLost(self._over) from error

    async def ask(
        self, method: grpc.aio.UnaryUnaryMultiCallable, request: Message, deadline: float = DEADLINE
    ) -> Any:  # noqa: ANN401, see `stubs.etcdrpc`
        """Return the answer to one request; log in first if etcd asks for a (newer) token."""
        try:
            return await self._ask(method, request, self._token, deadline)
        except LoginNeeded:
            pass
        except NotPermitted:
            # Before a login, etcd takes the name in the client's certificate for the user.
            if self._token or not self._connection.username:
                raise
        self._token = await self._login()
        return await self._ask(method, request, self._token, deadline)

    @contextmanager
    def stream(
        self, method: grpc.aio.StreamStreamMultiCallable, requests: Sequence[Message], metadata: Metadata = ()
    ) -> Iterator[Stream]:
        """Open a stream of answers to `requests`, which ends with the context."""
        call = method(iter(requests), metadata=(*self._token, *metadata))
        try:
            yield Stream(self, call)
        finally:
            call.cancel()

    async def _ask(
        self,
        method: grpc.aio.UnaryUnaryMultiCallable,
        request: Message,
        token: Metadata,
        deadline: float = DEADLINE,
    ) -> Any:  # noqa: ANN401, see `stubs.etcdrpc`
        async with self.answering(deadline):
            return await method(request, metadata=token)

    async def _login(self) -> Metadata:
        if not self._connection.username:
            raise StoreRejected(f"etcd at {self.endpoint} wants a user and its password ({ACCOUNT})")
        request = etcdrpc.AuthenticateRequest(name=self._connection.username, password=self._connection.password)
        # Some releases refuse even a login that comes with an expired token.
        answer = await self._ask(self._auth.Authenticate, request, ())
        return (("token", answer.token),)
