"""Log lines on standard error: JSON for machines, plain text for a terminal, with the request's id.

Modules log through the standard library (`logging.getLogger(__name__)`); only this one knows structlog.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

import structlog
from asgi_correlation_id import correlation_id

from service.settings import LogSettings

QUIETER = ("httpx", "httpcore", "openai", "asgi_correlation_id", "alembic", "nncf", "asyncio")
"""Libraries whose informational lines are about themselves (and, for HTTP clients, hold addresses)."""

MAX_REPEATS = 10
REPEAT_PERIOD_S = 60.0
MAX_REMEMBERED = 1000
"""Different lines of which it is remembered how often they came."""

_STANDARD = frozenset(vars(logging.makeLogRecord({})))

# Without local variables: they may hold a question, a document or a key.
_traceback = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)


def configure(settings: LogSettings) -> None:
    """Send every log line of the process to standard error in one format."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(as_json=_wants_json(settings)))
    handler.addFilter(RepeatFilter())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.level.upper())
    for name in QUIETER:
        logging.getLogger(name).setLevel(logging.WARNING)


@dataclass
class _Seen:
    since: float
    lines: int = 0


class RepeatFilter(logging.Filter):
    """Lets a warning through `MAX_REPEATS` times a minute, so that what fails in a loop fills no disk.

    Lines are the same that differ in their time alone. The first one of the next minute says as `left_out`
    how many were.
    """

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[object, _Seen] = {}
        self._changing = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written. Those below a warning always are: requests are alike by nature."""
        if record.levelno < logging.WARNING:
            return True
        with self._changing:
            key = _identity(record)
            seen = self._seen.pop(key, None)
            if seen is None or record.created - seen.since >= REPEAT_PERIOD_S:
                if seen is not None and seen.lines > MAX_REPEATS:
                    record.left_out = seen.lines - MAX_REPEATS
                seen = _Seen(record.created)
            seen.lines += 1
            self._seen[key] = seen
            if len(self._seen) > MAX_REMEMBERED:
                del self._seen[next(iter(self._seen))]
            return seen.lines <= MAX_REPEATS


def _identity(record: logging.LogRecord) -> object:
    """All that a line says but when."""
    extra = {name: value for name, value in vars(record).items() if name not in _STANDARD}
    error = repr(record.exc_info[1]) if record.exc_info else ""
    return record.name, record.levelno, record.getMessage(), error, repr(sorted(extra.items()))


def _wants_json(settings: LogSettings) -> bool:
    return settings.format == "json" or (settings.format == "auto" and not sys.stderr.isatty())


def _formatter(*, as_json: bool) -> logging.Formatter:
    shared: list[structlog.types.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _tidy,
    ]
    last: list[structlog.types.Processor] = (
        [structlog.processors.ExceptionRenderer(_traceback), structlog.processors.JSONRenderer()]
        if as_json
        else [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )


def _tidy(logger: Any, name: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    if identifier := correlation_id.get():
        event["request_id"] = identifier
    event.pop("color_message", None)  # uvicorn says the same twice
    return event
