"""Log lines on standard error: JSON for machines, plain text for a terminal, with the request's id.

Modules log through the standard library (`logging.getLogger(__name__)`); only this one knows structlog.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog
from asgi_correlation_id import correlation_id

from service.settings import LogSettings

QUIETER = ("httpx", "httpcore", "openai", "asgi_correlation_id", "alembic", "nncf", "asyncio")
"""Libraries whose informational lines are about themselves (and, for HTTP clients, hold addresses)."""


# Without local variables: they may hold a question, a document or a key.
_traceback = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)


def configure(settings: LogSettings) -> None:
    """Send every log line of the process to standard error in one format."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(as_json=_wants_json(settings)))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.level.upper())
    for name in QUIETER:
        logging.getLogger(name).setLevel(logging.WARNING)


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
