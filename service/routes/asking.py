"""`POST /query`, `POST /search`, `POST /feedback`."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from service.errors import FootnoteError
from service.event_stream import MEDIA_TYPE, EventStream, described, event
from service.problem import Problem
from service.routes.context import (
    CallerInTurn,
    CurrentScope,
    CurrentServices,
    Services,
    services_of,
    while_connected,
)
from service.routes.guarding import GuardedRoute, about, about_question, reader
from service.schemas.answers import AnswerOut, FeedbackOut, RetrievalEvent, SearchOut, SentenceEvent
from service.schemas.asking import FeedbackIn, QueryIn, SearchIn
from service.types import Caller, Query, Retrieved, SentenceReady

router = APIRouter(tags=["ask"], route_class=GuardedRoute)

STREAMED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The answer; with `stream`, events `retrieval`, `sentence`, then `done` or `error`.",
        "content": {
            MEDIA_TYPE: described(
                retrieval=RetrievalEvent, sentence=SentenceEvent, done=AnswerOut, error=Problem
            )
        },
    }
}


@router.post(
    "/query",
    operation_id="query",
    response_model=AnswerOut,
    responses=STREAMED,
    dependencies=[reader("query")],
)
async def query(body: QueryIn, request: Request, caller: CallerInTurn) -> AnswerOut | Response:
    """Answer a question from the documents, every sentence with checked citations, or say why not."""
    services = services_of(request)
    asked = body.to_query(services.settings.api)
    about_question(request, asked.text)
    if body.stream:
        return EventStream(_events(services, caller, asked, explain=body.explain), services.closing)
    answer = await while_connected(request, services.engine.answer(caller.scope, asked))
    services.metrics.observe_answer(answer)
    return AnswerOut.of(answer, explain=body.explain, shows_dropped=_sees_dropped(caller))


async def _events(
    services: Services, caller: Caller, asked: Query, *, explain: bool
) -> AsyncGenerator[bytes, None]:
    try:
        async with aclosing(services.engine.stream(caller.scope, asked)) as happenings:
            async for happening in happenings:
                if isinstance(happening, Retrieved):
                    yield event("retrieval", RetrievalEvent.of(happening))
                elif isinstance(happening, SentenceReady):
                    yield event("sentence", SentenceEvent.of(happening))
                else:
                    services.metrics.observe_answer(happening.answer)
                    sees = _sees_dropped(caller)
                    yield event("done", AnswerOut.of(happening.answer, explain=explain, shows_dropped=sees))
    except FootnoteError as error:  # told within the stream: no handler of errors sees it
        services.metrics.observe_error(error)
        raise


def _sees_dropped(caller: Caller) -> bool:
    """A reader sees no sentence that was not checked; who keeps the corpus looks for what went wrong."""
    return caller.role != "reader"


@router.post("/search", operation_id="search", dependencies=[reader("search")])
async def search(body: SearchIn, request: Request, caller: CallerInTurn) -> SearchOut:
    """Find passages, best first, without an answer."""
    services = services_of(request)
    asked = body.to_query(services.settings.api)
    about_question(request, asked.text)
    return SearchOut.of(await while_connected(request, services.engine.search(caller.scope, asked)))


@router.post("/feedback", operation_id="give_feedback", status_code=201, dependencies=[reader("feedback")])
async def feedback(
    body: FeedbackIn, request: Request, scope: CurrentScope, services: CurrentServices
) -> FeedbackOut:
    """Say whether an answer was good, and what it should have been."""
    about(request, body.query_id)
    feedback_id = await services.engine.feedback(scope, body.to_feedback())
    services.metrics.observe_feedback(body.rating)
    return FeedbackOut(feedback_id=feedback_id)
