"""Cite: every sentence checked against the passage that it names, and mapped to the exact span.

A model's text comes in as it is written; sentences go out as soon as they are complete and checked. A
sentence without a marker, with an unknown number, or that its passage does not support is dropped and
counted. Marks that come out of a document (`[1]`, role tokens, fences) are disarmed before a model reads
them, so they are never citations. What is quoted names its place itself, and is shown as it stands there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise

from service.cite import links
from service.cite.support import Encode, support
from service.cite.units import Evidence, Unit, read
from service.settings import CiteSettings
from service.text import words
from service.text.markers import MARKER, MARKERS, declines, numbers
from service.text.names import folded
from service.text.sentences import spans
from service.types import Citation, Context, Draft, Hit, Passage, Quotation, Sentence

_STOP = r"(?P<stop>[.!?。！？…]+[\"'”’»)*_]*)"
_AFTER_STOP = re.compile(_STOP + "(?P<markers>" + MARKERS.pattern.replace(r"(?<!\s)", "") + ")")
_ENDS_FOR_SURE = re.compile(MARKERS.pattern + r"(?:[.!?。！？…]+[\"'”’»)*_]*(?=\s)|[ \t]*(?=\n))")
"""A marker with its full stop, or at the end of a line, ends a sentence whatever follows."""
_Place = tuple[Passage, int, int]
"""A stretch of a passage: the offsets of its text."""
_OPEN_END = re.compile(r"[\[【][^\]】\n]{0,80}\Z|\s\Z")


@dataclass(frozen=True, slots=True)
class CheckedSentence:
    """A sentence that holds, with the citations that it is the first to use."""

    sentence: Sentence
    new_citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A sentence that was dropped, and why: `no_marker`, `unknown_passage` or `unsupported`."""

    text: str
    reason: str
    support: float = 0.0
    missing: tuple[str, ...] = ()


class Checker:
    """Checks one answer while it is written: `feed` the text, then `finish`."""

    def __init__(self, context: Context, settings: CiteSettings, encode: Encode | None) -> None:
        """`encode` is called where words alone leave doubt, once for each text."""
        self._context = context
        self._settings = settings
        self._encode = cache(encode) if encode else None
        self._buffer = ""
        self._numbers: dict[tuple[str, int, int, int], int] = {}
        self._citations: list[Citation] = []
        self._rejected: list[Rejected] = []
        self._declined = False

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
    def declined(self) -> bool:
        """Whether the generator said that it does not know."""
        return self._declined

    @cached_property
    def _evidence(self) -> dict[int, Evidence]:
        """The passages, read once and only where there is a sentence to check."""
        return {passage.n: read(passage) for passage in self._context.passages}

    @cached_property
    def _weights(self) -> dict[str, float]:
        return words.weights(unit.terms for evidence in self._evidence.values() for unit in evidence.units)

    def take(self, draft: Draft) -> list[CheckedSentence]:
        """Takes the next piece of a generator's output, whichever it is."""
        return self.quote(draft.quotation) if draft.quotation is not None else self.feed(draft.text)

    def quote(self, quotation: Quotation) -> list[CheckedSentence]:
        """Takes a sentence that stands in a passage: it is shown as it is, and cited where it stands.

        Its words must be there, or (those that name a row's columns) elsewhere in the passage.
        """
        passage = self._context.passage(quotation.n)
        if passage is None:
            self._rejected.append(Rejected(quotation.text, "unknown_passage"))
            return []
        said, known = (
            set(folded(text).split()) for text in (quotation.text, f"{passage.header}\n{passage.text}")
        )
        if not said <= known:
            self._rejected.append(Rejected(quotation.text, "unsupported", 0.0, tuple(sorted(said - known))))
            return []
        return [self._accept(quotation.text, 1.0, [(passage, quotation.start, quotation.end)])]

    def feed(self, delta: str) -> list[CheckedSentence]:
        """Takes the next piece of text; the sentences that it completed and that hold."""
        self._buffer += delta
        complete, self._buffer = _split_off_open_end(self._buffer)
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
        cited = [self._evidence[n] for n in named if n in self._evidence]
        if not cited:
            self._drop_without_evidence(bare, named)
            return None
        text = links.keep_known(bare, lambda url: any(_holds(evidence, url) for evidence in cited))
        found = support(_plain(text), cited, self._weights, self._encode)
        if found.score < self._settings.min_support or not found.units:
            self._rejected.append(Rejected(text, "unsupported", found.score, found.missing))
            return None
        return self._accept(text, found.score, _quotes(found.units))

    def _drop_without_evidence(self, bare: str, named: Sequence[int]) -> None:
        if not named and declines(bare):
            self._declined = True
        else:
            self._rejected.append(Rejected(bare, "unknown_passage" if named else "no_marker"))

    def _accept(self, text: str, score: float, places: Iterable[_Place]) -> CheckedSentence:
        before = len(self._citations)
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


def sentences_of(text: str) -> list[str]:
    """The sentences of generated text, each with the markers that stand before or after its full stop."""
    inside = _AFTER_STOP.sub(_pull_inside, text)
    return [inside[start:end] for start, end in _spans(inside)]


def _spans(inside: str) -> list[tuple[int, int]]:
    """The spans of sentences whose markers were pulled inside."""
    ends = [*(match.end() for match in _ENDS_FOR_SURE.finditer(inside)), len(inside)]
    return [
        (begin + start, begin + end)
        for begin, stop in pairwise([0, *ends])
        for start, end in spans(inside[begin:stop])
    ]


def _pull_inside(match: re.Match[str]) -> str:
    """`end. [1]` as `end [1].`, so that the marker stays with its sentence."""
    return f"{match['markers'].rstrip()}{match['stop']} "


def _split_off_open_end(buffer: str) -> tuple[list[str], str]:
    """The sentences that nothing to come can change, and the rest."""
    opened = _OPEN_END.search(buffer)
    settled = buffer[: opened.start()].rstrip() if opened else buffer
    inside = _AFTER_STOP.sub(_pull_inside, settled)
    found = _spans(inside)
    rest = inside[found[-1][0] :] if found else ""
    return [inside[start:end] for start, end in found[:-1]], rest + buffer[len(settled) :]


def _quotes(units: Sequence[Unit]) -> list[_Place]:
    """The spans of the units in their passages; neighbours become one."""
    found: list[_Place] = []
    for unit in units:
        if (
            found
            and found[-1][0] is unit.passage
            and not unit.passage.text[found[-1][2] : unit.start].strip()
        ):
            found[-1] = (unit.passage, found[-1][1], unit.end)
        else:
            found.append((unit.passage, unit.start, unit.end))
    return found


def _citation(n: int, passage: Passage, start: int, end: int, score: float) -> Citation:
    chunk = _nearest(passage, passage.start + start, passage.start + end).chunk
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


def _nearest(passage: Passage, start: int, end: int) -> Hit:
    """The hit whose chunk shares most with the span, or lies closest to it."""
    return max(passage.hits, key=lambda hit: min(end, hit.chunk.end) - max(start, hit.chunk.start))


def _holds(evidence: Evidence, url: str) -> bool:
    """Whether the passage holds the address itself, not only a longer one of which it is a part."""
    before = r"(?<![\w.+@/-])" if url[0].isalnum() else r"(?<![\w/])"
    after = r"(?![\w/?#&=%@+~$-]|[.,:;!]\w)"
    return re.search(f"{before}{re.escape(url)}{after}", evidence.passage.text) is not None


def _plain(text: str) -> str:
    """The sentence without list markers and emphasis, which are form and not claim."""
    return re.sub(r"^\s*(?:[-*+•]|\d{1,3}[.)]|#{1,6})\s+|\*\*|__|`", "", text)
