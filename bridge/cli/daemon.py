"""Sets up the logs, runs the daemon, and reports in one line an error that no retry can fix."""

import gc

import anyio

from bridge import daemon, logs
from bridge.engine.errors import EngineRejected
from bridge.errors import CommandError, FailedError
from bridge.health import HealthSocketError
from bridge.settings import RunSettings
from bridge.store.errors import StoreRejected

FATAL = CommandError, EngineRejected, StoreRejected, HealthSocketError


def serve(settings: RunSettings) -> None:
    """Run the daemon until a signal stops it; raise CommandError with one line for a fatal error."""
    gc.freeze()
    gc.enable()
    logs.configure(settings.log_level, settings.log_format)
    fatal: list[BaseException] = []
    try:
        anyio.run(daemon.run, settings)
    except* FATAL as group:
        fatal.append(_first(group))
    for error in fatal:
        raise error if isinstance(error, CommandError) else FailedError(str(error)) from error


def _first(error: BaseException) -> BaseException:
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error
