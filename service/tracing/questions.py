"""A question becomes spans: what was noted of it, and what its answer says of each stage. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from service.errors import FootnoteError
from service.tracing.caller import Calling
from service.tracing.spans import (
    Content,
    Figure,
    Generation,
    Kind,
    Score,
    Span,
    Trace,
    hash_of,
    span_id,
)
from service.tracing.stages import Stages
from service.types import Answer, Hit, Query, Scope

HITS_TOLD = 20
"""Of the best hits the ranks and scores are told; more make spans long and say little."""

KINDS: Mapping[str, Kind] = {"embed": "embedding", "search": "retriever"}

Mask = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Telling:
    """What is the same for every trace of this process.

    `mask` blots personal data and secrets out of content; None where no content is sent.
    """

    prompt: str = ""
    prompt_price: float = 0.0
    """Of a million tokens."""
    completion_price: float = 0.0
    mask: Mask | None = None

    def content(self, **texts: object) -> Content:
        """The texts as they may be sent; nothing unless content is sent."""
        if self.mask is None:
            return {}
        return {name: _masked(self.mask, text) for name, text in texts.items()}


@dataclass(slots=True)
class Asked:
    """One question on its way, as it is noted."""

    name: str
    scope: Scope
    query: Query
    calling: Calling
    trace_id: str
    owner: str
    """Whose the spans are: the answer's id, which several traces of one caller keep apart."""
    began: int
    stages: Stages = field(default_factory=Stages)
    hits: tuple[Hit, ...] = ()
    answer: Answer | None = None
    error: BaseException | None = None
    ended: int = 0


def trace_of(asked: Asked, telling: Telling) -> Trace:
    """The whole and its stages as spans, and the scores of the answer."""
    root = span_id(asked.trace_id, asked.owner)
    parent = asked.calling.parent.span_id if asked.calling.parent else ""
    whole = Span(
        asked.trace_id,
        root,
        parent,
        asked.name,
        asked.began,
        asked.ended,
        {f"footnote.{name}": value for name, value in _whole(asked).items()},
        code_of(asked.error),
        content=_content(asked, telling),
        is_root=True,
        experiment=asked.calling.experiment,
    )
    stages = [_stage(asked, name, root, telling) for name in asked.stages]
    return Trace((whole, *stages), _scores(asked, root) if asked.answer else ())


def code_of(error: BaseException | None) -> str:
    """The error's stable code; of one that is not ours its type."""
    if error is None:
        return ""
    return error.code if isinstance(error, FootnoteError) else type(error).__name__


def cost_of(answer: Answer, telling: Telling) -> float:
    """What the tokens cost, by the prices of the settings."""
    usage = answer.usage
    return (
        usage.prompt_tokens * telling.prompt_price + usage.completion_tokens * telling.completion_price
    ) / 1_000_000


def _stage(asked: Asked, name: str, root: str, telling: Telling) -> Span:
    stage, answer = asked.stages[name], asked.answer
    figures = {"busy_ms": round(stage.busy_ns / 1e6, 3), **_figures(name, asked)}
    written = None
    if name == "generate" and answer is not None and answer.llm_generated:
        usage = answer.usage
        cost = cost_of(answer, telling)
        written = Generation(answer.model, telling.prompt, usage.prompt_tokens, usage.completion_tokens, cost)
    return Span(
        asked.trace_id,
        span_id(asked.trace_id, asked.owner, name),
        root,
        name,
        stage.began,
        stage.ended,
        {f"footnote.{figure}": value for figure, value in figures.items()},
        code_of(stage.error),
        "generation" if written else KINDS.get(name, "span"),
        written,
        experiment=asked.calling.experiment,
    )


def _whole(asked: Asked) -> Mapping[str, Figure]:
    told: dict[str, Figure] = {
        "tenant": hash_of(asked.scope.tenant),
        "request_id": asked.calling.request_id,
        "top_k": asked.query.top_k,
        "filtered": asked.query.filters != type(asked.query.filters)(),
        "hits": len(asked.hits),
    }
    if (answer := asked.answer) is not None:
        told |= {
            "query_id": answer.id,
            "status": answer.status,
            "reason": answer.decision.reason or "",
            "cached": answer.cached,
            "variant": answer.variant,
            "sentences": len(answer.sentences),
            "citations": len(answer.citations),
            "warnings": [f"{one.stage}.{one.code}" for one in answer.warnings],
        }
    return told


def _figures(name: str, asked: Asked) -> Mapping[str, Figure]:
    """What is known of a stage once all is over."""
    hits, answer = asked.hits[:HITS_TOLD], asked.answer
    if name in ("search", "fuse", "rerank"):
        return _of_hits(name, hits)
    if answer is None:
        return {}
    if name == "decide":
        decision = answer.decision
        features = {f"feature.{one}": float(value) for one, value in decision.features.items()}
        told = {"p_answerable": decision.p_answerable, "threshold": decision.threshold}
        return {**told, "calibrated": decision.calibrated, "reason": decision.reason or "", **features}
    if name == "generate":
        return {"model": answer.model, "llm": answer.llm_generated}
    if name == "cite":
        supports = [sentence.support for sentence in answer.sentences]
        return {"supports": supports, "dropped_sentences": answer.dropped_sentences}
    return {}


def _of_hits(name: str, hits: Sequence[Hit]) -> Mapping[str, Figure]:
    """Where the best hits stood; a rank of 0 is that the list does not hold it."""
    if name == "search":
        return {
            "dense_ranks": [hit.fused.dense_rank or 0 for hit in hits],
            "sparse_ranks": [hit.fused.sparse_rank or 0 for hit in hits],
            "dense_scores": [hit.fused.dense_score or 0.0 for hit in hits],
            "sparse_scores": [hit.fused.sparse_score or 0.0 for hit in hits],
        }
    if name == "fuse":
        return {"scores": [hit.fused.score for hit in hits], "chunks": [hit.chunk.id for hit in hits]}
    return {"scores": [hit.rerank_score or 0.0 for hit in hits]}


def _content(asked: Asked, telling: Telling) -> Content:
    if asked.answer is None:
        return telling.content(input=asked.query.text)
    quotes = [citation.quote for citation in asked.answer.citations]
    return telling.content(input=asked.query.text, output={"answer": asked.answer.text, "quotes": quotes})


def _masked(mask: Mask, value: object) -> object:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return {name: _masked(mask, one) for name, one in value.items()}
    assert isinstance(value, Sequence)
    return [_masked(mask, one) for one in value]


def _scores(asked: Asked, root: str) -> tuple[Score, ...]:
    answer = asked.answer
    assert answer is not None
    judged = {"p_answerable": answer.decision.p_answerable}
    if answer.sentences:
        judged["support"] = min(sentence.support for sentence in answer.sentences)
    return tuple(
        Score(score_id(asked.owner, name), asked.trace_id, root, name, value, asked.ended)
        for name, value in judged.items()
    )


def score_id(owner: str, name: str) -> str:
    """The id of a judgement: the same for the same."""
    return span_id("score", owner, name)
