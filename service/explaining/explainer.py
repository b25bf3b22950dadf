"""The question's way through the pipeline's steps, with a look after each for what was expected."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Literal

from service.explaining.corpus import CorpusLook
from service.explaining.explanation import (
    LOOKED_AT,
    Corpus,
    Expected,
    Explanation,
    Rank,
    Ranks,
    Reached,
    Run,
    Seen,
    Way,
)
from service.explaining.verdict import judged
from service.fuse import fuse
from service.pipeline import Decided, Pipeline
from service.stopwatch import Stopwatch
from service.types import Candidate, Candidates, Context, Filters, Found, Fused, Hit, Passage, Query, Scope


class Explainer:
    """Explains answers of one pipeline; what it asks is neither cached nor kept."""

    def __init__(self, pipeline: Pipeline, corpus: CorpusLook) -> None:
        self._pipeline = pipeline
        self._corpus = corpus

    async def explain(self, scope: Scope, query: Query, expected: Expected) -> Explanation:
        """Why the answer to the query does, or does not, rest on what was expected."""
        threads = self._pipeline.threads
        corpus = await threads.run(self._corpus.look, scope, expected)
        if not corpus.places:
            return judged(Seen(expected, corpus), self._pipeline.settings)
        watch = Stopwatch()
        found, ranks = await threads.run(self._search, scope, query, corpus, watch)
        decided, context = await threads.run(self._decide, scope, found, watch)
        run = await self._write(decided, context, watch)
        reached = _reached(context, corpus)
        return judged(Seen(expected, corpus, Way(ranks, reached, run)), self._pipeline.settings)

    def _search(self, scope: Scope, query: Query, corpus: Corpus, watch: Stopwatch) -> tuple[Found, Ranks]:
        pipeline, settings = self._pipeline, self._pipeline.settings
        seen = pipeline.retrieve(scope, query, watch)
        question, candidates, hits = seen.question, seen.candidates, seen.hits
        found = Found(question, pipeline.rerank(scope, question, hits), seen.respelled)
        wanted = {place.chunk_id for place in corpus.places}
        deep = pipeline.search(scope, question, LOOKED_AT)
        served = settings.search.candidates
        ranks = Ranks(
            _among(wanted, candidates.dense, deep.dense, served),
            _among(wanted, candidates.sparse, deep.sparse, served),
            self._fused(wanted, seen.fused, hits, deep),
            Rank(_first(wanted, map(_chunk_of, found.hits)), len(hits), query.top_k),
        )
        if ranks.dense.rank is None and ranks.sparse.rank is None and query.filters != Filters():
            ranks = replace(ranks, filtered=self._is_there(scope, question.query, wanted))
        return found, ranks

    def _fused(
        self, wanted: Collection[str], fused: Sequence[Fused], hits: Sequence[Hit], deep: Candidates
    ) -> Rank:
        """In what was fused for the answer; what was not among it, as far as was looked.

        Served is what the scope could see: the fused list may hold what the catalogue shows nobody any more.
        """
        visible = {hit.chunk.id for hit in hits}
        ids = [found.chunk_id for found in fused]
        last = max((place for place, id in enumerate(ids, start=1) if id in visible), default=0)
        if (rank := _first(wanted, ids)) is not None:
            return Rank(rank, len(ids), last)
        deeper = [found.chunk_id for found in fuse(deep, self._pipeline.settings.fuse)]
        rank = _first(wanted, deeper)
        # The deeper list gives other ranks; one that it holds stands behind all that was fused.
        return Rank(None if rank is None else max(rank, len(ids) + 1), len(deeper), last)

    def _is_there(self, scope: Scope, query: Query, wanted: Collection[str]) -> bool:
        question = self._pipeline.embed(scope, replace(query, filters=Filters()))
        everywhere = self._pipeline.search(scope, question, LOOKED_AT)
        return any(one.chunk_id in wanted for one in (*everywhere.dense, *everywhere.sparse))

    def _decide(self, scope: Scope, found: Found, watch: Stopwatch) -> tuple[Decided, Context]:
        decided = self._pipeline.decide(scope, found, watch)
        return decided, self._pipeline.context(scope, decided.found.best)

    async def _write(self, decided: Decided, context: Context, watch: Stopwatch) -> Run:
        read = context if self._pipeline.is_worth_writing(decided.decision) else None
        progress = self._pipeline.begin(decided, read, watch)
        async with aclosing(progress.sentences()) as sentences:
            async for _ in sentences:
                pass  # the answer has them all
        return Run(decided.found, decided.decision, context, progress.answer())


def _among(
    wanted: Collection[str], served: Sequence[Candidate], deep: Sequence[Candidate], limit: int
) -> Rank:
    """The rank in the list that was served; where it is not in there, in the deeper one."""
    rank = _first(wanted, (one.chunk_id for one in served))
    if rank is None and (deeper := _first(wanted, (one.chunk_id for one in deep))) is not None:
        rank = max(deeper, len(served) + 1)  # an approximate search may find it higher than it was served
    return Rank(rank, len(deep), limit)


def _first(wanted: Collection[str], ids: Iterable[str]) -> int | None:
    return next((rank for rank, id in enumerate(ids, start=1) if id in wanted), None)


def _chunk_of(hit: Hit) -> str:
    return hit.chunk.id


def _reached(context: Context, corpus: Corpus) -> Reached:
    """The passages that hold it: the whole of an expected text, else anything of the document."""
    passages = tuple(passage.n for passage in context.passages if _holds(passage, corpus))
    wanted = {place.chunk_id for place in corpus.places}
    whys: list[Literal["duplicate", "budget"]] = [
        one.why for one in context.left_out if one.chunk_id in wanted
    ]
    return Reached(passages, None if passages or not whys else whys[0])


def _holds(passage: Passage, corpus: Corpus) -> bool:
    if not corpus.spots:
        return passage.document.id in {place.document_id for place in corpus.places}
    under = {place.chunk_id for place in corpus.places if place.above}
    return any(hit.chunk.id in under for hit in passage.hits) or any(
        passage.document.id == spot.document_id and passage.start <= spot.start and spot.end <= passage.end
        for spot in corpus.spots
    )
