"""`POST /query`, `POST /search`, `POST /feedback`."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from service.errors import FootnoteError
from service.event_stream import MEDIA_TYPE, EventStream, described, event
from service.problem import Problem
from service.routes.context import CurrentScope, CurrentServices, Services, query_slot, while_connected
from service.routes.guarding import GuardedRoute, about, about_question, reader
from service.schemas.answers import AnswerOut, FeedbackOut, RetrievalEvent, SearchOut, SentenceEvent
from service.schemas.asking import FeedbackIn, QueryIn, SearchIn
from service.types import Query, Retrieved, Scope, SentenceReady

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
    dependencies=[reader("query"), Depends(query_slot)],
)
async def query(
    body: QueryIn, request: Request, scope: CurrentScope, services: CurrentServices
) -> AnswerOut | Response:
    """Answer a question from the documents, every sentence with checked citations, or say why not."""
    asked = body.to_query(services.settings.api)
    about_question(request, asked.text)
    if body.stream:
        return EventStream(_events(services, scope, asked, explain=body.explain), services.closing)
    answer = await while_connected(request, services.engine.answer(scope, asked))
    services.metrics.observe_answer(answer)
    return AnswerOut.of(answer, explain=body.explain)


async def _events(
    services: Services, scope: Scope, asked: Query, *, explain: bool
) -> AsyncGenerator[bytes, None]:
    try:
        async with aclosing(services.engine.stream(scope, asked)) as happenings:
            async for happening in happenings:
                if isinstance(happening, Retrieved):
                    yield event("retrieval", RetrievalEvent.of(happening))
                elif isinstance(happening, SentenceReady):
                    yield event("sentence", SentenceEvent.of(happening))
                else:
                    services.metrics.observe_answer(happening.answer)
                    yield event("done", AnswerOut.of(happening.answer, explain=explain))
    except FootnoteError as error:  # told within the stream: no handler of errors sees it
        services.metrics.observe_error(error)
        raise


@router.post("/search", operation_id="search", dependencies=[reader("search"), Depends(query_slot)])
async def search(
    body: SearchIn, request: Request, scope: CurrentScope, services: CurrentServices
) -> SearchOut:
    """Find passages, best first, without an answer."""
    asked = body.to_query(services.settings.api)
    about_question(request, asked.text)
    return SearchOut.of(await while_connected(request, services.engine.search(scope, asked)))


@router.post("/feedback", operation_id="give_feedback", status_code=201, dependencies=[reader("feedback")])
async def feedback(
    body: FeedbackIn, request: Request, scope: CurrentScope, services: CurrentServices
) -> FeedbackOut:
    """Say whether an answer was good, and what it should have been."""
    about(request, body.query_id)
    return FeedbackOut(feedback_id=await services.engine.feedback(scope, body.to_feedback()))
