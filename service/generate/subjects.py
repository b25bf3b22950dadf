"""What sentences are about though they do not name it: the term that their paragraph defines.

`gc.auto: When there are more loose objects, they are packed. The default is 6700.` says of `gc.auto` what
its default is, and so does the next paragraph, for a name like that is no word of running text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from service.text import words
from service.text.layout import LIST_MARK
from service.text.sentences import Span
from service.types import Quotation

_TERM = re.compile(r"([^\s:|](?:[^:|\n]|:(?=\S)){0,119}):\s+\S")
_LONGEST_TERM = 8
"""Words of a term. A longer text before a colon leads to what follows, and defines nothing."""
_OPTION = re.compile(r"(?<![\w/-])--?[A-Za-z][\w-]*")
_SENTENCE_END = re.compile(r"[.!?]\s")


@dataclass(frozen=True, slots=True)
class Subject:
    """A defined term, and what it can be known by."""

    shown: Quotation
    """The term with a colon, to stand before a sentence that does not name it."""
    terms: frozenset[str]

    @property
    def is_name(self) -> bool:
        """Whether it is a name out of a machine's world (`gc.auto`, `--force`, `MV-E07`), no word."""
        return bool(words.joined(self.shown.text)) or _OPTION.match(self.shown.text) is not None

    @property
    def span(self) -> Span:
        """Its place in the passage."""
        return self.shown.start, self.shown.end


class SubjectReader:
    """Reads the units of a passage in their order; `subject` is that of the last one."""

    def __init__(self, n: int, text: str, language: str) -> None:
        self.subject: Subject | None = None
        self._n = n
        self._text = text
        self._language = language
        self._end = 0

    def take(self, start: int, end: int, *, is_text: bool) -> None:
        """Reads the unit at `[start, end)`; `is_text` where it is no heading and no row."""
        between, self._end = self._text[self._end : start], end
        is_item = LIST_MARK.match(self._text, start) is not None
        begins = start == 0 or is_item or "\n\n" in between
        if begins and (is_item or not is_text or not self._is_about_a_name):
            self.subject = None
        defined = self._defined(start, end) if is_text and (begins or "\n" in between) else None
        # What begins a line within a paragraph may be any word before a colon.
        if defined and (begins or defined.is_name):
            self.subject = defined

    @property
    def _is_about_a_name(self) -> bool:
        """Whether the next paragraph may still be about it, which says so of a name alone."""
        return self.subject is not None and self.subject.is_name

    def _defined(self, start: int, end: int) -> Subject | None:
        mark = LIST_MARK.match(self._text, start, end)
        found = _TERM.match(self._text, mark.end() if mark else start, end)
        if not found or len(words.word_spans(found[1])) > _LONGEST_TERM or _SENTENCE_END.search(found[1]):
            return None
        terms = named_terms(found[1], self._language)
        shown = Quotation(self._n, *found.span(1), f"{' '.join(found[1].split())}:")
        return Subject(shown, terms) if terms else None


def named_terms(text: str, language: str) -> frozenset[str]:
    """The terms of a text, and its names of several parts (`gc.auto`) and options (`--force`) as a whole."""
    names = (*words.joined(text, language), *_OPTION.findall(text))
    return frozenset((*words.terms(text, language), *names))
