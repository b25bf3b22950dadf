"""What of a passage can be shown: whole sentences, table rows below their header, list items with their lead.

A heading, a rule or a fragment says nothing alone and is no candidate. An item that is no sentence ("damage
by liquid;") is shown after the sentence, or the heading, that its list hangs on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from service.generate.code import code_blocks, shown_code
from service.generate.subjects import Subject, SubjectReader, named_terms
from service.text import words
from service.text.layout import LIST_MARK, cells, is_row, joined_cells, without_list_mark
from service.text.sentences import Span, spans
from service.types import Passage, Quotation

_SHORTEST, _LONGEST = 3, 90
"""Words of a sentence that can be given as an answer."""
_LONGEST_HEADING = 12
_LONGEST_FRAGMENT = 6
"""A text without an end is a fragment up to this length, a heading up to the other if written like one."""
_WRAPPED_LINE = 45
"""A shorter line was not wrapped: the next one says something else."""

_RULE = re.compile(r"[\s|:+-]*\Z")
_SECTION_NUMBER = re.compile(r"^[\s#]*(?:\d+(?:\.\d+)*[.)]?\s+)?")
_QUOTED = re.compile(r"(?m)^[ \t]*[>›]+(?:[ \t]|$)")
_END = re.compile(r"[.!?…。！？؟।][\"'”’»)\]*_]*\Z")
_QUESTION = re.compile(r"[?？؟][\"'”’»)\]*_]*\Z")
_COLUMN = re.compile(r"\S {3,}\S")
_NAMED_VALUE = re.compile(r"[^\s:][^:]*:\s+\S")


@dataclass(frozen=True, slots=True, eq=False)
class CandidateSentence:
    """Something that can be shown; `position` counts a passage's units, `span` is its place there."""

    passage: Passage
    position: int
    span: Span
    text: str
    terms: frozenset[str]
    is_row: bool = False
    lead: Quotation | None = None
    """What a list item hangs on, to be shown before it."""
    subject: Subject | None = None
    """What its paragraph defines, which it need not name itself."""
    is_item: bool = False

    @property
    def quotation(self) -> Quotation:
        """What is shown, with its place."""
        return Quotation(self.passage.n, *self.span, self.text)

    @property
    def is_statement(self) -> bool:
        """Whether it says something: a question does not, nor does a command or a title without an end."""
        is_told = (
            self.is_row or self.is_item or self.lead is not None or _NAMED_VALUE.match(self.text) is not None
        )
        return not _QUESTION.search(self.text) and (is_told or _END.search(self.text) is not None)

    @property
    def about(self) -> frozenset[str]:
        """The terms of its subject."""
        return self.subject.terms if self.subject else frozenset()

    @property
    def language(self) -> str:
        """The language of the passage."""
        return _language(self.passage)


def candidate_sentences(passage: Passage) -> list[CandidateSentence]:
    """What can be shown of a passage, in its order."""
    reading = _PassageReader(passage)
    examples = list(code_blocks(passage.text))
    for start, end in spans(passage.text):
        while examples and examples[0][1] <= start:
            examples.pop(0)
        if examples and examples[0][0] <= start:
            reading.take_code(*examples[0])
            continue
        for line_start, line in _lines(passage.text[start:end]):
            reading.take(line, start + line_start)
    return reading.found


class _PassageReader:
    """One passage being read: a row belongs to the header above it, an item to what its list hangs on."""

    def __init__(self, passage: Passage) -> None:
        self.found: list[CandidateSentence] = []
        self._passage = passage
        self._header = _cells(passage.header.split("\n")[0])
        self._headings = {_folded(heading) for hit in passage.hits for heading in hit.chunk.heading_path}
        self._subjects = SubjectReader(passage.n, passage.text, _language(passage))
        self._before = ""
        self._lead: Quotation | None = None
        self._position = 0
        self._span = (0, 0)

    def take(self, unit: str, start: int) -> None:
        """Reads the next unit, which begins at `start`."""
        self._position += 1
        self._span = (start, start + len(unit))
        is_in_table = _is_row(unit)
        is_heading = self._is_heading(unit)
        self._subjects.take(*self._span, is_text=not (is_in_table or is_heading))
        if "|" in unit and _RULE.match(unit):
            self._header = self._forget_last()
        elif is_in_table:
            self._add(_row(unit, self._header), unit, is_row=True)
        elif LIST_MARK.match(unit) and not is_heading:
            self._take_item(unit)
        else:
            self._take_sentence(unit, is_heading)
        self._before = unit

    def take_code(self, start: int, end: int) -> None:
        """Reads an example as a whole, below what leads to it; told again of the same one, nothing."""
        if self._span == (start, end):
            return
        self._position += 1
        self._span = (start, end)
        code = shown_code(self._passage.text[start:end])
        self._add(code, code, lead=self._lead)
        self._before = code

    def _forget_last(self) -> list[str]:
        """The row above a rule is a header, and was no candidate."""
        if self.found and self.found[-1].position == self._position - 1:
            self.found.pop()
        return _cells(self._before)

    def _take_item(self, unit: str) -> None:
        text = _plain(without_list_mark(unit))
        if self._lead and (text[:1].islower() or not _END.search(text)):
            self._add(text, f"{self._lead.text} {text}", lead=self._lead)
        elif _is_whole(text):
            self._add(text, text, is_item=True)

    def _take_sentence(self, unit: str, is_heading: bool) -> None:
        start, passage = self._span[0], self._passage.text
        text = _plain(unit, before=passage[passage.rfind("\n", 0, start) + 1 : start])
        if is_heading or text.endswith(":"):
            self._lead = self._lead_of(text)
            return
        self._lead = None
        if _is_whole(text):
            self._add(text, text)

    def _lead_of(self, text: str) -> Quotation | None:
        """What the items to come hang on; a heading that is a sentence is none."""
        if text[-1:] in (".", "!", "?"):
            return None
        shown = f"{_SECTION_NUMBER.sub('', text).rstrip(':')}:"
        return Quotation(self._passage.n, *self._span, shown)

    def _is_heading(self, unit: str) -> bool:
        text = _plain(unit)
        known = unit.lstrip().startswith("#") or _folded(text) in self._headings
        return known or (text.isupper() and " " in text and len(words.word_spans(text)) < _LONGEST_HEADING)

    def _add(
        self,
        shown: str,
        read: str,
        *,
        is_row: bool = False,
        is_item: bool = False,
        lead: Quotation | None = None,
    ) -> None:
        count = len(words.word_spans(shown))
        says_enough = lead or count >= _SHORTEST or _NAMED_VALUE.match(shown)
        fits = count > 0 if is_row else says_enough and count <= _LONGEST
        if fits:
            terms = named_terms(read if read == shown else f"{read}\n{shown}", _language(self._passage))
            place = (self._passage, self._position, self._span)
            subject = self._subjects.subject
            self.found.append(CandidateSentence(*place, shown, terms, is_row, lead, subject, is_item))


def _lines(unit: str) -> Iterator[tuple[int, str]]:
    """The unit, or its lines where they stand in columns or are too short to have been wrapped.

    Each comes with the place at which it begins.
    """
    if "\n" not in unit:
        yield 0, unit
        return
    lines = unit.split("\n")
    in_columns = sum(_COLUMN.search(line) is not None for line in lines) > 1
    are_short = len(lines) > 2 and max(map(len, lines)) < _WRAPPED_LINE and not _END.search(unit)
    is_listing = are_short or all(map(_NAMED_VALUE.match, lines))
    if not in_columns and not is_listing:
        yield 0, unit
        return
    starts = accumulate((len(line) + 1 for line in lines), initial=0)
    for start, line in zip(starts, lines, strict=False):
        if shown := line.strip():
            yield start + line.index(shown), shown


def _plain(unit: str, before: str = "") -> str:
    """The unit on one line, without the marks of a quoted mail; `before` is what stands before it there."""
    is_quoted = all(map(_QUOTED.match, f"{before}{unit}".split("\n")))
    return " ".join((_QUOTED.sub("", unit) if is_quoted else unit).split())


def _folded(text: str) -> str:
    return _SECTION_NUMBER.sub("", " ".join(text.split())).casefold()


def _is_whole(text: str) -> bool:
    """Whether a text says something alone: it ends, names a value, or is too long to be a heading."""
    if _END.search(text):
        return True
    if _NAMED_VALUE.match(text) and not text.endswith(":"):
        return True
    return len(words.word_spans(text)) >= (_LONGEST_HEADING if _is_titled(text) else _LONGEST_FRAGMENT)


def _is_titled(text: str) -> bool:
    """Whether a text is written like a title: nearly every word that is no function word has a capital."""
    content = [t.group() for t in words.word_spans(text) if t.group()[0].isalpha() and len(t.group()) > 3]
    return sum(word[0].isupper() for word in content) > 0.7 * len(content)


def _language(passage: Passage) -> str:
    return passage.hits[0].chunk.language if passage.hits else "en"


# --- tables ---------------------------------------------------------------------------------


def _is_row(unit: str) -> bool:
    return is_row(unit) or _COLUMN.search(unit.strip()) is not None


def _row(unit: str, header: Sequence[str]) -> str:
    """A table row as `Header: cell; Header: cell.`; empty for a rule or an empty row."""
    found = _cells(unit)
    if not any(any(map(str.isalnum, cell)) for cell in found):
        return ""
    # A single cell is a remark that goes through all columns.
    is_named = list(header) != found and sum(map(bool, found)) > 1
    row = joined_cells(header if is_named else (), found)
    return row if _END.search(row) else f"{row}."


def _cells(row: str) -> list[str]:
    if "|" in row or "\t" in row:
        return cells(row)
    return [" ".join(part.split()) for part in re.split(r" {3,}", row.strip())]
