"""Context: the numbered passages that the generator reads.

A chunk is small, so that it can be found; around it the generator reads the section, as far as the budget
goes. Overlapping windows become one passage, near-duplicates go (unless they differ in a fact: two policies
that disagree are a conflict that the reader must see), and the best passages stand first and last, where
models read best (Liu et al. 2023, "Lost in the Middle").
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from service.settings import ContextSettings
from service.text import quantities
from service.text.sentences import spans
from service.text.words import negations, written
from service.types import Context, Hit, LeftOut, Passage

Window = tuple[int, str]
"""Text around a hit with the offset of its first character in the document version."""
CountTokens = Callable[[str], int]
CutSentences = Callable[[str], list[tuple[int, int]]]

_SHINGLE = 3


@dataclass(frozen=True, slots=True)
class _Span:
    """A stretch of one document version, with the text that holds it and the tokens that it takes."""

    hits: tuple[Hit, ...]
    start: int
    end: int
    window: Window
    tokens: int

    @property
    def text(self) -> str:
        offset, text = self.window
        return text[self.start - offset : self.end - offset]


def build(
    hits: Sequence[Hit], windows: Mapping[str, Window], settings: ContextSettings, count_tokens: CountTokens
) -> Context:
    """The passages for `hits` (best first), numbered from 1 in the order in which they are given.

    `windows` maps a chunk id to the text around it; a hit without one, or whose window does not hold it, is
    read as the chunk alone. `Context.left_out` names the hits that no passage holds.
    """
    # Neighbouring hits have the same windows and grow over the same sentences.
    count_tokens, sentences = cache(count_tokens), cache(spans)
    merged: list[_Span] = []
    limit = settings.max_passage_tokens
    for hit in hits:
        new = _expand(hit, windows.get(hit.chunk.id), limit, count_tokens, sentences)
        _merge(merged, new, limit, count_tokens)
    different = _without_duplicates(merged, settings.near_duplicate)
    kept, tokens_used = _within_budget(different, settings, count_tokens)
    passages = tuple(_passage(number, span) for number, span in enumerate(_best_at_the_ends(kept), 1))
    return Context(passages, tokens_used, _left_out(hits, different, kept))


def _left_out(hits: Sequence[Hit], different: Sequence[_Span], kept: Sequence[_Span]) -> tuple[LeftOut, ...]:
    """The hits that are in none of the spans that were kept; `different` were those before the budget."""
    unrepeated, read = ({hit.chunk.id for span in spans for hit in span.hits} for spans in (different, kept))
    return tuple(
        LeftOut(hit.chunk.id, "budget" if hit.chunk.id in unrepeated else "duplicate")
        for hit in hits
        if hit.chunk.id not in read
    )


def _expand(
    hit: Hit, window: Window | None, limit: int, count_tokens: CountTokens, sentences: CutSentences
) -> _Span:
    """The hit with whole sentences around it, taken in turn after and before, up to `limit` tokens."""
    chunk, tokens = hit.chunk, count_tokens(hit.chunk.text)
    alone = _Span((hit,), chunk.start, chunk.end, (chunk.start, chunk.text), tokens)
    if window is None or not _holds(window, hit):
        return alone
    units = _units(window, hit, sentences)
    return _grown(replace(alone, window=window), units, limit, _Costs(window, count_tokens))


def _units(window: Window, hit: Hit, sentences: CutSentences) -> list[tuple[int, int]]:
    """The sentences of the hit's section that lie whole in the window, in the document's offsets."""
    offset, text = window
    section_start, section_end = hit.chunk.section
    units = [(offset + start, offset + end) for start, end in sentences(text)]
    if offset > section_start:
        units = units[1:]
    if offset + len(text) < section_end:
        units = units[:-1]
    return [unit for unit in units if section_start <= unit[0] and unit[1] <= section_end]


@dataclass(frozen=True, slots=True)
class _Costs:
    """What it costs to read a stretch of a window, in tokens."""

    window: Window
    count_tokens: CountTokens

    def __call__(self, start: int, end: int) -> int:
        offset, text = self.window
        return self.count_tokens(text[start - offset : end - offset])


def _grown(span: _Span, units: Sequence[tuple[int, int]], limit: int, cost: _Costs) -> _Span:
    """The span with its ends moved outwards over whole units while they fit into `limit` tokens."""
    start, end, tokens = span.start, span.end, span.tokens
    after = bisect_left(units, end, key=lambda unit: unit[0])
    before = bisect_right(units, start, key=lambda unit: unit[1]) - 1
    forward, backward = True, True
    while forward or backward:
        forward = forward and after < len(units) and tokens + (more := cost(end, units[after][1])) <= limit
        if forward:
            tokens, end, after = tokens + more, units[after][1], after + 1
        backward = backward and before >= 0 and tokens + (more := cost(units[before][0], start)) <= limit
        if backward:
            tokens, start, before = tokens + more, units[before][0], before - 1
    return replace(span, start=start, end=end, tokens=tokens)


def _holds(window: Window, hit: Hit) -> bool:
    """Whether the window's text is the chunk's where the chunk lies."""
    offset, text = window
    return text[max(0, hit.chunk.start - offset) : hit.chunk.end - offset] == hit.chunk.text


def _merge(merged: list[_Span], new: _Span, limit: int, count_tokens: CountTokens) -> None:
    """Adds `new`, joined with a span that it touches in the same document version if `limit` allows."""
    for index, old in enumerate(merged):
        if not _same_version(old.hits[0], new.hits[0]) or new.start > old.end or old.start > new.end:
            continue
        if _lies_within(new.hits[0], old):
            merged[index] = replace(old, hits=(*old.hits, *new.hits))
            return
        joined = _joined(old, new, count_tokens)
        if joined.tokens <= limit:
            merged[index] = joined
            return
        new = _clipped(new, old, count_tokens)
    merged.append(new)


def _lies_within(hit: Hit, span: _Span) -> bool:
    return span.start <= hit.chunk.start and hit.chunk.end <= span.end


def _clipped(new: _Span, old: _Span, count_tokens: CountTokens) -> _Span:
    """`new` without what `old` holds already, but never without its own chunk."""
    chunk = new.hits[0].chunk
    start, end = new.start, new.end
    if chunk.start >= old.end:
        start = max(start, old.end)
    elif chunk.end <= old.start:
        end = min(end, old.start)
    return _counted(new.hits, start, end, new.window, count_tokens)


def _joined(one: _Span, other: _Span, count_tokens: CountTokens) -> _Span:
    """One span for two that touch."""
    first, second = sorted((one, other), key=lambda span: (span.start, span.end))
    rest = second.text[first.end - second.start :]
    start, end = first.start, max(first.end, second.end)
    return _counted((*one.hits, *other.hits), start, end, (start, first.text + rest), count_tokens)


def _counted(hits: tuple[Hit, ...], start: int, end: int, window: Window, count_tokens: CountTokens) -> _Span:
    span = _Span(hits, start, end, window, 0)
    return replace(span, tokens=count_tokens(span.text))


def _same_version(one: Hit, other: Hit) -> bool:
    return (one.document.id, one.document.version) == (other.document.id, other.document.version)


def _without_duplicates(found: Sequence[_Span], threshold: float) -> list[_Span]:
    """The spans less those that repeat a better one word for word, or nearly."""
    kept: list[tuple[_Span, frozenset[tuple[str, ...]]]] = []
    for span in found:
        shingles = _shingles(span.text)
        alike = (other for other, known in kept if _jaccard(shingles, known) >= threshold)
        if all(_disagree(span, other) for other in alike):
            kept.append((span, shingles))
    return [span for span, _ in kept]


def _disagree(one: _Span, other: _Span) -> bool:
    """Whether two like texts state different numbers, dates or codes, or one denies what the other says."""
    return quantities.differ(_exact_values(one), _exact_values(other)) or negations(one.text) != negations(
        other.text
    )


def _exact_values(span: _Span) -> quantities.ExactValues:
    best = span.hits[0]
    language = best.chunk.language
    headings = "\n".join((best.document.title, *best.chunk.heading_path, best.chunk.header))
    return quantities.exact_values(span.text, language) | quantities.exact_values(headings, language)


def _shingles(text: str) -> frozenset[tuple[str, ...]]:
    words = [word.casefold() for word in written(text)]
    return frozenset(zip(*(words[at:] for at in range(_SHINGLE)), strict=False)) or frozenset([tuple(words)])


def _jaccard(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> float:
    return len(one & other) / len(one | other)


def _within_budget(
    found: Sequence[_Span], settings: ContextSettings, count_tokens: CountTokens
) -> tuple[list[_Span], int]:
    """The best spans that fit; one that does not fit whole is read as its best chunk alone."""
    kept: list[_Span] = []
    used = 0
    for span in found:
        if len(kept) == settings.max_passages:
            break
        if used + span.tokens > settings.max_tokens:
            span = _core(span, count_tokens)
        if used + span.tokens <= settings.max_tokens:
            kept.append(span)
            used += span.tokens
    return kept, used


def _core(span: _Span, count_tokens: CountTokens) -> _Span:
    """The span's best chunk alone."""
    best = span.hits[0].chunk
    return _counted(span.hits[:1], best.start, best.end, span.window, count_tokens)


def _best_at_the_ends(found: Sequence[_Span]) -> list[_Span]:
    """Best first, second best last, the weakest in the middle."""
    return [*found[::2], *reversed(found[1::2])]


def _passage(number: int, span: _Span) -> Passage:
    best = span.hits[0]
    chunk = best.chunk
    return Passage(
        n=number,
        document=best.document,
        text=span.text,
        start=span.start,
        end=span.end,
        heading_path=chunk.heading_path,
        header=chunk.header,
        hits=span.hits,
    )
