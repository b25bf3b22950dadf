"""`GET /v1/models`, `POST /v1/chat/completions`: existing chat programs point here and get footnotes."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from service.errors import FootnoteError, NotFound
from service.event_stream import MEDIA_TYPE, EventStream
from service.problem import Problem
from service.routes.context import CallerInTurn, CurrentServices, Services, services_of, while_connected
from service.routes.guarding import GuardedRoute, about_question, reader
from service.schemas.answers import AnswerOut
from service.schemas.asking import COMPLETION, check_question
from service.schemas.openai import (
    ChatChunk,
    ChatIn,
    ChatOut,
    ChatUsage,
    ChunkChoice,
    ModelOut,
    ModelsOut,
    inert,
    last_words,
    with_footnotes,
)
from service.text.answers import gap, marked
from service.types import Answer, Query, Retrieved, Scope, SentenceReady

router = APIRouter(prefix="/v1", tags=["openai"], route_class=GuardedRoute)

CHUNK = {"type": "string", "description": "A chunk as JSON, and at the end `[DONE]`."}

STREAMED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The completion; with `stream`, chunks as data-only server-sent events.",
        "content": {
            MEDIA_TYPE: {
                "itemSchema": {"type": "object", "required": ["data"], "properties": {"data": CHUNK}}
            }
        },
    }
}


@router.get("/models", operation_id="list_models", dependencies=[reader()])
async def models(services: CurrentServices) -> ModelsOut:
    """The names under which this service answers."""
    return ModelsOut(data=[ModelOut(id=name) for name in services.engine.model_names()])


@router.post(
    "/chat/completions",
    operation_id="create_chat_completion",
    response_model=ChatOut,
    responses=STREAMED,
    dependencies=[reader("query")],
)
async def complete(body: ChatIn, request: Request, caller: CallerInTurn) -> ChatOut | Response:
    """Answer the user's last message from the documents; no other is read, and a warning says so."""
    services, scope = services_of(request), caller.scope
    _check_model(body.model, services)
    check_question(body.question, services.settings.api)
    asked = Query(body.question, body.filters.to_filters(), answer_id=str(uuid.uuid4()))
    about_question(request, asked.text)
    if body.stream:
        return EventStream(_chunks(services, scope, asked, body), services.closing, on_error=_error)
    answer = await while_connected(request, services.engine.answer(scope, asked))
    services.metrics.observe_answer(answer)
    return ChatOut.of(body.noted(answer), body.model)


def _check_model(name: str, services: Services) -> None:
    known = services.engine.model_names()
    if name not in known:
        raise NotFound(f"There is no model of this name; there is {', '.join(known)}.", hint="GET /v1/models")


async def _chunks(
    services: Services, scope: Scope, asked: Query, body: ChatIn
) -> AsyncGenerator[bytes, None]:
    writer = _ChunkWriter(body.model, asked.answer_id)
    yield writer.delta(role="assistant", content="")
    try:
        async with aclosing(services.engine.stream(scope, asked)) as happenings:
            async for happening in happenings:
                if isinstance(happening, SentenceReady):
                    yield writer.sentence(happening)
                elif not isinstance(happening, Retrieved):
                    services.metrics.observe_answer(happening.answer)
                    for part in writer.end(body.noted(happening.answer), usage=_wants_usage(body)):
                        yield part
    except FootnoteError as error:  # told within the stream: no handler of errors sees it
        services.metrics.observe_error(error)
        raise


def _wants_usage(body: ChatIn) -> bool:
    return body.stream_options is not None and body.stream_options.include_usage


class _ChunkWriter:
    """Writes the chunks of one completion, which all carry the same id and time."""

    def __init__(self, model: str, answer_id: str) -> None:
        self._model = model
        self._created = int(time.time())
        self._id = COMPLETION + answer_id
        self._said = ""

    def delta(self, **added: str) -> bytes:
        """A chunk that adds to the message."""
        return self._chunk([ChunkChoice.model_validate({"delta": added})])

    def sentence(self, ready: SentenceReady) -> bytes:
        """A checked sentence, set apart from the one before."""
        sentence, before = ready.sentence, self._said
        self._said = sentence.text
        text = gap(before, sentence.text) + marked(sentence.text, sentence.citations)
        return self.delta(content=inert(text))

    def end(self, answer: Answer, *, usage: bool) -> list[bytes]:
        """The footnotes (or an abstention's text), the finish with the whole answer, the end mark."""
        message = inert(last_words(answer) if self._said else with_footnotes(answer))
        choice = ChunkChoice(delta={}, finish_reason="stop")
        parts = [
            self.delta(content=message),
            self._chunk([choice], footnote=AnswerOut.of(answer, explain=False)),
        ]
        if usage:
            parts.append(self._chunk([], usage=ChatUsage.of(answer)))
        return [*parts, b"data: [DONE]\n\n"]

    def _chunk(self, choices: list[ChunkChoice], **extra: Any) -> bytes:
        chunk = ChatChunk(id=self._id, created=self._created, model=self._model, choices=choices, **extra)
        return _data(chunk)


def _data(chunk: ChatChunk) -> bytes:
    absent = {name for name in ("usage", "footnote") if getattr(chunk, name) is None}
    return f"data: {chunk.model_dump_json(exclude=absent)}\n\n".encode()


def _error(problem: Problem) -> bytes:
    """An error in the form that OpenAI's clients read from a stream."""
    return f'data: {{"error": {problem.for_openai().model_dump_json()}}}\n\n'.encode()
