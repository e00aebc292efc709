"""Reads the containers of a Docker engine once, for commands other than the daemon."""

from operator import attrgetter

import anyio

from bridge.cli.gathered import Gathered
from bridge.container import Container
from bridge.engine.client import Engine
from bridge.engine.errors import EngineRejected, EngineUnavailable
from bridge.engine.model import Unreadable
from bridge.errors import FailedError
from bridge.machine.interface import AddressUnavailableError, located
from bridge.problem import Problem
from bridge.routing.options import Options
from bridge.settings.model import PlanSettings
from bridge.settings.options import options


def gather(settings: PlanSettings) -> Gathered:
    """Return all containers and the host's options; FailedError says why they cannot be determined."""
    try:
        found, chosen = anyio.run(_ask, settings)
    except (EngineUnavailable, EngineRejected, AddressUnavailableError) as error:
        raise FailedError(str(error)) from error
    return Gathered(
        tuple(sorted((one for one in found if isinstance(one, Container)), key=attrgetter("name"))),
        chosen,
        tuple(Problem(gap.container_id, "", gap.reason) for gap in found if isinstance(gap, Unreadable)),
    )


async def _ask(settings: PlanSettings) -> tuple[tuple[Container | Unreadable, ...], Options]:
    engine = Engine(settings.endpoint())
    try:
        chosen = options(settings, (await engine.info()).name)
        return await engine.inspect_all(), await located(chosen)
    finally:
        await engine.aclose()
