"""Answers and search results as they go out. Offsets are in Unicode code points, times in milliseconds."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from service.schemas.way import ContextOut, RejectedOut
from service.types import (
    Answer,
    Citation,
    Decision,
    Hit,
    Reason,
    Retrieved,
    SearchResult,
    SentenceReady,
)


class Response(BaseModel):
    """A body that is built from the attributes of one of our own values."""

    model_config = ConfigDict(from_attributes=True)


RESPELLED = "Words of the question that nothing found holds, and as what they were read."


class SentenceOut(Response):
    """A sentence that was checked against its passages."""

    text: str
    citations: list[int] = Field(description="Numbers of the citations that support it.")
    support: float = Field(description="How well its best citation supports it, from 0 to 1.")


class CitationOut(BaseModel):
    """A footnote. `quote` is exactly `text[start:end]` of that version of the document."""

    n: int
    document_id: str
    source: str
    title: str
    version: int
    chunk_id: str
    heading_path: list[str]
    page: int | None
    start: int
    end: int
    quote: str
    score: float
    poor: bool = Field(description="Whether the page was read badly (low OCR confidence).")

    @classmethod
    def of(cls, citation: Citation) -> Self:
        """From our own type."""
        document = citation.document
        return cls(
            n=citation.n,
            document_id=document.id,
            source=document.source,
            title=document.title,
            version=document.version,
            chunk_id=citation.chunk_id,
            heading_path=list(citation.heading_path),
            page=citation.page,
            start=citation.start,
            end=citation.end,
            quote=citation.quote,
            score=citation.score,
            poor=citation.poor,
        )


class DecisionOut(Response):
    """Whether the evidence answers the question. `p_answerable` is a probability only when `calibrated`."""

    p_answerable: float
    threshold: float
    calibrated: bool
    reason: Reason | None
    features: dict[str, float] = Field(description="What it was computed from.")
    contributions: dict[str, float] = Field(
        description="What each of them adds to the log odds of `p_answerable`, which are the sum."
    )

    @classmethod
    def of(cls, decision: Decision) -> Self:
        """From our own type."""
        return cls.model_validate(decision)


class UsageOut(Response):
    """Tokens that the language model read and wrote; zero when none was asked."""

    prompt_tokens: int
    completion_tokens: int


class WarningOut(Response):
    """Something that a reader of the answer must know: a stage that is absent or fell back."""

    stage: str
    code: str
    message: str


class ScoresOut(BaseModel):
    """What explains a hit's place; ranks count from 1, null where a list does not hold it."""

    dense_rank: int | None
    sparse_rank: int | None
    fused: float
    rerank: float | None


class HitOut(BaseModel):
    """A passage that was found. `text` is exactly `text[start:end]` of its document's live version."""

    document_id: str
    source: str
    external_id: str | None
    title: str
    chunk_id: str
    heading_path: list[str]
    page: int | None
    start: int
    end: int
    text: str
    scores: ScoresOut

    @classmethod
    def of(cls, hit: Hit) -> Self:
        """From our own type."""
        chunk, document, fused = hit.chunk, hit.document, hit.fused
        return cls(
            document_id=document.id,
            source=document.source,
            external_id=document.external_id,
            title=document.title,
            chunk_id=chunk.id,
            heading_path=list(chunk.heading_path),
            page=chunk.page,
            start=chunk.start,
            end=chunk.end,
            text=chunk.text,
            scores=ScoresOut(
                dense_rank=fused.dense_rank,
                sparse_rank=fused.sparse_rank,
                fused=fused.score,
                rerank=hit.rerank_score,
            ),
        )


class AnswerOut(BaseModel):
    """The whole answer; an abstention is one too."""

    id: str = Field(description="What feedback refers to.")
    status: Literal["answered", "abstained", "blocked"]
    answer: str = Field(
        description="As a person reads it: its sentences with the marks `[n]` of their citations, items of "
        "lists on lines of their own; or that there is no answer. `sentences` has each apart, without marks.",
        examples=["The warranty lasts 24 months. [1] Wear is excluded. [2]"],
    )
    sentences: list[SentenceOut]
    citations: list[CitationOut]
    decision: DecisionOut
    model: str
    llm_generated: bool = Field(description="Whether a language model wrote it, rather than quoting.")
    usage: UsageOut
    timings_ms: dict[str, float]
    trace_id: str
    dropped_sentences: int = Field(description="Generated sentences that no passage supported.")
    warnings: list[WarningOut]
    cached: bool = Field(
        description="Whether it was worked out for an earlier question, or one at the same time, from the "
        "same documents; `usage` is zero then, and `timings_ms` has the `total` alone."
    )
    closest: list[CitationOut] = Field(
        description="What came closest, up to three chunks, where there is no answer; nothing rests on them, "
        "and `score` is how similar they are to the question. Empty with an answer."
    )
    respelled: dict[str, str] = Field(description=RESPELLED, examples=[{"warrnty": "warranty"}])
    unanswered: str = Field(
        description="The end of `answer` that names what of the question the documents do not answer; no "
        "sentence, and empty where all is answered."
    )
    variant: str = Field(description="Which variant of the service answered; empty: the one in force.")
    hits: list[HitOut] | None = Field(None, description="Only with `explain`.")
    context: ContextOut | None = Field(None, description="Only with `explain`, where something was written.")
    rejected: list[RejectedOut] | None = Field(
        None, description="Only with `explain`: the sentences that were dropped."
    )

    @classmethod
    def of(cls, answer: Answer, *, explain: bool, shows_dropped: bool = False) -> Self:
        """From our own type; the words of dropped sentences only where `shows_dropped`."""
        return cls(
            id=answer.id,
            status=answer.status,
            answer=answer.text,
            sentences=[SentenceOut.model_validate(sentence) for sentence in answer.sentences],
            citations=[CitationOut.of(citation) for citation in answer.citations],
            decision=DecisionOut.of(answer.decision),
            model=answer.model,
            llm_generated=answer.llm_generated,
            usage=UsageOut.model_validate(answer.usage),
            timings_ms=dict(answer.timings_ms),
            trace_id=answer.trace_id,
            dropped_sentences=answer.dropped_sentences,
            warnings=[WarningOut.model_validate(warning) for warning in answer.warnings],
            cached=answer.cached,
            closest=[CitationOut.of(citation) for citation in answer.closest],
            respelled=dict(answer.respelled),
            unanswered=answer.unanswered,
            variant=answer.variant,
            hits=[HitOut.of(hit) for hit in answer.hits] if explain else None,
            context=ContextOut.of(answer.context) if explain and answer.context else None,
            rejected=[RejectedOut.of(one, shows_text=shows_dropped) for one in answer.rejected]
            if explain
            else None,
        )


class SearchOut(BaseModel):
    """Hits, best first."""

    hits: list[HitOut]
    respelled: dict[str, str] = Field(description=RESPELLED, examples=[{"warrnty": "warranty"}])
    timings_ms: dict[str, float]

    @classmethod
    def of(cls, result: SearchResult) -> Self:
        """From our own type."""
        return cls(
            hits=[HitOut.of(hit) for hit in result.hits],
            respelled=dict(result.respelled),
            timings_ms=dict(result.timings_ms),
        )


class RetrievalEvent(BaseModel):
    """Event `retrieval`: what was found, before a word is written."""

    hits: list[HitOut]

    @classmethod
    def of(cls, event: Retrieved) -> Self:
        """From our own type."""
        return cls(hits=[HitOut.of(hit) for hit in event.hits])


class SentenceEvent(SentenceOut):
    """Event `sentence`: checked already, with the footnotes that no earlier sentence brought."""

    new_citations: list[CitationOut]

    @classmethod
    def of(cls, event: SentenceReady) -> Self:
        """From our own type."""
        sentence = event.sentence
        return cls(
            text=sentence.text,
            citations=list(sentence.citations),
            support=sentence.support,
            new_citations=[CitationOut.of(citation) for citation in event.citations],
        )


class FeedbackOut(BaseModel):
    """The id under which a judgement was kept."""

    feedback_id: str
