"""Questions, searches and feedback as they come in. Unknown fields are refused, never ignored."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Literal, LiteralString

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    StringConstraints,
    Tag,
    field_validator,
    model_validator,
)
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from service.errors import InvalidFilter, LimitExceeded
from service.records import Feedback, Rating
from service.settings import ApiSettings
from service.storable import (
    MAX_INTEGER,
    MAX_TEXT_CHARACTERS,
    MIN_INTEGER,
    why_unstorable,
    why_unstorable_text,
)
from service.store.payload import FIELD_NAME
from service.types import Condition, Filters, Query, Scalar

MAX_BODY_FIELDS = 50
MAX_FILTER_FIELDS = 32
MAX_FILTER_VALUES = 1000
"""Of all the lists in a request's filters: the store compares each with every document."""


def refusal(code: LiteralString, words: LiteralString) -> PydanticCustomError:
    """What is wrong with a field, in words of our own."""
    return PydanticCustomError(code, words)


def _storable(value: object) -> object:
    if reason := why_unstorable(value):
        raise PydanticCustomError("unstorable", "{reason}", {"reason": reason})
    return value


def _bound_value(value: object) -> object:
    if isinstance(value, bool):
        raise PydanticCustomError("no_bound", "a bound is a number or a date")
    return value if value is None else _storable(value)


def storable_text(text: str) -> str:
    """The text, or a refusal of what no store can hold."""
    if reason := why_unstorable_text(text):
        raise PydanticCustomError("unstorable", "{reason}", {"reason": reason})
    return text


def _searchable(name: str) -> str:
    """Refuses a name that says whose documents are searched: who sends it may believe that it does."""
    if name == "tenant":
        raise PydanticCustomError(
            "reserved", "whose documents are searched is said by the API key; a field `tenant` is no filter"
        )
    return name


# A value is refused before the types are tried: one line of refusal rather than one for each type.
Integer = Annotated[StrictInt, Field(ge=MIN_INTEGER, le=MAX_INTEGER)]
Number = Annotated[float, Field(allow_inf_nan=False, strict=True)]
Text = Annotated[StrictStr, Field(max_length=MAX_TEXT_CHARACTERS), AfterValidator(storable_text)]
ScalarIn = Annotated[StrictBool | Integer | Number | Text, BeforeValidator(_storable)]
Bound = Annotated[Integer | Number | Text, BeforeValidator(_bound_value)]
Question = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(storable_text)
]
LongText = Annotated[str, Field(max_length=10_000), AfterValidator(storable_text)]
FieldName = Annotated[str, Field(pattern=rf"^{FIELD_NAME.pattern}$")]
FilterName = Annotated[FieldName, AfterValidator(_searchable)]
# One bad value ends the reading of a list: what is sent in thousands is not answered in thousands.
AnyOf = Annotated[list[ScalarIn], Field(min_length=1, max_length=MAX_FILTER_VALUES, fail_fast=True)]

COMPLETION = "chatcmpl-"
"""Stands before the id of an answer that is given as a chat completion, as OpenAI's ids begin."""

RANGE_OPS: tuple[Literal["gt", "gte", "lt", "lte"], ...] = ("gt", "gte", "lt", "lte")

FILTERS_EXAMPLE: JsonDict = {
    "source_prefix": "policies/",
    "metadata": {"year": 2024, "team": ["support", "sales"], "date": {"gte": "2024-01-01"}},
}


class Request(BaseModel):
    """A body that may hold only the fields that it documents."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _few_fields(cls, body: object) -> object:
        """Refuse a body of many fields as a whole: naming each unknown one took seconds."""
        if isinstance(body, dict) and len(body) > MAX_BODY_FIELDS:
            raise PydanticCustomError(
                "too_many_fields", "an object here has at most {most} fields", {"most": MAX_BODY_FIELDS}
            )
        return body


class RangeIn(Request):
    """Bounds on a field: numbers, or dates as ISO 8601."""

    gt: Bound | None = None
    gte: Bound | None = None
    lt: Bound | None = None
    lte: Bound | None = None

    def conditions(self, field: str) -> Iterator[Condition]:
        """One condition for each bound; `InvalidFilter` for none, or one that is no number or date."""
        given = [(op, value) for op in RANGE_OPS if (value := getattr(self, op)) is not None]
        if not given:
            raise InvalidFilter(f"The range on `{field}` has no bound.", hint="Use gt, gte, lt or lte.")
        for op, value in given:
            yield Condition(field, op, _bound(field, value))


def _form_of(wanted: object) -> str:
    if isinstance(wanted, dict | RangeIn):
        return "range"
    return "any of" if isinstance(wanted, list) else "value"


WantedIn = Annotated[
    Annotated[ScalarIn, Tag("value")] | Annotated[AnyOf, Tag("any of")] | Annotated[RangeIn, Tag("range")],
    Discriminator(_form_of),
]


class FiltersIn(Request):
    """What a search is restricted to; all given parts must hold.

    A metadata field may be a value (equal), a list (any of these) or a range.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [FILTERS_EXAMPLE]})

    document_ids: list[Text] = Field(default_factory=list, max_length=1000, fail_fast=True)
    source_prefix: Text = ""
    metadata: dict[FilterName, WantedIn] = Field(default_factory=dict, max_length=MAX_FILTER_FIELDS)

    @field_validator("metadata", mode="before")
    @classmethod
    def _few_values(cls, metadata: object) -> object:
        """Bound the fields before any is read, and their lists together: the store took seconds for them."""
        if isinstance(metadata, dict):
            if len(metadata) > MAX_FILTER_FIELDS:
                message = "a filter has at most {most} metadata fields"
                raise PydanticCustomError("too_many_fields", message, {"most": MAX_FILTER_FIELDS})
            values = sum(len(wanted) for wanted in metadata.values() if isinstance(wanted, list))
            if values > MAX_FILTER_VALUES:
                message = "the lists of all fields have at most {most} values together"
                raise PydanticCustomError("too_many_values", message, {"most": MAX_FILTER_VALUES})
        return metadata

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
    top_k: StrictInt = Field(
        8, ge=1, description="How many passages to find; the answer is drawn from these."
    )

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

    stream: StrictBool = Field(
        False, description="Answer with server-sent events, a checked sentence at a time."
    )
    explain: StrictBool = Field(
        False, description="Add the hits, with what explains their place, and what became of them."
    )


class FeedbackIn(Request):
    """What a reader thinks of an answer."""

    query_id: Text = Field(
        description="An answer's `id`, or that of a chat completion.",
        examples=["0b6e3a7c-5d1f-4a5f-9d3c-2b1a0f9e8d7c"],
    )
    rating: Rating = Field(
        description="`again` says that another answer was asked for, and nothing of how good this one was."
    )
    comment: LongText = ""
    correction: LongText = ""

    def to_feedback(self) -> Feedback:
        """The same in our own types."""
        return Feedback(self.query_id.removeprefix(COMPLETION), self.rating, self.comment, self.correction)


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
