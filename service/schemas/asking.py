"""Questions, searches and feedback as they come in. Unknown fields are refused, never ignored."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr, StringConstraints
from pydantic.config import JsonDict

from service.errors import InvalidFilter, LimitExceeded
from service.records import Feedback
from service.settings import ApiSettings
from service.types import Condition, Filters, Query, Scalar

Number = Annotated[float, Field(allow_inf_nan=False, strict=True)]
# What a database's integer holds.
Integer = Annotated[StrictInt, Field(ge=-(2**63), le=2**63 - 1)]
Text = Annotated[StrictStr, Field(max_length=1000)]
ScalarIn = StrictBool | Integer | Number | Text
Question = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
FieldName = Annotated[str, Field(min_length=1, max_length=100)]

AnyOf = Annotated[list[ScalarIn], Field(min_length=1, max_length=1000)]

RANGE_OPS: tuple[Literal["gt", "gte", "lt", "lte"], ...] = ("gt", "gte", "lt", "lte")

FILTERS_EXAMPLE: JsonDict = {
    "source_prefix": "policies/",
    "metadata": {"year": 2024, "team": ["support", "sales"], "date": {"gte": "2024-01-01"}},
}


class Request(BaseModel):
    """A body that may hold only the fields that it documents."""

    model_config = ConfigDict(extra="forbid")


class RangeIn(Request):
    """Bounds on a field: numbers, or dates as ISO 8601."""

    gt: Integer | Number | Text | None = None
    gte: Integer | Number | Text | None = None
    lt: Integer | Number | Text | None = None
    lte: Integer | Number | Text | None = None

    def conditions(self, field: str) -> Iterator[Condition]:
        """One condition for each bound; `InvalidFilter` for none, or one that is no number or date."""
        given = [(op, value) for op in RANGE_OPS if (value := getattr(self, op)) is not None]
        if not given:
            raise InvalidFilter(f"The range on `{field}` has no bound.", hint="Use gt, gte, lt or lte.")
        for op, value in given:
            yield Condition(field, op, _bound(field, value))


class FiltersIn(Request):
    """What a search is restricted to; all given parts must hold.

    A metadata field may be a value (equal), a list (any of these) or a range.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [FILTERS_EXAMPLE]})

    document_ids: list[Text] = Field(default_factory=list, max_length=1000)
    source_prefix: Text = ""
    metadata: dict[FieldName, ScalarIn | AnyOf | RangeIn] = Field(default_factory=dict, max_length=32)

    def to_filters(self) -> Filters:
        """The same in our own types."""
        conditions = [
            condition for field, wanted in self.metadata.items() for condition in _conditions(field, wanted)
        ]
        return Filters(tuple(self.document_ids), self.source_prefix, tuple(conditions))


class SearchIn(Request):
    """Words or a question, and what restricts the search."""

    query: Question = Field(examples=["How long is the warranty of the P-200 pump?"])
    filters: FiltersIn = Field(default_factory=FiltersIn)
    top_k: int = Field(8, ge=1, description="How many passages to find; the answer is drawn from these.")

    def to_query(self, limits: ApiSettings) -> Query:
        """The same in our own types; `LimitExceeded` names the setting that it goes beyond."""
        check_question(self.query, limits)
        if self.top_k > limits.max_top_k:
            raise LimitExceeded(
                f"top_k is {self.top_k}; the limit is {limits.max_top_k} (setting api.max_top_k).",
                hint="Ask for fewer, or raise FOOTNOTE_API__MAX_TOP_K.",
            )
        return Query(self.query, self.filters.to_filters(), self.top_k)


class QueryIn(SearchIn):
    """A question to be answered."""

    stream: bool = Field(False, description="Answer with server-sent events, a checked sentence at a time.")
    explain: bool = Field(False, description="Add the hits, with what explains their place.")


class FeedbackIn(Request):
    """What a reader thinks of an answer."""

    query_id: Text = Field(examples=["0b6e3a7c5d1f4a5f9d3c2b1a0f9e8d7c"])
    rating: Literal["up", "down"]
    comment: Annotated[str, Field(max_length=10_000)] = ""
    correction: Annotated[str, Field(max_length=10_000)] = ""

    def to_feedback(self) -> Feedback:
        """The same in our own types."""
        return Feedback(self.query_id, self.rating, self.comment, self.correction)


def check_question(question: str, limits: ApiSettings) -> None:
    """Raise `LimitExceeded` for a question that is longer than the settings allow."""
    if len(question) > limits.max_question_characters:
        raise LimitExceeded(
            f"The question has {len(question):,} characters; the limit is "
            f"{limits.max_question_characters:,} (setting api.max_question_characters).",
            hint="Shorten it, or raise FOOTNOTE_API__MAX_QUESTION_CHARACTERS.",
        )


def _conditions(field: str, wanted: Scalar | list[Scalar] | RangeIn) -> Iterator[Condition]:
    if isinstance(wanted, RangeIn):
        yield from wanted.conditions(field)
    elif isinstance(wanted, list):
        yield Condition(field, "in", tuple(wanted))
    else:
        yield Condition(field, "eq", wanted)


def _bound(field: str, value: float | str) -> float | datetime:
    if not isinstance(value, str):
        return value
    try:
        moment = datetime.fromisoformat(value)
        # A date without a time zone is meant as UTC, as the stored ones are.
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        hint = "Use a number, or a date such as 2024-01-31."
        raise InvalidFilter(f"A bound on `{field}` is neither a number nor a date.", hint=hint) from None
