"""pipeline: the life of one query, from the question to checked sentences.

`find` is the retrieving half (embed, search, fuse, rerank), `stream` the whole story, event by event;
`answer` is its last event.
"""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Protocol

from service.background import QuestionThreads
from service.cite import meaning_of, warning_of
from service.context import build
from service.decide import Decider, PartDecision, do_not_say, message_of, parts_to_decide, together
from service.embed import Embedder
from service.fuse import fuse, in_turn
from service.generate import Generator
from service.progress import AnswerInProgress, Desk
from service.rerank import Reranker
from service.settings import Settings
from service.stopwatch import Stopwatch
from service.store import Store, TokenStore
from service.store.bm25 import sparse_query
from service.text.courtesies import without_courtesies
from service.text.spelling import respelled, spelled
from service.types import (
    Answer,
    Candidates,
    Context,
    Decision,
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
class Decided:
    """The decision with the hits that it is about, and the sentence that names the parts left out."""

    found: Found
    decision: Decision
    unanswered: str = ""


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What a search gave: its two lists, one list of them, and the hits that the scope may see."""

    question: Question
    candidates: Candidates
    fused: tuple[Fused, ...]
    hits: tuple[Hit, ...]
    respelled: Mapping[str, str] = field(default_factory=dict)
    """Words that the query has and `question` has not, and as what they were read."""


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
    quoting: Generator | None = None
    """Answers where nothing is left of what a language model wrote; None where the generator is none."""

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
        seen = self.retrieve(scope, query, watch)
        with watch.stage("rerank"):
            return Found(seen.question, self.rerank(scope, seen.question, seen.hits), seen.respelled)

    # --- the steps, for who looks at each of them (`explaining/`) ------------------------------

    def retrieve(self, scope: Scope, query: Query, watch: Stopwatch) -> Retrieval:
        """What is found for the question alone; where a word is misspelt, as what was found spells it."""
        query = dataclasses.replace(query, text=without_courtesies(query.text))
        seen = self._retrieve(scope, query, watch)
        with watch.stage("search"):
            texts = [f"{hit.document.title}\n{hit.chunk.indexed_text}" for hit in seen.hits]
            language = seen.hits[0].chunk.language if seen.hits else ""
            read_as = respelled(query.text, texts, language, self._is_one_token)
        if not read_as:
            return seen
        again = self._retrieve(scope, dataclasses.replace(query, text=spelled(query.text, read_as)), watch)
        return dataclasses.replace(again, respelled=read_as)

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
            # Written out, as `replace` takes ten times as long for each of some seventy hits.
            hits = tuple(
                Hit(hit.chunk, hit.document, hit.fused, tokens=tokens.get(hit.chunk.id)) for hit in hits
            )
        return self.reranker.rerank(question, hits)

    def context(self, scope: Scope, hits: tuple[Hit, ...]) -> Context:
        """The numbered passages around the hits."""
        settings = self.settings.context
        around = settings.max_passage_tokens * CHARACTERS_A_TOKEN
        windows = self.reader.windows(scope, hits, around)
        return build(hits, windows, settings, self.embedder.count_tokens)

    def begin(self, decided: Decided, context: Context | None, watch: Stopwatch) -> AnswerInProgress:
        """The answer to be written from the passages; without any there is nothing to say."""
        meaning = meaning_of(self.embedder)
        desk = Desk(self.settings, self.generator, self.quoting, self.threads, meaning, self.warnings)
        expects_tokens = bool(self.embedder.tokens_fingerprint)
        found, decision, unanswered = decided.found, decided.decision, decided.unanswered
        return AnswerInProgress(desk, found, watch, decision, context, unanswered, expects_tokens)

    def decide(self, scope: Scope, found: Found, watch: Stopwatch) -> Decided:
        """Whether there is an answer in the hits, or in those of some parts of the question.

        Of a message that tells more than it asks, what it asks is decided by itself, where that is the same.
        """
        decided = self._decide_by_parts(scope, found, watch)
        message = message_of(found.question.text)
        if message is None or self.is_worth_writing(decided.decision):
            return decided
        alone = self.find(scope, dataclasses.replace(found.question.query, text=message.asked), watch)
        if not message.is_asked_of(found, alone):
            return decided
        alone = dataclasses.replace(alone, respelled=_all_respelled(found, alone))
        by_itself = self._decide_by_parts(scope, alone, watch)
        return by_itself if by_itself.decision.answer else decided

    def is_worth_writing(self, decision: Decision) -> bool:
        """Whether an answer is tried: a language model may look where quotations would not do."""
        return decision.answer or (self.generator.llm and decision.worth_asking)

    def _retrieve(self, scope: Scope, query: Query, watch: Stopwatch) -> Retrieval:
        with watch.stage("embed"):
            question = self.embed(scope, query)
        with watch.stage("search"):
            candidates = self.search(scope, question, self.settings.search.candidates)
        with watch.stage("fuse"):
            fused = fuse(candidates, self.settings.fuse)
            return Retrieval(question, candidates, fused, self.visible(scope, query, fused))

    def _is_one_token(self, word: str) -> bool:
        return self.embedder.count_tokens(word) == 1

    def _decided(self, scope: Scope, found: Found, watch: Stopwatch) -> AnswerInProgress:
        """The decision, and where there is something to say, the passages to say it from."""
        decided = self.decide(scope, found, watch)
        context = None
        if self.is_worth_writing(decided.decision):
            with watch.stage("generate"):
                context = self.context(scope, decided.found.best)
        return self.begin(decided, context, watch)

    def _decide_by_parts(self, scope: Scope, found: Found, watch: Stopwatch) -> Decided:
        with watch.stage("decide"):
            decision = self.decider.decide(found)
        if asked := parts_to_decide(found.question.text):
            return self._part_by_part(scope, found, decision, asked, watch)
        return Decided(found, decision)

    def _part_by_part(
        self, scope: Scope, found: Found, whole: Decision, asked: Sequence[str], watch: Stopwatch
    ) -> Decided:
        """What is left to answer of a question of several parts."""
        query = found.question.query
        each = [self.find(scope, dataclasses.replace(query, text=text), watch) for text in asked]
        with watch.stage("decide"):
            parts = [PartDecision(one.question.text, self.decider.decide(one)) for one in each]
            held = together(whole, parts, model_may_be_asked=self.generator.llm)
        if not held.answered:
            return Decided(found, whole)
        answered = [each[place] for place in held.answered]
        hits = in_turn([part.hits for part in answered])
        found = dataclasses.replace(found, hits=hits, respelled=_all_respelled(found, *each))
        if not held.unanswered:
            return Decided(found, held.decision)
        with watch.stage("embed"):
            rest = dataclasses.replace(query, text=" ".join(part.question.text for part in answered))
            found = dataclasses.replace(found, question=self.embed(scope, rest))
            return Decided(found, held.decision, do_not_say(held.unanswered))


def _all_respelled(found: Found, *parts: Found) -> dict[str, str]:
    """Also what was read otherwise only where a part was asked by itself, of which less was found."""
    return {word: meant for one in (found, *parts) for word, meant in one.respelled.items()}
