"""One answer being checked, sentence by sentence, and its citations numbered."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from service.cite import links
from service.cite.marked import sentences_of, split_off_open_end
from service.cite.read_passage import ReadPassage, SourceSentence, read
from service.cite.support import Meaning, support
from service.settings import CiteSettings
from service.text import words
from service.text.layout import without_list_mark
from service.text.markers import MARKER, MARKERS, declines, numbers
from service.text.names import folded
from service.types import Citation, Context, Draft, Passage, Quotation, Rejected, Sentence

_SHORT = 1000
"""Characters that are looked through for the end of a sentence in no time."""

_Place = tuple[Passage, int, int]
"""A stretch of a passage: the offsets of its text."""


@dataclass(frozen=True, slots=True)
class CheckedSentence:
    """A sentence that holds, with the citations that it is the first to use."""

    sentence: Sentence
    new_citations: tuple[Citation, ...]


class Checker:
    """Checks one answer while it is written: `feed` the text, then `finish`."""

    def __init__(self, context: Context, settings: CiteSettings, by: Meaning | None) -> None:
        """`by` encodes where words alone leave doubt, each text once."""
        self._context = context
        self._settings = settings
        self._by = dataclasses.replace(by, encode=cache(by.encode)) if by else None
        self._buffer = ""
        self._passages: dict[int, ReadPassage] = {}
        self._rarity: dict[str, float] = {}
        self._numbers: dict[tuple[str, int, int, int], int] = {}
        self._citations: list[Citation] = []
        self._rejected: list[Rejected] = []
        self._declined = False
        self._dropped_before = 0

    @property
    def citations(self) -> tuple[Citation, ...]:
        """All citations so far, numbered from 1 in order of first use."""
        return tuple(self._citations)

    @property
    def rejected(self) -> tuple[Rejected, ...]:
        """The sentences that were dropped."""
        return tuple(self._rejected)

    @property
    def dropped(self) -> int:
        """How many sentences were dropped."""
        return len(self._rejected)

    @property
    def dropped_in_a_row(self) -> int:
        """How many sentences were dropped since the last one that held."""
        return len(self._rejected) - self._dropped_before

    @property
    def declined(self) -> bool:
        """Whether the generator said that it does not know."""
        return self._declined

    def _read(self, passage: Passage) -> ReadPassage:
        """The passage, read once and only where a sentence is checked against it."""
        if passage.n not in self._passages:
            self._passages[passage.n] = read(passage)
        return self._passages[passage.n]

    def _weights(self) -> dict[str, float]:
        if not self._rarity:
            passages = map(self._read, self._context.passages)
            self._rarity = words.weights(one.terms for passage in passages for one in passage.sentences)
        return self._rarity

    def take(self, draft: Draft) -> list[CheckedSentence]:
        """Takes the next piece of a generator's output, whichever it is."""
        return self.quote(draft.quotation) if draft.quotation is not None else self.feed(draft.text)

    def hold(self, draft: Draft) -> bool:
        """Takes a piece that completes no sentence, as most of a language model's do, and says so.

        That needs no thread; what takes time is left to `take`.
        """
        buffer = self._buffer + draft.text
        if draft.quotation is not None or len(buffer) > _SHORT:
            return False
        complete, rest = split_off_open_end(buffer)
        if not complete:
            self._buffer = rest
        return not complete

    def quote(self, quotation: Quotation) -> list[CheckedSentence]:
        """Takes a sentence that stands in a passage: it is shown as it is, and cited where it stands.

        Its words must be there, or (those that name a row's columns) elsewhere in the passage, or in the
        headings above it, which its citation names.
        """
        passage = self._context.passage(quotation.n)
        if passage is None:
            self._rejected.append(Rejected(quotation.text, "unknown_passage", named=(quotation.n,)))
            return []
        headings = "\n".join(passage.nearest(quotation.start, quotation.end).chunk.heading_path)
        around = f"{headings}\n{passage.header}\n{passage.text}"
        said, known = (set(folded(text).split()) for text in (quotation.text, around))
        if not said <= known:
            missing = tuple(sorted(said - known))
            self._rejected.append(Rejected(quotation.text, "unsupported", 0.0, missing, (quotation.n,)))
            return []
        return [self._accept(quotation.text, 1.0, [(passage, quotation.start, quotation.end)])]

    def feed(self, delta: str) -> list[CheckedSentence]:
        """Takes the next piece of text; the sentences that it completed and that hold."""
        self._buffer += delta
        complete, self._buffer = split_off_open_end(self._buffer)
        return self._check_all(complete)

    def finish(self) -> list[CheckedSentence]:
        """Takes the rest as complete."""
        rest, self._buffer = self._buffer, ""
        return self._check_all(sentences_of(rest))

    def _check_all(self, sentences: Iterable[str]) -> list[CheckedSentence]:
        checked = map(self._check, sentences)
        return [sentence for sentence in checked if sentence is not None]

    def _check(self, marked: str) -> CheckedSentence | None:
        """One complete sentence with its markers; None when it is dropped or says nothing."""
        bare = MARKERS.sub("", marked).strip()
        if not any(map(str.isalnum, bare)):
            return None
        named = list(dict.fromkeys(n for match in MARKER.finditer(marked) for n in numbers(match)))
        cited = [self._read(one) for one in map(self._context.passage, named) if one is not None]
        if not cited:
            self._drop_without_passage(bare, named)
            return None
        text = links.keep_known(bare, lambda url: any(_holds(one.passage, url) for one in cited))
        found = support(_plain(text), cited, self._weights, self._by)
        if found.score < self._settings.min_support or not found.sentences:
            rejected = Rejected(text, "unsupported", found.score, tuple(found.missing), tuple(named))
            self._rejected.append(rejected)
            return None
        return self._accept(text, found.score, _quotes(found.sentences))

    def _drop_without_passage(self, bare: str, named: Sequence[int]) -> None:
        if not named and declines(bare):
            self._declined = True
        else:
            reason: Literal["unknown_passage", "no_marker"] = "unknown_passage" if named else "no_marker"
            self._rejected.append(Rejected(bare, reason, named=tuple(named)))

    def _accept(self, text: str, score: float, places: Iterable[_Place]) -> CheckedSentence:
        before, self._dropped_before = len(self._citations), len(self._rejected)
        used = [self._number(passage, start, end, score) for passage, start, end in places]
        sentence = Sentence(text=text, citations=tuple(dict.fromkeys(used)), support=score)
        return CheckedSentence(sentence, tuple(self._citations[before:]))

    def _number(self, passage: Passage, start: int, end: int, score: float) -> int:
        """The citation number of a span of a passage; a span that was cited before keeps its number."""
        key = (passage.document.id, passage.document.version, passage.start + start, passage.start + end)
        if key not in self._numbers:
            self._numbers[key] = len(self._citations) + 1
            self._citations.append(_citation(self._numbers[key], passage, start, end, score))
        return self._numbers[key]


def _quotes(sentences: Sequence[SourceSentence]) -> list[_Place]:
    """The spans of the sentences in their passages; neighbours become one."""
    found: list[_Place] = []
    for one in sentences:
        if found and found[-1][0] is one.passage and not one.passage.text[found[-1][2] : one.start].strip():
            found[-1] = (one.passage, found[-1][1], one.end)
        else:
            found.append((one.passage, one.start, one.end))
    return found


def _citation(n: int, passage: Passage, start: int, end: int, score: float) -> Citation:
    chunk = passage.nearest(start, end).chunk
    return Citation(
        n=n,
        document=passage.document,
        chunk_id=chunk.id,
        heading_path=chunk.heading_path,
        page=chunk.page,
        start=passage.start + start,
        end=passage.start + end,
        quote=passage.text[start:end],
        score=score,
        poor=chunk.poor,
    )


def _holds(passage: Passage, url: str) -> bool:
    """Whether the passage holds the address itself, not only a longer one of which it is a part."""
    before = r"(?<![\w.+@/-])" if url[0].isalnum() else r"(?<![\w/])"
    after = r"(?![\w/?#&=%@+~$-]|[.,:;!]\w)"
    return re.search(f"{before}{re.escape(url)}{after}", passage.text) is not None


def _plain(text: str) -> str:
    """The sentence without list marks and emphasis, which are form and not claim."""
    return re.sub(r"^\s*#{1,6}\s+|\*\*|__|`", "", without_list_mark(text))
