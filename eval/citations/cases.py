"""What answers really say and read: sentences with the passages that they cite.

Questions of a labelled set are asked as a user would ask them, and what comes before the check is taken: the
context and the extractive answer. Each context lends some more of its sentences, as another generator might
have chosen.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from eval.engines import SCOPE
from eval.labelled import LabelledQuestion
from service.context import build
from service.local_engine import LocalEngine
from service.pipeline import CHARACTERS_A_TOKEN
from service.stopwatch import Stopwatch
from service.text.markers import disarm
from service.text.sentences import spans
from service.types import Context, Passage, Query, Question, Quotation

MORE = 2
"""Further sentences that a context lends."""
_FEWEST, _MOST = 5, 45


@dataclass(frozen=True, slots=True)
class Case:
    """A true sentence, the passage that it cites, and the context in which it was written."""

    group: str
    """The article or document that its question is about: splits go by it."""
    context: Context
    passage: Passage
    text: str
    before: str
    """The sentence before it in the passage; empty where there is none."""
    after: str
    phrases: tuple[str, ...] = ()
    """Answers to other questions about the same passage, where the set knows some."""


def cases(engine: LocalEngine, asked: Sequence[LabelledQuestion], draw: random.Random) -> Iterator[Case]:
    """The cases of each question in turn; a sentence is taken once."""
    phrases: dict[str, list[str]] = {}
    for question in asked:
        for record in question.relevant:
            phrases.setdefault(record, []).extend(question.answers[:1])
    seen: set[str] = set()
    for question in asked:
        context, answer = asyncio.run(_answered(engine, question.text))
        for case in _of(question, context, answer, phrases, draw):
            if case.text not in seen:
                seen.add(case.text)
                yield case


async def _answered(engine: LocalEngine, text: str) -> tuple[Context, list[Quotation]]:
    """The context for a question, and what the generator quotes from it."""
    pipeline = engine.pipeline
    found = pipeline.find(SCOPE, Query(text), Stopwatch())
    settings = pipeline.settings.context
    windows = pipeline.reader.windows(SCOPE, found.best, settings.max_passage_tokens * CHARACTERS_A_TOKEN)
    context = build(found.best, windows, settings, pipeline.embedder.count_tokens)
    question: Question = found.question
    drafts = [draft async for draft in pipeline.generator.generate(question, context)]
    return context, [draft.quotation for draft in drafts if draft.quotation is not None]


def _of(
    question: LabelledQuestion,
    context: Context,
    answer: Sequence[Quotation],
    phrases: dict[str, list[str]],
    draw: random.Random,
) -> Iterator[Case]:
    cited = [(plain(disarm(quoted.text)), context.passage(quoted.n)) for quoted in answer]
    for passage in draw.sample(context.passages, min(MORE, len(context.passages))):
        units = [plain(disarm(passage.text[start:end])) for start, end in spans(passage.text)]
        cited.append((draw.choice(units), passage))
    for text, source in cited:
        if source is not None and source.hits[0].chunk.language == "en" and is_telling(text):
            yield _case(question.group, context, source, text, phrases)


def _case(group: str, context: Context, passage: Passage, text: str, phrases: dict[str, list[str]]) -> Case:
    units = [plain(disarm(passage.text[start:end])) for start, end in spans(passage.text)]
    at = units.index(text) if text in units else -1
    before = units[at - 1] if at > 0 else ""
    after = units[at + 1] if 0 <= at < len(units) - 1 else ""
    known = phrases.get(passage.document.external_id or passage.document.source, [])
    return Case(group, context, passage, text, before, after, tuple(dict.fromkeys(known)))


def plain(text: str) -> str:
    """A sentence on one line, without list marker, emphasis, code marks and link addresses."""
    text = re.sub(r"\[([^\[\]]*)\]\([^()\s]*\)", r"\1", " ".join(text.split()))
    return re.sub(r"^(?:[-*+•]|\d{1,3}[.)]|#{1,6})\s+|\*\*|__|`", "", text)


def is_telling(text: str) -> bool:
    """Whether a sentence or table row says something that can be made false."""
    count = len(text.split())
    return _FEWEST <= count <= _MOST and sum(map(str.isalpha, text)) > len(text) / 2 and "http" not in text
