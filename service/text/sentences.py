"""Where the sentences of a text lie, with offsets.

Light and without a model: paragraphs, list items, headings and table rows are found by line, then each is
cut at sentence ends. Every line of a table and of a code fence is one unit. Abbreviations, initials,
decimals, ordinals and list numbers do not end a sentence. The rules hold for languages that write a space
after a full stop and for those with their own full stops (Chinese, Japanese, Hindi, Arabic, Urdu).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.text.languages import MONTHS, MONTHS_SHORT
from service.text.layout import LIST_MARK, is_row

Span = tuple[int, int]

_LINE = re.compile(r"[^\n]*(?:\n|\Z)")
_HEADING = re.compile(r"[ \t]*#{1,6}[ \t]")
_FENCE = re.compile(r"[ \t]*(?:```|~~~)")
_END = re.compile(
    r"""(?<![.!?…])(?P<stop>[.!?…]++|[؟۔।॥])["'”’»)\]*_]*+(?:\[\d{1,3}\])*(?=\s|$)|[。！？｡]+[」』”’）]*"""
)
_WORD_BEFORE = re.compile(r"[^\s\"'“”‘’«»()\[\]]+\Z")
_ACRONYM = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]\Z")
_NEXT_WORD = re.compile(r"[\s\"'“‘«(\[*_¿¡]*([\w'’]+)")

_NUMBER_OR_IDENTIFIER = re.compile(r"[\s\"'“‘(\[#]*(?:[A-Z]{1,6}[-/_.]?)?(?:[A-Z]{1,6}[-/_])*\d")
"""`7` and `TR-2024-17`, but no word that happens to hold a digit somewhere."""

_WRAPPED_LINE = 45
"""A line at least this long was probably wrapped: its sentence goes on in the next one."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Never the end of a sentence: a name or a word always follows.
_TITLES = _set(
    "mr mrs ms dr prof st gen col sgt capt lt rev hon pres gov sen rep fr hr m mme mlle me sr sra srta dra "
    "dña vs e.g i.e cf viz approx bzw ca z.b d.h u.a sog vgl bzgl ggf inkl exkl max min bijv d.w.z p.ex p.ej "
    "ee av ing dipl dott sig"
)
# Not the end when a number or an identifier follows.
_BEFORE_NUMBER = _set(
    "no nos nr núm num n° fig figs abb sec sect § art arts abs p pp pg pág s vol ch cap kap eq ex app tab "
    "ver v rev ref tel par para"
)
# Often the end: it depends on the word that follows.
_PERHAPS = _set("etc inc ltd co corp llc plc gmbh bros jr sr dept est sept al usw ff").union(
    set(MONTHS_SHORT) - {"may"}
)
_STARTERS = _set(
    "the a an this that these those it its he she they we you i his her their our your in on at for from "
    "with by when if as after before while however but and or so there here all each both no not to "
    "what who how "
    "der die das ein eine es er sie wir im in am bei für und aber wenn le la les un une il elle ce cette "
    "en dans pour el los las una ello esta este para si pero"
)
_AFTER_ORDINAL = _set("jänner jahrhundert etage stock quartal").union(MONTHS["de"], MONTHS["nl"])


def spans(text: str) -> list[Span]:
    """The sentences of `text` as half-open spans, in order, without surrounding white space.

    Together they hold every character that is not white space. A table row, a heading, a line of a code fence
    is one span; a list item's marker belongs to its first sentence.
    """
    return [span for start, end in _blocks(text) for span in _cut(text, start, end)]


def _blocks(text: str) -> Iterator[Span]:
    """Runs of lines that one sentence may go through."""
    start: int | None = None
    fenced, before = False, ""
    for match in _LINE.finditer(text):
        line = match.group()
        fence = _FENCE.match(line) is not None
        if start is not None and (fence or fenced or _begins_block(before, line)):
            yield start, match.start()
            start = None
        fenced ^= fence
        if start is None and line.strip():
            start = match.start()
        before = line
    if start is not None:
        yield start, len(text)


def _begins_block(before: str, line: str) -> bool:
    """Whether `line` cannot continue the sentence of the line before it."""
    if not line.strip() or LIST_MARK.match(line) or _stands_alone(line) or _stands_alone(before):
        return True
    return len(before.rstrip()) < _WRAPPED_LINE and not line.lstrip()[0].islower()


def _stands_alone(line: str) -> bool:
    """Whether the line is a heading, a table row or a code fence: one span whatever it holds."""
    stripped = line.strip()
    return is_row(stripped) or _HEADING.match(line) is not None or _FENCE.match(line) is not None


def _cut(text: str, start: int, end: int) -> Iterator[Span]:
    """The sentences of one block."""
    marker = LIST_MARK.match(text, start, end)
    begin = start
    if not _stands_alone(text[start:end]):
        for match in _END.finditer(text, marker.end() if marker else start, end):
            if _ends_sentence(text, match, end):
                yield from _trimmed(text, begin, match.end())
                begin = match.end()
    yield from _trimmed(text, begin, end)


def _trimmed(text: str, start: int, end: int) -> Iterator[Span]:
    part = text[start:end]
    if stripped := part.strip():
        start += len(part) - len(part.lstrip())
        yield start, start + len(stripped)


def _ends_sentence(text: str, match: re.Match[str], end: int) -> bool:
    stop = match["stop"]
    if stop is None or not stop.isascii():
        return stop != "…" or not _continues(text, match.end(), end)
    if _continues(text, match.end(), end):
        return False
    return not stop.endswith(".") or len(stop) > 1 or not _is_abbreviation(text, match.start(), match.end())


def _continues(text: str, position: int, end: int) -> bool:
    """Whether what follows cannot begin a sentence: it starts in lower case."""
    following = _NEXT_WORD.match(text, position, end)
    return following is not None and following[1][0].islower()


def _is_abbreviation(text: str, stop: int, after: int) -> bool:
    """Whether the full stop at `stop` belongs to the word before it."""
    found = _WORD_BEFORE.search(text, max(0, stop - 24), stop)
    if found is None:
        return False
    word, lower = found.group(), found.group().lower()
    following = _NEXT_WORD.match(text, after)
    next_word = following[1] if following else ""
    if lower in _BEFORE_NUMBER and _NUMBER_OR_IDENTIFIER.match(text, after):
        return True
    if word.isdigit():
        return len(word) <= 2 and next_word.lower() in _AFTER_ORDINAL
    if lower in _TITLES:
        return True
    return (lower in _PERHAPS or _ACRONYM.match(word) is not None) and next_word.lower() not in _STARTERS
