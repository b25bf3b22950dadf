"""pipeline: the life of one query, from the question to checked sentences.

`find` is the retrieving half (embed, search, fuse, rerank), `stream` the whole story, event by event;
`answer` is its last event.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Protocol

from service.background import QuestionThreads
from service.cite import CheckedSentence, Checker
from service.cite.support import encoder_of, warning_of
from service.context import build
from service.decide import Decider, after
from service.embed import Embedder
from service.fuse import fuse
from service.generate import Generator
from service.rerank import Reranker
from service.settings import Settings
from service.stopwatch import Stopwatch
from service.store import Store, TokenStore
from service.store.bm25 import sparse_query
from service.text.answers import joined
from service.types import (
    ABSTENTION,
    Answer,
    Candidates,
    Context,
    Decision,
    Draft,
    Event,
    Finished,
    Found,
    Fused,
    Hit,
    Query,
    QueryVectors,
    Question,
    Retrieved,
    Scope,
    SentenceReady,
    Usage,
    Warning,
)

CHARACTERS_A_TOKEN = 6
"""More than any passage needs: how much text around a hit is read from the catalogue."""


class Reader(Protocol):
    """What a query reads of the catalogue: live versions that the scope may read, nothing else."""

    def languages(self, scope: Scope) -> tuple[str, ...]:
        """The languages of the tenant's live documents."""
        ...

    def hits(self, scope: Scope, fused: Sequence[Fused], limit: int) -> tuple[Hit, ...]:
        """The first `limit` of the fused ids that are visible to the scope, in the same order."""
        ...

    def windows(self, scope: Scope, hits: Sequence[Hit], characters: int) -> Mapping[str, tuple[int, str]]:
        """The text of each hit's section within `characters` of it: (start offset, text) by chunk id."""
        ...


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The stages of a query, chosen by `wiring.py`; what takes time runs on `threads`, not on the loop."""

    settings: Settings
    embedder: Embedder
    store: Store
    tokens: TokenStore
    reader: Reader
    reranker: Reranker
    decider: Decider
    generator: Generator
    threads: QuestionThreads

    @property
    def warnings(self) -> tuple[Warning, ...]:
        """What readers of all answers must know: a stage that is absent or fell back."""
        stages = (self.reranker.warning, self.decider.warning, warning_of(self.embedder))
        return tuple(filter(None, stages))

    async def answer(self, scope: Scope, query: Query) -> Answer:
        """The whole answer; abstaining is an answer, not an error."""
        async with aclosing(self.stream(scope, query)) as events:
            async for event in events:
                if isinstance(event, Finished):
                    return event.answer
        raise AssertionError("a stream ends with Finished")

    async def stream(self, scope: Scope, query: Query) -> AsyncGenerator[Event, None]:
        """What was found, then each checked sentence, then the whole answer."""
        watch = Stopwatch()
        found = await self.threads.run(self.find, scope, query, watch)
        yield Retrieved(found.best)
        progress = await self.threads.run(self._decided, scope, found, watch)
        async with aclosing(progress.sentences()) as sentences:
            async for checked in sentences:
                yield SentenceReady(checked.sentence, checked.new_citations)
        yield Finished(progress.answer())

    def find(self, scope: Scope, query: Query, watch: Stopwatch) -> Found:
        """The visible chunks that come closest, best first: at least `top_k`, where there are so many."""
        with watch.stage("embed"):
            question = self.embed(scope, query)
        with watch.stage("search"):
            candidates = self.search(scope, question, self.settings.search.candidates)
        with watch.stage("fuse"):
            hits = self.visible(scope, query, fuse(candidates, self.settings.fuse))
        with watch.stage("rerank"):
            return Found(question, self.rerank(scope, question, hits))

    # --- the steps, for who looks at each of them (`explaining/`) ------------------------------

    def embed(self, scope: Scope, query: Query) -> Question:
        """The query with its vectors and its BM25 terms, in the languages of the scope's tenant."""
        encoded = self.embedder.embed_query(query.text)
        terms = sparse_query(query.text, self.reader.languages(scope))
        return Question(query, QueryVectors(encoded.dense, terms, encoded.tokens))

    def search(self, scope: Scope, question: Question, limit: int) -> Candidates:
        """The best `limit` of each of the two lists."""
        return self.store.search(scope, question.vectors, question.query.filters, limit)

    def visible(self, scope: Scope, query: Query, fused: Sequence[Fused]) -> tuple[Hit, ...]:
        """The first of the fused ones that the scope may see: as many as are reranked."""
        return self.reader.hits(scope, fused, max(query.top_k, self.settings.rerank.depth))

    def rerank(self, scope: Scope, question: Question, hits: tuple[Hit, ...]) -> tuple[Hit, ...]:
        """The hits by how well they answer, with their token vectors where the store has some."""
        if self.settings.rerank.token_dimensions:
            tokens = self.tokens.get(scope, [hit.chunk.id for hit in hits])
            hits = tuple(dataclasses.replace(hit, tokens=tokens.get(hit.chunk.id)) for hit in hits)
        return self.reranker.rerank(question, hits)

    def context(self, scope: Scope, hits: tuple[Hit, ...]) -> Context:
        """The numbered passages around the hits."""
        settings = self.settings.context
        around = settings.max_passage_tokens * CHARACTERS_A_TOKEN
        windows = self.reader.windows(scope, hits, around)
        return build(hits, windows, settings, self.embedder.count_tokens)

    def begin(
        self, found: Found, decision: Decision, context: Context | None, watch: Stopwatch
    ) -> AnswerInProgress:
        """The answer to be written from the passages; without any there is nothing to say."""
        if context is None:
            return AnswerInProgress(self, found, watch, decision)
        with watch.stage("cite"):
            checker = Checker(context, self.settings.cite, encoder_of(self.embedder))
        return AnswerInProgress(self, found, watch, decision, context, checker)

    def _decided(self, scope: Scope, found: Found, watch: Stopwatch) -> AnswerInProgress:
        """The decision, and where there is something to say, the passages to say it from."""
        with watch.stage("decide"):
            decision = self.decider.decide(found)
        if not decision.answer:
            return self.begin(found, decision, None, watch)
        with watch.stage("generate"):
            context = self.context(scope, found.best)
        return self.begin(found, decision, context, watch)


@dataclass
class AnswerInProgress:
    """One answer in the making; without passages there is nothing to say."""

    _pipeline: Pipeline
    _found: Found
    _watch: Stopwatch
    _decision: Decision
    _context: Context | None = None
    _checker: Checker | None = None
    _usage: Usage = field(default_factory=Usage)
    _told: list[CheckedSentence] = field(default_factory=list)
    _cut_off: bool = False

    async def sentences(self) -> AsyncGenerator[CheckedSentence, None]:
        """Sentences as they are written and pass the check."""
        pipeline, watch = self._pipeline, self._watch
        if self._context is None or self._checker is None:
            return
        async with aclosing(pipeline.generator.generate(self._found.question, self._context)) as drafts:
            draft: Draft | None = Draft()
            while draft is not None:
                with watch.stage("generate"):
                    draft = await anext(drafts, None)
                with watch.stage("cite"):
                    held = draft is not None and self._checker.hold(draft)
                    ready = [] if held else await pipeline.threads.run(_check, self._checker, draft)
                for checked in ready:
                    self._told.append(checked)
                    yield checked
                self._usage = (draft and draft.usage) or self._usage
                self._cut_off = self._cut_off or (draft is not None and draft.cut_off)

    def answer(self) -> Answer:
        """The whole answer; call it once the sentences are through."""
        pipeline, checker = self._pipeline, self._checker
        decision = self._final_decision()
        sentences = tuple(checked.sentence for checked in self._told) if decision.answer else ()
        identifier = str(uuid.uuid4())
        return Answer(
            id=identifier,
            status="answered" if sentences else "abstained",
            text=joined((one.text, one.citations) for one in sentences) or ABSTENTION,
            sentences=sentences,
            citations=checker.citations if checker is not None and sentences else (),
            decision=decision if sentences else _abstaining(decision),
            model=pipeline.generator.model,
            llm_generated=pipeline.generator.llm and bool(sentences),
            usage=self._usage,
            timings_ms=self._watch.timings_ms(),
            trace_id=identifier.replace("-", ""),
            dropped_sentences=checker.dropped if checker is not None else 0,
            rejected=checker.rejected if checker is not None else (),
            context=self._context.outline() if self._context is not None else None,
            warnings=(*pipeline.warnings, *self._lost(), *self._unfinished()),
            hits=self._found.best,
        )

    def _lost(self) -> tuple[Warning, ...]:
        """That the store has no token vectors of hits that should have some."""
        hits = self._found.hits
        lost = sum(hit.tokens is None for hit in hits)
        if not lost or not self._pipeline.embedder.tokens_fingerprint:
            return ()
        why = f"{lost} of {len(hits)} hits have no token vectors and were read by their words alone"
        return (Warning("rerank", "token_vectors_lost", f"{why}: `footnote reindex` makes them anew"),)

    def _unfinished(self) -> tuple[Warning, ...]:
        """That the language model had more to say."""
        if not self._cut_off:
            return ()
        most = self._pipeline.settings.generate.max_tokens
        why = f"the language model was stopped after {most} tokens (setting generate.max_tokens)"
        return (Warning("generate", "cut_off", why),)

    def _final_decision(self) -> Decision:
        """The decision, with what a language model's own words say of the evidence."""
        if self._checker is None or not self._pipeline.generator.llm:
            return self._decision
        return after(
            self._decision,
            declined=self._checker.declined,
            supports=[checked.sentence.support for checked in self._told],
            dropped=self._checker.dropped,
        )


def _check(checker: Checker, draft: Draft | None) -> list[CheckedSentence]:
    """The sentences that this piece of text completes; None is the end of the text."""
    return checker.finish() if draft is None else checker.take(draft)


def _abstaining(decision: Decision) -> Decision:
    """The decision once no sentence is left that its passages support."""
    return dataclasses.replace(decision, answer=False, reason=decision.reason or "low_confidence")
