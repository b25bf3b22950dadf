"""Server-sent events: a response that ends well whatever happens to its source.

The framework's own `EventSourceResponse` gives the format and the media type; what it leaves open is what a
reader sees when the service stops or the source fails half way, because the status line is long gone then.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

import anyio
from fastapi.sse import KEEPALIVE_COMMENT, EventSourceResponse
from pydantic import BaseModel
from starlette.types import Receive, Scope, Send

from service.errors import FootnoteError, ShuttingDown
from service.problem import Problem, internal_problem, problem_of

MEDIA_TYPE = "text/event-stream"
PING_S = 15.0
SCHEMAS = "#/components/schemas/"

logger = logging.getLogger(__name__)


def schema_of(model: type[BaseModel]) -> dict[str, str]:
    """Where the description of the API has a body."""
    return {"$ref": SCHEMAS + model.__name__}


def described(**bodies: type[BaseModel]) -> dict[str, object]:
    """A stream of events as OpenAPI 3.2 describes it, which the framework writes too: item by item."""
    return {"itemSchema": {"oneOf": [_event_schema(name, body) for name, body in bodies.items()]}}


def _event_schema(name: str, body: type[BaseModel]) -> dict[str, object]:
    data = {"type": "string", "contentMediaType": "application/json", "contentSchema": schema_of(body)}
    return {
        "type": "object",
        "required": ["event", "data"],
        "properties": {"event": {"const": name}, "data": data},
    }


def event(name: str, body: BaseModel) -> bytes:
    """One named event with a JSON body (one line, so that one `data:` field holds it)."""
    return f"event: {name}\ndata: {body.model_dump_json()}\n\n".encode()


def error_event(problem: Problem) -> bytes:
    """The event that ends a stream early."""
    return f"event: error\ndata: {problem.model_dump_json(exclude_none=True)}\n\n".encode()


class EventStream(EventSourceResponse):
    """Sends what `events` yields; closes it as soon as nobody reads any more.

    When `closing` is set, or `events` raises, the stream ends with what `on_error` makes of the problem.
    Comments keep a silent stream alive through proxies.
    """

    def __init__(
        self,
        events: AsyncGenerator[bytes, None],
        closing: asyncio.Event,
        *,
        on_error: Callable[[Problem], bytes] = error_event,
    ) -> None:
        # `X-Accel-Buffering`: nginx would otherwise collect the sentences and deliver them at once.
        super().__init__(events, headers={"X-Accel-Buffering": "no"})
        self._events = events
        self._closing = closing
        self._on_error = on_error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream, and close the source even where streaming never began."""
        async with aclosing(self._events):
            await super().__call__(scope, receive, send)

    async def stream_response(self, send: Send) -> None:
        """The whole body. Its end is always sent, so that a reader can tell it from a broken connection."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if problem := await self._stream_events(send):
            await _send_part(send, self._on_error(problem))
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _stream_events(self, send: Send) -> Problem | None:
        """Send the events; return what ended them early."""
        complete = False
        problem: Problem | None = None
        async with anyio.create_task_group() as group:
            group.start_soon(_keep_alive, send)
            group.start_soon(self._cancel_on_closing, group.cancel_scope)
            problem = await self._send_all(send)
            complete = True
            group.cancel_scope.cancel()
        return problem if complete else problem_of(ShuttingDown("The service stops.", hint="Ask again."))

    async def _send_all(self, send: Send) -> Problem | None:
        try:
            async for part in self._events:
                await _send_part(send, part)
        except FootnoteError as error:
            return problem_of(error)
        except Exception:
            logger.exception("unforeseen error in a stream")
            return internal_problem()
        return None

    async def _cancel_on_closing(self, scope: anyio.CancelScope) -> None:
        await self._closing.wait()
        scope.cancel()


async def _keep_alive(send: Send) -> None:
    while True:
        await anyio.sleep(PING_S)
        await _send_part(send, KEEPALIVE_COMMENT)


async def _send_part(send: Send, part: bytes) -> None:
    await send({"type": "http.response.body", "body": part, "more_body": True})
