"""`POST /explain`."""

from __future__ import annotations

from fastapi import APIRouter, Request

from service.routes.context import CallerInTurn, services_of, while_connected
from service.routes.guarding import GuardedRoute, about_question, editor
from service.schemas.explaining import ExplainIn, ExplanationOut

router = APIRouter(tags=["ask"], route_class=GuardedRoute)


# For editors: it tells of uploads and of what was read of files, which is theirs to know, and shows sentences
# that the check dropped, which are nobody's to believe.
@router.post("/explain", operation_id="explain", dependencies=[editor("explain")])
async def explain(body: ExplainIn, request: Request, caller: CallerInTurn) -> ExplanationOut:
    """Ask once more, and name the stage that lost what the answer was expected to rest on.

    It is neither cached nor kept, and a language model is asked where there is one.
    """
    services = services_of(request)
    asked = body.to_query(services.settings.api)
    about_question(request, asked.text)
    explained = services.engine.explain(caller.scope, asked, body.to_expected())
    return ExplanationOut.of(await while_connected(request, explained))
