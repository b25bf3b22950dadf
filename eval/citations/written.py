"""Where the numbers, dates, units and names of a sentence stand."""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.text import languages
from service.text.words import is_identifier, is_stop_word, word_spans

MONTHS = tuple(name.title() for name in languages.MONTHS["en"])
_MONTH = "|".join(MONTHS)
DATE = re.compile(
    rf"\b(?P<iso>\d{{4}}-\d{{2}}-\d{{2}})\b|\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)? (?P<month>{_MONTH})"
    rf"(?:,? (?P<year>\d{{4}}))?\b|\b(?P<month2>{_MONTH}) (?P<day2>\d{{1,2}})(?:st|nd|rd|th)?\b(?!:)"
    rf"(?:,? (?P<year2>\d{{4}}))?\b|\b(?P<month3>{_MONTH}) (?P<year3>\d{{4}})\b"
)
YEAR = re.compile(r"(?<![\w.,$€£/-])(?:1[5-9]|20)\d{2}(?![\w,./%-]|\.\d)")
NUMBER = re.compile(r"(?<![\w.,:/#-])\d+(?:,\d{3})*(?:\.\d+)?(?![\w:/-]|[.,]\d)")
_LIST_NUMBER = re.compile(r"\s*\d+[.)]?\s")
_NO_NAMES = frozenset(MONTHS) | frozenset(
    ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "EUR", "USD", "GBP")
)

Span = tuple[int, int]


def dates(text: str) -> list[Span]:
    """The dates and years of `text`, in order."""
    found = [match.span() for match in DATE.finditer(text)]
    years = (match.span() for match in YEAR.finditer(text))
    return sorted([*found, *(year for year in years if not _inside(year, found))])


def numbers(text: str) -> list[Span]:
    """The numbers that count or measure: not those of dates, identifiers and list items."""
    taken = [*dates(text), *(token.span() for token in word_spans(text) if is_identifier(token.group()))]
    if listed := _LIST_NUMBER.match(text):
        taken.append(listed.span())
    return [match.span() for match in NUMBER.finditer(text) if not _inside(match.span(), taken)]


def names(text: str) -> list[Span]:
    """Runs of capitalised words inside a sentence; what one begins with may be any word."""
    return [
        span
        for span in _runs(text)
        if span[0] > 0 and text[slice(*span)] not in _NO_NAMES and not text[span[1] :].startswith(":")
    ]


def _runs(text: str) -> Iterator[Span]:
    start = end = -1
    for token in word_spans(text):
        word = token.group()
        is_name = (
            word[0].isupper()
            and len(word) > 2
            and not is_stop_word(word)
            and not any(map(str.isdigit, word))
            and not re.search(r"[.!?:;\n|•]\s*\Z", text[: token.start()])
        )
        if is_name and start >= 0 and text[end : token.start()] == " ":
            end = token.end()
            continue
        if start >= 0:
            yield start, end
        start, end = token.span() if is_name else (-1, -1)
    if start >= 0:
        yield start, end


def replaced(text: str, span: Span, new: str) -> str:
    """`text` with `new` in place of the span."""
    return text[: span[0]] + new + text[span[1] :]


def alike(one: str, other: str) -> bool:
    """Whether two names may mean the same: they share a word, or the beginning of one."""
    return any(
        a[:4].casefold() == b[:4].casefold()
        for a in re.findall(r"\w+", one)
        for b in re.findall(r"\w+", other)
    ) or _initials(one) == _initials(other)


def _initials(name: str) -> str:
    return name if name.isupper() else "".join(word[0] for word in name.split())


def _inside(span: Span, taken: list[Span]) -> bool:
    return any(start < span[1] and span[0] < end for start, end in taken)
