"""The built-in generator: sentences of the passages word for word, each cited. It needs no language model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from service.generate.candidates import Candidate
from service.generate.match import Tokenize
from service.generate.rank import Embed, Model
from service.generate.select import select
from service.text.markers import DECLINE
from service.text.sentences import spans
from service.types import Context, Draft, Question, Usage


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
        self._model = Model(embed, tokenize)
        self._max_sentences = max_sentences
        self._in_thread = in_thread

    def check(self) -> str:
        """It is here as long as the process is."""
        return self.model

    async def aclose(self) -> None:
        """Nothing is held."""

    async def generate(self, question: Question, context: Context) -> AsyncGenerator[Draft, None]:
        """Yields one sentence at a time with its `[n]`; the usage is zero."""
        chosen = await self._in_thread(select, question, context, self._model, self._max_sentences)
        for sentence in _cited(chosen):
            yield Draft(text=sentence)
        if not chosen:
            yield Draft(text=DECLINE)
        yield Draft(usage=Usage())


def _cited(chosen: Sequence[Candidate]) -> Iterator[str]:
    """The sentences with their markers, each on a line of its own so that nothing runs into the next.

    What a list hangs on is said once, before its first item.
    """
    for before, candidate in pairwise([None, *chosen]):
        assert candidate is not None
        n, lead = candidate.passage.n, candidate.lead
        if lead and (before is None or (before.passage.n, before.lead) != (n, lead)):
            yield f"{lead} [{n}]\n"
        yield from (f"{candidate.text[start:end]} [{n}]\n" for start, end in spans(candidate.text))
