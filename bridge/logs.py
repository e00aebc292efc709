"""Logs on standard error, as lines for people or as JSON, with secrets masked and control characters escaped.

Values that are too long are cut. What other packages log through the standard library is handled in the same way.
"""

import logging
import os
import sys
from contextlib import suppress
from typing import Any, TextIO, cast

from bridge.absent import absent
from bridge.masking import escaped, masked, shortened

with absent("rich"):
    # structlog imports it if it is installed, and its tracebacks might show secrets.
    import structlog
    from structlog import get_logger
    from structlog.typing import EventDict, Processor, WrappedLogger

__all__ = ["configure", "get_logger", "mask"]


def configure(level: str, style: str) -> None:
    """Log from `level` up, as "console", "json" or "auto": console on a terminal, else JSON."""
    terminal = sys.stderr.isatty()
    console = style == "console" or (style == "auto" and terminal)
    renderers = _console(colors=terminal and not os.environ.get("NO_COLOR")) if console else _JSON
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            mask,
            *renderers,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", _Lossy(sys.stderr))),
        cache_logger_on_first_use=True,
    )
    _forward_other_packages(max(logging.WARNING, logging.getLevelNamesMapping()[level.upper()]))


class _Lossy:
    """A stream that drops lines while it cannot be written: a full disk must not stop the routing."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        with suppress(OSError):
            self._stream.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()


def mask(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Mask each value by its name, but `value` by the `label` or `key` beside it, and mappings by their keys."""
    about = str(event.get("label") or event.get("key") or "")
    return {name: _masked(about if name == "value" else name, value) for name, value in event.items()}


def _masked(path: str, value: Any) -> Any:  # noqa: ANN401 - whatever callers log
    match value:
        case str():
            return shortened(masked(path, value))
        case dict():
            return {name: _masked(str(name), part) for name, part in value.items()}
        case list() | tuple() if path != "exc_info":
            return [_masked(path, part) for part in value]
    return value


def _escape(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {name: escaped(value) if isinstance(value, str) else value for name, value in event.items()}


def _console(*, colors: bool) -> tuple[Processor, ...]:
    plain = structlog.dev.plain_traceback
    return _escape, structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain)


_JSON: tuple[Processor, ...] = (structlog.processors.format_exc_info, structlog.processors.JSONRenderer())


def _forward_other_packages(level: int) -> None:
    root = logging.getLogger()
    root.handlers[:] = [_Forward()]
    root.setLevel(level)
    logging.captureWarnings(capture=True)


class _Forward(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        get_logger().log(record.levelno, record.getMessage(), logger=record.name)
