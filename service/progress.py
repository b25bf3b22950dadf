"""progress: one answer in the making, from the decision to the last checked sentence.

A language model writes where there is one. Where nothing is left of what it wrote, where it is away or late,
quotations answer instead, if the evidence is enough for them; the answer's warnings say so.
"""

from __future__ import annotations

import dataclasses
import logging
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field

from service.background import QuestionThreads
from service.cite import CheckedSentence, Checker, Meaning, closest
from service.decide import after
from service.errors import DeadlineExceeded, GeneratorUnavailable
from service.generate import Generator
from service.settings import Settings
from service.stopwatch import Stopwatch
from service.text.answers import joined
from service.types import ABSTENTION, Answer, Context, Decision, Draft, Found, Usage, Warning

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Desk:
    """What an answer is written with.

    `quoting` answers where the generator is a language model of whose words nothing is left; None where it is
    none. `meaning` is what the check of citations compares meaning with. `warnings` are those of all answers.
    """

    settings: Settings
    generator: Generator
    quoting: Generator | None
    threads: QuestionThreads
    meaning: Meaning | None
    warnings: tuple[Warning, ...]


@dataclass
class AnswerInProgress:
    """One answer in the making; without passages there is nothing to say."""

    _desk: Desk
    _found: Found
    _watch: Stopwatch
    _decision: Decision
    _context: Context | None
    _unanswered: str
    _expects_tokens: bool
    _usage: Usage = field(default_factory=Usage)
    _told: list[CheckedSentence] = field(default_factory=list)
    _checkers: list[Checker] = field(default_factory=list)
    """One for each generator that was asked, the last one for what is told."""
    _cut_off: bool = False
    _given_up: tuple[Warning, ...] = ()

    async def sentences(self) -> AsyncGenerator[CheckedSentence, None]:
        """Sentences as they are written and pass the check: the model's, or where none does, quotations."""
        if self._context is None:
            return
        try:
            async with aclosing(self._written(self._desk.generator, self._context)) as written:
                async for checked in written:
                    yield checked
        except GeneratorUnavailable as error:
            if self._desk.quoting is None:
                raise
            self._give_up("late" if isinstance(error, DeadlineExceeded) else "away", str(error))
        if (quoting := self._to_quote_with()) is not None:
            async with aclosing(self._written(quoting, self._context)) as written:
                async for checked in written:
                    yield checked

    async def _written(self, generator: Generator, context: Context) -> AsyncGenerator[CheckedSentence, None]:
        """What a generator writes and the check lets pass; what only babbles is not read on."""
        desk, watch = self._desk, self._watch
        with watch.stage("cite"):
            checker = Checker(context, desk.settings.cite, desk.meaning)
        self._checkers.append(checker)
        async with aclosing(generator.generate(self._found.question, context)) as drafts:
            draft: Draft | None = Draft()
            while draft is not None and not self._babbles(generator, checker):
                with watch.stage("generate"):
                    draft = await anext(drafts, None)
                with watch.stage("cite"):
                    held = draft is not None and checker.hold(draft)
                    ready = [] if held else await desk.threads.run(_check, checker, draft)
                for checked in ready:
                    self._told.append(checked)
                    yield checked
                self._usage = (draft and draft.usage) or self._usage
                self._cut_off = self._cut_off or (draft is not None and draft.cut_off)

    def _babbles(self, generator: Generator, checker: Checker) -> bool:
        most = self._desk.settings.cite.max_dropped_in_a_row
        if not generator.llm or checker.dropped_in_a_row < most:
            return False
        why = f"no passage supports {most} of its sentences in a row (setting cite.max_dropped_in_a_row)"
        self._give_up("stopped", f"the language model was stopped: {why}")
        return True

    def _to_quote_with(self) -> Generator | None:
        """Who answers where nothing is left of a model's words, and it did not say that it does not know."""
        if self._told or self._checkers[-1].declined or self._desk.quoting is None:
            return None
        if not self._given_up:
            self._give_up("unsupported", "no passage supports what the language model wrote")
        return self._desk.quoting if self._decision.answer else None

    def _give_up(self, code: str, why: str) -> None:
        log.warning("a language model's answer is not used, or not all of it: %s", code)
        self._given_up = (Warning("generate", f"model_{code}", why),)

    @property
    def _writer(self) -> Generator:
        quoting = self._desk.quoting
        return quoting if quoting is not None and len(self._checkers) > 1 else self._desk.generator

    def answer(self) -> Answer:
        """The whole answer; call it once the sentences are through."""
        decision = self._final_decision()
        sentences = tuple(checked.sentence for checked in self._told) if decision.answer else ()
        identifier = str(uuid.uuid4())
        unanswered = self._unanswered if sentences else ""
        said = joined([*((one.text, one.citations) for one in sentences), *_unmarked(unanswered)])
        return Answer(
            id=identifier,
            status="answered" if sentences else "abstained",
            text=said or decision.says or ABSTENTION,
            sentences=sentences,
            citations=self._checkers[-1].citations if sentences else (),
            decision=decision if sentences else _abstaining(decision),
            model=self._writer.model,
            llm_generated=self._writer.llm and bool(sentences),
            usage=self._usage,
            timings_ms=self._watch.timings_ms(),
            trace_id=identifier.replace("-", ""),
            dropped_sentences=sum(checker.dropped for checker in self._checkers),
            rejected=tuple(one for checker in self._checkers for one in checker.rejected),
            context=self._context.outline() if self._context is not None else None,
            warnings=(*self._desk.warnings, *self._lost(), *self._unfinished(), *self._given_up),
            hits=self._found.best,
            closest=() if sentences or decision.says else closest(self._found.hits),
            respelled=self._found.respelled,
            unanswered=unanswered,
        )

    def _lost(self) -> tuple[Warning, ...]:
        """That the store has no token vectors of hits that should have some."""
        hits = self._found.hits
        lost = sum(hit.tokens is None for hit in hits)
        if not lost or not self._expects_tokens:
            return ()
        why = f"{lost} of {len(hits)} hits have no token vectors and were read by their words alone"
        return (Warning("rerank", "token_vectors_lost", f"{why}: `footnote reindex` makes them anew"),)

    def _unfinished(self) -> tuple[Warning, ...]:
        """That the language model had more to say."""
        if not self._cut_off:
            return ()
        most = self._desk.settings.generate.max_tokens
        why = f"the language model was stopped after {most} tokens (setting generate.max_tokens)"
        return (Warning("generate", "cut_off", why),)

    def _final_decision(self) -> Decision:
        """The decision, with what a language model's own words say of the evidence."""
        if not self._checkers or not self._writer.llm:
            return self._decision
        return after(
            self._decision,
            declined=self._checkers[-1].declined,
            supports=[checked.sentence.support for checked in self._told],
            dropped=self._checkers[-1].dropped,
        )


def _check(checker: Checker, draft: Draft | None) -> list[CheckedSentence]:
    """The sentences that this piece of text completes; None is the end of the text."""
    return checker.finish() if draft is None else checker.take(draft)


def _unmarked(sentence: str) -> list[tuple[str, tuple[int, ...]]]:
    return [(sentence, ())] if sentence else []


def _abstaining(decision: Decision) -> Decision:
    """The decision once no sentence is left that its passages support."""
    return dataclasses.replace(decision, answer=False, reason=decision.reason or "low_confidence")
