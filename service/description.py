"""What `/openapi.json` says that the framework does not find out by itself.

That is: errors are of one media type of their own, streams are made of events, and all but a few routes need
a key.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.security import HTTPBearer
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from typing_extensions import override

from service.event_stream import SCHEMAS, schema_of
from service.problem import MEDIA_TYPE, Problem
from service.schemas.answers import RetrievalEvent, SentenceEvent

PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": description, "content": {MEDIA_TYPE: {"schema": schema_of(Problem)}}}
    for status, description in {
        "422": "The request breaks a rule.",
        "4XX": "The request is refused; `code` says why.",
        "5XX": "The service failed; `retryable` says whether to try again.",
    }.items()
}

api_key = HTTPBearer(
    bearerFormat="fn_...",
    scheme_name="api_key",
    description="A key of `footnote keys create` or `POST /keys`.",
    auto_error=False,  # who has none is refused before a route is looked for
)


class DescribedApp(FastAPI):
    """An application whose description holds the bodies of errors and events too."""

    @override
    def openapi(self) -> dict[str, Any]:
        """The description; worked out once, and anew when routes are added."""
        described = super().openapi()
        known = described.setdefault("components", {}).setdefault("schemas", {})
        for name, schema in _schemas(Problem, RetrievalEvent, SentenceEvent).items():
            known.setdefault(name, schema)
        return described


def _schemas(*models: type[BaseModel]) -> dict[str, Any]:
    """The schemas of these, and of all that they are made of, by name."""
    _, found = models_json_schema(
        [(model, "serialization") for model in models], ref_template=SCHEMAS + "{model}"
    )
    schemas: dict[str, Any] = found["$defs"]
    return schemas
