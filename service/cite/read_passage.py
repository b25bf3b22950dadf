"""Texts taken apart once: a claim, and the sentences and table rows of a cited passage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from service.text import names, words
from service.text.layout import is_row, is_rule, named_cells
from service.text.markers import disarm
from service.text.quantities import ExactValues, exact_values
from service.text.sentences import spans
from service.types import Passage


@dataclass(frozen=True, eq=False)
class ReadText:
    """A text in its language; each part is computed when it is first asked for."""

    text: str
    language: str

    @cached_property
    def words(self) -> tuple[str, ...]:
        """As they are written."""
        return tuple(words.written(self.text))

    @cached_property
    def terms(self) -> tuple[str, ...]:
        """The content terms, in order."""
        return tuple(words.terms(self.text, self.language))

    @cached_property
    def folded(self) -> str:
        """The words in lower case."""
        return names.folded(self.text)

    @cached_property
    def values(self) -> ExactValues:
        """What must agree exactly."""
        return exact_values(self.text, self.language)

    @cached_property
    def names(self) -> frozenset[str]:
        """The names in it."""
        return frozenset(names.names(self.text, self.language))

    @cached_property
    def negations(self) -> tuple[str, ...]:
        """The words that deny, in order."""
        return tuple(words.negations(self.text))


@dataclass(frozen=True, eq=False)
class SourceSentence:
    """A sentence or table row of a passage; `start` and `end` are offsets in the passage's text."""

    passage: Passage
    position: int
    start: int
    end: int
    text: ReadText
    header: str
    """What stands above it, if it is a row."""

    @cached_property
    def said(self) -> ReadText:
        """The text; a row as `Header: cell; Header: cell`."""
        if not is_row(self.text.text):
            return self.text
        return ReadText(named_cells(self.header.split("\n")[0], self.text.text), self.text.language)

    @cached_property
    def terms(self) -> frozenset[str]:
        """Those of the row's header too."""
        if self.said is self.text:
            return frozenset(self.text.terms)
        return frozenset(words.terms(f"{self.header}\n{self.text.text}", self.text.language))


@dataclass(frozen=True, slots=True, eq=False)
class ReadPassage:
    """One passage, read once for all sentences that cite it."""

    passage: Passage
    sentences: tuple[SourceSentence, ...]
    background: ReadText
    """Headings, title and table headers: they hold for every sentence but cannot support one alone."""

    @property
    def language(self) -> str:
        """The language of the passage."""
        return self.background.language


def read(passage: Passage) -> ReadPassage:
    """The passage cut up. Marks that look like ours are disarmed, offsets stay those of its text."""
    language = passage.hits[0].chunk.language if passage.hits else "en"
    text = disarm(passage.text)
    found = spans(text)
    headers = _header_rows(text, found)
    above = disarm(passage.header)
    sentences: list[SourceSentence] = []
    for position, (start, end) in enumerate(found):
        if position in headers:
            above = text[start:end]
        elif any(map(str.isalnum, text[start:end])):
            shown = ReadText(text[start:end], language)
            sentences.append(SourceSentence(passage, position, start, end, shown, above))
    headers_text = [text[slice(*found[position])] for position in sorted(headers)]
    background = "\n".join((passage.document.title, *passage.heading_path, passage.header, *headers_text))
    return ReadPassage(passage, tuple(sentences), ReadText(disarm(background), language))


def _header_rows(text: str, found: Sequence[tuple[int, int]]) -> set[int]:
    """The positions of rows that stand above a table's rule (`|---|`)."""
    return {at for at, below in enumerate(found[1:]) if is_rule(text[slice(*below)])}
