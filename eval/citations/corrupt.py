"""One fact of a sentence made another: number, unit, date, name, negation.

Each function gives the false sentence, or None where the sentence has no such fact.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from eval.citations import written
from eval.citations.cases import Case
from eval.citations.written import MONTHS, replaced

_FAMILIES = (
    ("mg", "g", "kg", "tonnes"), ("mm", "cm", "km", "miles"), ("meters", "feet", "kilometers", "inches"),
    ("seconds", "minutes", "hours", "days", "weeks", "months", "years"),
    ("second", "minute", "hour", "day", "week", "month", "year"), ("ms", "seconds", "minutes"),
    ("million", "billion", "thousand", "trillion"), ("KB", "MB", "GB", "TB"), ("kW", "MW", "W"),
    ("bar", "psi", "kPa"), ("°C", "°F"), ("litres", "gallons", "ml"), ("Hz", "kHz", "MHz", "GHz"),
    ("mm/s", "m/s"), ("V", "kV", "A"),
)  # fmt: skip
_UNIT = re.compile(
    r"(?<=\d)(?P<gap>[ -]?)(?P<unit>%|"
    + "|".join(sorted({re.escape(unit) for family in _FAMILIES for unit in family}, key=len, reverse=True))
    + r")(?![\w/])"
)
_CURRENCY = re.compile(r"(?P<sign>[$€£])(?=\s?\d)|\b(?P<code>EUR|USD|GBP)\b")
_AUXILIARY = re.compile(
    r"\b(?:is|are|was|were|can|must|should|will|would|could|has been|have been|had been|does|did)\b"
    r"(?! not\b)"
)
_NEGATION = re.compile(r"(?<=\w)(?P<gone> (?:not|never)\b)(?! only)|(?<=\bcan)not\b|(?<=\w)n['’]t\b")


def number(case: Case, text: str, draw: random.Random) -> str | None:
    """Another number: a digit changed, or one that the passage says elsewhere."""
    found = written.numbers(text)
    if not found:
        return None
    span = draw.choice(found)
    old = text[slice(*span)]
    elsewhere = {case.passage.text[slice(*other)] for other in written.numbers(case.passage.text)}
    said = {text[slice(*other)] for other in found}
    known = sorted(other for other in elsewhere - said if float(_bare(other)) != float(_bare(old)))
    new = draw.choice(known) if known and draw.random() < 0.5 else _other_digits(old, draw)
    return replaced(text, span, new)


def unit(_case: Case, text: str, draw: random.Random) -> str | None:
    """Another unit of the same kind behind the same number, or another currency."""
    found = [(match.span(), match["unit"]) for match in _UNIT.finditer(text)]
    found += [(match.span(), match.group()) for match in _CURRENCY.finditer(text)]
    if not found:
        return None
    span, old = draw.choice(found)
    gap = text[span[0] : span[1]].removesuffix(old)
    return replaced(text, span, (gap or " " * (old == "%")) + draw.choice(_units_beside(old)))


def date(_case: Case, text: str, draw: random.Random) -> str | None:
    """Another day, month or year."""
    found = written.dates(text)
    if not found:
        return None
    span = draw.choice(found)
    old = text[slice(*span)]
    month = next((name for name in MONTHS if name in old), None)
    if month is not None and draw.random() < 0.5:
        return replaced(text, span, old.replace(month, draw.choice([m for m in MONTHS if m != month])))
    part = draw.choice(list(re.finditer(r"\d+", old)))
    top = 28 if len(part.group()) <= 2 else 9_999
    value = int(part.group())
    new = draw.choice([v for v in _near_year(value) if v != value] if top > 28 else _days(value))
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", old) and part.start() == 5:
        new = value % 12 + 1
    return replaced(text, span, replaced(old, part.span(), f"{new:0{len(part.group())}d}"))


def name_from_elsewhere(case: Case, text: str, draw: random.Random, foreign: Sequence[str]) -> str | None:
    """A name that the cited passage does not hold; `foreign` are names of other documents."""
    known = " ".join((case.passage.text, case.passage.document.title, *case.passage.heading_path))
    return _renamed(text, [name for name in foreign if name not in known], draw)


def name_from_the_passage(case: Case, text: str, draw: random.Random) -> str | None:
    """A name that another sentence of the cited passage holds."""
    said = {case.passage.text[slice(*span)] for span in written.names(case.passage.text)}
    return _renamed(text, sorted(name for name in said if name not in text and "\n" not in name), draw)


def negation_added(_case: Case, text: str, draw: random.Random) -> str | None:
    """`not` behind an auxiliary verb."""
    found = list(_AUXILIARY.finditer(text))
    if (
        not found
        or "|" in text
        or _NEGATION.search(text)
        or re.search(r"\b(?:no|nor|neither|without|either)\b", text)
    ):
        return None
    end = draw.choice(found[:2]).end()
    return f"{text[:end]} not{text[end:]}"


def negation_removed(_case: Case, text: str, draw: random.Random) -> str | None:
    """One `not`, `never` or `n't` left out."""
    found = list(_NEGATION.finditer(text))
    return replaced(text, draw.choice(found).span(), "") if found else None


def _renamed(text: str, others: Sequence[str], draw: random.Random) -> str | None:
    spans = written.names(text)
    if not spans or not others:
        return None
    span = draw.choice(spans)
    fit = [name for name in others if not written.alike(name, text[slice(*span)])]
    return replaced(text, span, draw.choice(fit)) if fit else None


def _units_beside(old: str) -> list[str]:
    if old == "%":
        return ["million", "days", "kg"]
    for family in (("$", "€", "£"), ("EUR", "USD", "GBP"), *_FAMILIES):
        if old in family:
            return [other for other in family if other != old]
    raise ValueError(old)


def _other_digits(old: str, draw: random.Random) -> str:
    """The number with one digit changed, in the same notation."""
    places = [place for place, mark in enumerate(old) if mark.isdigit()]
    place = draw.choice(places)
    lowest = 1 if place == 0 else 0
    digit = draw.choice([d for d in range(lowest, 10) if str(d) != old[place]])
    return replaced(old, (place, place + 1), str(digit))


def _near_year(value: int) -> list[int]:
    return list(range(value - 12, value + 13))


def _days(value: int) -> list[int]:
    return [day for day in range(1, 29) if day != value]


def _bare(written_number: str) -> str:
    return written_number.replace(",", "")
