"""Whether each stage of a query could work now: each is given one small question of its own.

What a stage is given is made up here, so that one that is broken is the only one that says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from uuid import uuid4

import numpy as np

from service.cite import Checker
from service.errors import GeneratorUnavailable, ModelUnavailable, NotReady
from service.pipeline import Pipeline
from service.types import (
    Chunk,
    Context,
    DocumentRef,
    Found,
    Fused,
    Hit,
    Passage,
    Query,
    QueryVectors,
    Question,
    SparseVector,
    TokenVectors,
)

TEXT = "The pump is warranted for two years."
ASKED = "How long is the pump warranted?"


def stage_checks(pipeline: Pipeline) -> Mapping[str, Callable[[], str]]:
    """A check for each stage that needs a model, or something learned, or an address."""
    told = {warning.stage: warning.message for warning in pipeline.warnings}
    dimensions = pipeline.settings.rerank.token_dimensions
    tokens = TokenVectors(np.arange(1, 4, dtype=np.int32), np.ones((3, dimensions), np.int8))
    hit = _hit(tokens if dimensions else None)
    vectors = QueryVectors(
        np.zeros(pipeline.embedder.dimension, np.float32), SparseVector((), ()), hit.tokens
    )
    question = Question(Query(ASKED), vectors)

    def embed() -> str:
        asked = f"{ASKED} {uuid4()}"  # which nobody asked before: what was embedded is remembered
        if not np.isfinite(pipeline.embedder.embed_query(asked).dense).all():
            raise ModelUnavailable("the embedding model gives no numbers")
        return pipeline.embedder.name

    def rerank() -> str:
        if len(pipeline.reranker.rerank(question, (hit,))) != 1:
            raise NotReady("the reranker does not give back the hits that it is given")
        return told.get("rerank", pipeline.reranker.name)

    def decide() -> str:
        pipeline.decider.decide(Found(question, (hit,)))
        return told.get("decide", "calibrated")

    def cite() -> str:
        passage = Passage(1, hit.document, TEXT, 0, len(TEXT), (), "", (hit,))
        checker = Checker(Context((passage,), tokens=0), pipeline.settings.cite, None)
        if not [*checker.feed(f"{TEXT} [1]"), *checker.finish()]:
            raise NotReady("the check of citations rejects what its passage says word for word")
        return told.get("cite", "words and meaning")

    return {
        "embed": embed,
        "rerank": rerank,
        "decide": decide,
        "generate": partial(_generate, pipeline),
        "cite": cite,
    }


def _generate(pipeline: Pipeline) -> str:
    """A language model that is away keeps nobody from answering where quotations take its place."""
    try:
        return pipeline.generator.check()
    except GeneratorUnavailable as error:
        if pipeline.quoting is None:
            raise
        return f"quotations answer in its place: {error}"


def _hit(tokens: TokenVectors | None) -> Hit:
    chunk = Chunk("probe", "probe", 0, TEXT, 0, len(TEXT), (0, len(TEXT)))
    fused = Fused("probe", 1 / 61, 1, 1, 0.9, 9.0)
    return Hit(chunk, DocumentRef("probe", "probe", "probe", 1), fused, tokens=tokens)
