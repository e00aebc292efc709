"""The containers of a Docker engine, asked once, for commands that are not the daemon."""

import anyio

from bridge.cli.gathered import Gathered
from bridge.container import Container
from bridge.engine.client import Engine
from bridge.engine.errors import EngineRejected, EngineUnavailable
from bridge.engine.model import Endpoint, Unreadable
from bridge.errors import FailedError
from bridge.problem import Problem


def gather(endpoint: Endpoint) -> Gathered:
    """Return all containers and the engine's name; FailedError says why the engine does not tell them."""
    try:
        found, name = anyio.run(_ask, endpoint)
    except (EngineUnavailable, EngineRejected) as error:
        raise FailedError(str(error)) from error
    return Gathered(
        tuple(container for container in found if isinstance(container, Container)),
        name,
        tuple(Problem(gap.container_id, "", gap.reason) for gap in found if isinstance(gap, Unreadable)),
    )


async def _ask(endpoint: Endpoint) -> tuple[tuple[Container | Unreadable, ...], str]:
    engine = Engine(endpoint)
    try:
        return await engine.inspect_all(), (await engine.info()).name
    finally:
        await engine.aclose()
