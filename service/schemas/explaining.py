"""`POST /explain`: what was expected comes in, the way through the stages goes out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic.config import JsonDict

from service.explaining import Expected, Explanation
from service.explaining.explanation import DocumentSeen, State, Verdict, Way
from service.schemas.answers import RESPELLED, CitationOut, DecisionOut, Response, SentenceOut
from service.schemas.asking import SearchIn, Text, storable_text
from service.schemas.documents import JobOut
from service.schemas.way import ContextOut, RejectedOut
from service.types import Answer

MAX_EXPECTED_CHARACTERS = 2_000

Name = Annotated[Text, Field(min_length=1)]
Words = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_EXPECTED_CHARACTERS),
    AfterValidator(storable_text),
]
ANY_OF: JsonDict = {
    "anyOf": [{"required": [f"expected_{what}"]} for what in ("document_id", "source", "text")]
}


class ExplainIn(SearchIn):
    """A question, and what its answer should rest on: a document, a text, or a text in one."""

    model_config = ConfigDict(json_schema_extra=ANY_OF)

    expected_document_id: Name | None = None
    expected_source: Name | None = None
    expected_text: Words | None = None

    @model_validator(mode="after")
    def _something_expected(self) -> Self:
        if not (self.expected_document_id or self.expected_source or self.expected_text):
            raise ValueError("name expected_document_id, expected_source or expected_text")
        if self.expected_document_id and self.expected_source:
            raise ValueError("name the document by its id or by its source, not by both")
        return self

    def to_expected(self) -> Expected:
        """The same in our own type."""
        return Expected(self.expected_document_id or "", self.expected_source or "", self.expected_text or "")


class FixOut(Response):
    """What would likely mend it; `command` is a command or a setting, and may be empty."""

    advice: str
    command: str


class DocumentSeenOut(BaseModel):
    """A document that was expected. `absent` is also one that the caller may not read."""

    document_id: str
    source: str
    state: State
    version: int | None
    deleted_at: datetime | None
    upload: JobOut | None = Field(description="Its newest upload, with its error or its report.")
    receipt: dict[str, Any] | None = Field(description="What was read from the file, and what was not.")

    @classmethod
    def of(cls, seen: DocumentSeen) -> Self:
        """From our own type."""
        return cls(
            document_id=seen.document_id,
            source=seen.source,
            state=seen.state,
            version=seen.version,
            deleted_at=seen.deleted_at,
            upload=JobOut.of(seen.upload) if seen.upload else None,
            receipt=dict(seen.receipt) if seen.receipt is not None else None,
        )


class PlaceOut(Response):
    """A chunk in which it stands; `whole` where all of it does, `above` where that is in its headings."""

    document_id: str
    chunk_id: str
    ordinal: int
    start: int
    end: int
    whole: bool
    above: bool = Field(description="Whether it stands in the headings or the table header above the chunk.")


class RankOut(Response):
    """The best rank of a place, from 1; null where it is not among the first `looked_at`."""

    rank: int | None
    looked_at: int
    served: int = Field(description="How many of the list the answer sees.")


class RanksOut(Response):
    """Where the best place stands in each list."""

    dense: RankOut
    sparse: RankOut
    fused: RankOut
    reranked: RankOut
    filtered: bool = Field(description="Whether the question's filters leave it out.")


class ReachedOut(BaseModel):
    """Whether the context holds it: the numbers of the passages, else why none does."""

    passages: list[int]
    left_out: Literal["duplicate", "budget"] | None
    context: ContextOut


class WrittenOut(BaseModel):
    """What was written: the sentences that were told, and those that the check dropped."""

    status: Literal["answered", "abstained", "blocked"]
    model: str
    sentences: list[SentenceOut]
    citations: list[CitationOut]
    rejected: list[RejectedOut]


class ExplanationOut(BaseModel):
    """The stage that lost what was expected, and what was seen at each.

    Of a stage that was not asked, because there was nothing to be found, there is null.
    """

    verdict: Verdict
    why: str
    fix: FixOut
    documents: list[DocumentSeenOut]
    places: list[PlaceOut]
    respelled: dict[str, str] = Field(description=RESPELLED)
    ranks: RanksOut | None
    reached: ReachedOut | None
    decision: DecisionOut | None
    written: WrittenOut | None

    @classmethod
    def of(cls, explanation: Explanation) -> Self:
        """From our own type."""
        seen, way = explanation.seen, explanation.seen.way
        return cls(
            verdict=explanation.verdict,
            why=explanation.why,
            fix=FixOut.model_validate(explanation.fix),
            documents=[DocumentSeenOut.of(one) for one in seen.corpus.documents],
            places=[PlaceOut.model_validate(one) for one in seen.corpus.places],
            respelled=dict(way.run.found.respelled) if way else {},
            ranks=RanksOut.model_validate(way.ranks) if way else None,
            reached=_reached(way) if way else None,
            decision=DecisionOut.of(way.run.answer.decision) if way else None,
            written=_written(way.run.answer) if way else None,
        )


def _reached(way: Way) -> ReachedOut:
    return ReachedOut(
        passages=list(way.reached.passages),
        left_out=way.reached.left_out,
        context=ContextOut.of(way.run.context.outline()),
    )


def _written(answer: Answer) -> WrittenOut:
    return WrittenOut(
        status=answer.status,
        model=answer.model,
        sentences=[SentenceOut.model_validate(one) for one in answer.sentences],
        citations=[CitationOut.of(one) for one in answer.citations],
        rejected=[RejectedOut.of(one, shows_text=True) for one in answer.rejected],
    )
