"""The built-in generator: sentences of the passages word for word, each cited. It needs no language model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from typing import Any

from service.generate.by_tokens import Tokenize
from service.generate.candidates import CandidateSentence
from service.generate.ranking import Embed
from service.generate.select import EmbedderFunctions, select
from service.text.markers import DECLINE
from service.types import Context, Draft, Question, Quotation, Usage


class ExtractiveGenerator:
    """Answers with at most `max_sentences` sentences; `embed` gives unit vectors.

    `tokenize` cuts a text as the embedder does. `in_thread` runs what takes time beside the event loop.
    """

    model = "extractive"
    llm = False

    def __init__(
        self,
        embed: Embed,
        tokenize: Tokenize,
        max_sentences: int,
        in_thread: Callable[..., Awaitable[Any]] = asyncio.to_thread,
    ) -> None:
        self._embedder = EmbedderFunctions(embed, tokenize)
        self._max_sentences = max_sentences
        self._in_thread = in_thread

    def check(self) -> str:
        """It is here as long as the process is."""
        return self.model

    async def aclose(self) -> None:
        """Nothing is held."""

    async def generate(self, question: Question, context: Context) -> AsyncGenerator[Draft, None]:
        """Yields one quotation at a time; the usage is zero."""
        chosen = await self._in_thread(select, question, context, self._embedder, self._max_sentences)
        for quotation in _quotations(chosen):
            yield Draft(quotation=quotation)
        if not chosen:
            yield Draft(text=DECLINE)
        yield Draft(usage=Usage())


def _quotations(chosen: Sequence[CandidateSentence]) -> Iterator[Quotation]:
    """What is shown, in order; what a list hangs on is said once, before its first item."""
    lead: Quotation | None = None
    for candidate in chosen:
        if candidate.lead is not None and candidate.lead != lead:
            yield candidate.lead
        lead = candidate.lead
        yield candidate.quotation
