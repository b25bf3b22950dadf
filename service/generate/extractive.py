"""The built-in generator: sentences of the passages word for word, each cited. It needs no language model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator

from service.generate.select import Candidate, Embed, select
from service.markers import DECLINE
from service.sentences import spans
from service.types import Context, Draft, Query, Usage


class ExtractiveGenerator:
    """Answers with at most `max_sentences` sentences; `embed` gives unit vectors, and runs in a thread."""

    model = "extractive"
    llm = False

    def __init__(self, embed: Embed, max_sentences: int) -> None:
        self._embed = embed
        self._max_sentences = max_sentences

    async def aclose(self) -> None:
        """Nothing is held."""

    async def generate(self, query: Query, context: Context) -> AsyncGenerator[Draft, None]:
        """Yields one sentence at a time with its `[n]`; the usage is zero."""
        chosen = await asyncio.to_thread(select, query.text, context, self._embed, self._max_sentences)
        for candidate in chosen:
            for sentence in _cited(candidate):
                yield Draft(text=sentence)
        if not chosen:
            yield Draft(text=DECLINE)
        yield Draft(usage=Usage())


def _cited(candidate: Candidate) -> Iterator[str]:
    """The sentence with its marker, on a line of its own so that nothing runs into the next."""
    text = candidate.text
    for start, end in spans(text):
        yield f"{text[start:end]} [{candidate.passage.n}]\n"
