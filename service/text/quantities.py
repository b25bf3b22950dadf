"""The parts of a sentence that must agree exactly with their evidence: quantities, dates, identifiers.

A paraphrase may choose other words, but another number, unit, date or part number is another fact.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from service.text.languages import MONTHS, MONTHS_SHORT, NUMBERS
from service.text.words import canonical_number, identifiers, is_identifier, word_spans


class Quantity(NamedTuple):
    """A number in canonical form with its unit; an empty unit agrees with every unit."""

    value: str
    unit: str = ""


class Date(NamedTuple):
    """A calendar date as far as it is given; `None` where a part is not."""

    year: int | None
    month: int | None = None
    day: int | None = None


@dataclass(frozen=True, slots=True)
class ExactValues:
    """What must agree exactly; `numbers` holds every number, those inside dates too."""

    quantities: frozenset[Quantity] = frozenset()
    dates: frozenset[Date] = frozenset()
    identifiers: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()

    def __or__(self, other: ExactValues) -> ExactValues:
        """The values of two texts together."""
        return ExactValues(
            self.quantities | other.quantities,
            self.dates | other.dates,
            self.identifiers | other.identifiers,
            self.numbers | other.numbers,
        )


_SCALES = {
    "hundred": 2, "thousand": 3, "tausend": 3, "mille": 3, "mil": 3, "million": 6, "millions": 6,
    "millionen": 6, "mio": 6, "millones": 6, "billion": 9, "billions": 9, "bn": 9, "milliarden": 9,
    "mrd": 9, "milliards": 9, "trillion": 12,
}  # fmt: skip
_MONEY_SCALES = {"k": 3, "m": 6, "mn": 6, "b": 9}
_UNITS = {
    "%": "percent", "percent": "percent", "prozent": "percent", "pourcent": "percent", "$": "usd",
    "usd": "usd", "dollar": "usd", "dollars": "usd", "€": "eur", "eur": "eur", "euro": "eur",
    "euros": "eur", "£": "gbp", "gbp": "gbp", "pounds": "pound", "lb": "pound", "lbs": "pound", "kg": "kg",
    "kilogram": "kg", "kilograms": "kg", "g": "g", "gram": "g", "grams": "g", "mg": "mg", "tonnes": "t",
    "tons": "t", "km": "km", "kilometers": "km", "kilometres": "km", "m": "m", "meters": "m", "metres": "m",
    "meter": "m", "cm": "cm", "mm": "mm", "mi": "mile", "mile": "mile", "miles": "mile", "feet": "ft",
    "ft": "ft", "inches": "in", "inch": "in", "°c": "°c", "celsius": "°c", "°f": "°f", "fahrenheit": "°f",
    "v": "v", "volt": "v", "volts": "v", "amps": "amp", "w": "w", "watts": "w", "kw": "kw", "mw": "mw",
    "bar": "bar", "psi": "psi", "kpa": "kpa", "mpa": "mpa", "hz": "hz", "khz": "khz", "mhz": "mhz",
    "ghz": "ghz", "ms": "ms", "milliseconds": "ms", "s": "s", "sec": "s", "second": "s", "seconds": "s",
    "min": "min", "minute": "min", "minutes": "min", "minuten": "min", "h": "h", "hour": "h", "hours": "h",
    "stunden": "h", "day": "day", "days": "day", "tage": "day", "tagen": "day", "week": "week",
    "weeks": "week", "wochen": "week", "month": "month", "months": "month", "monate": "month",
    "monaten": "month", "year": "year", "years": "year", "jahre": "year", "jahren": "year", "kb": "kb",
    "mb": "mb", "gb": "gb", "tb": "tb", "l": "l", "litre": "l", "litres": "l", "liter": "l", "liters": "l",
    "ml": "ml", "rpm": "rpm", "nm": "nm", "kv": "kv", "ampere": "amp", "gallon": "gallon",
    "gallons": "gallon",
    "kilometer": "km", "kilometre": "km", "foot": "ft", "tonne": "t", "ton": "t",
    "sekunde": "s", "sekunden": "s", "stunde": "h", "tag": "day", "woche": "week", "monat": "month",
    "jahr": "year", "seconde": "s", "secondes": "s", "heure": "h", "heures": "h", "jour": "day",
    "jours": "day", "semaine": "week", "semaines": "week", "mois": "month", "ans": "year", "année": "year",
    "années": "year", "segundo": "s", "segundos": "s", "minuto": "min", "minutos": "min", "hora": "h",
    "horas": "h", "día": "day", "días": "day", "semana": "week", "semanas": "week", "mes": "month",
    "meses": "month", "año": "year", "años": "year", "yard": "yard", "yards": "yard",
    "decade": "decade", "decades": "decade", "century": "century", "centuries": "century",
    "character": "character", "characters": "character", "zeichen": "character", "caractères": "character",
    "caracteres": "character", "letter": "letter", "letters": "letter", "digit": "digit", "digits": "digit",
    "word": "word", "words": "word", "line": "line", "lines": "line", "page": "page", "pages": "page",
    "bit": "bit", "bits": "bit", "byte": "byte", "bytes": "byte",
}  # fmt: skip
LENGTHS = frozenset(
    (
        *("ms", "s", "min", "h", "day", "week", "month", "year", "decade", "century"),
        *("mm", "cm", "m", "km", "in", "ft", "yard", "mile"),
        *("character", "letter", "digit", "word", "line", "page", "bit", "byte"),
    )
)
"""The units of how long something takes or is, a text too."""
_AMPERE = "amp"
"""Only the capital letter: `a` is a word."""
_NUMBER_WORDS = {word: str(value) for word, value in NUMBERS.items()}
_MONTHS = {
    name: number for names in (*MONTHS.values(), MONTHS_SHORT) for number, name in enumerate(names, 1)
} | {"sept": 9}
_MONTH = rf"(?P<name>{'|'.join(sorted(_MONTHS, key=len, reverse=True))})"
_DAY = r"(?P<day>\d{1,2})"
_YEAR = r"(?P<year>1\d{3}|20\d{2})"
_DATES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b" + _YEAR + r"-(?P<month>\d{1,2})-(?P<day>\d{1,2})\b",
        r"\b(?P<day>\d{1,2})\.\s?(?P<month>\d{1,2})\.\s?" + _YEAR + r"\b",
        rf"\b{_DAY}(?:st|nd|rd|th|\.)?\s(?:of\s|de\s)?{_MONTH}\b\.?,?(?:\s(?:de\s)?{_YEAR}\b)?",
        rf"\b{_MONTH}\b\.?\s{_DAY}(?:st|nd|rd|th)?\b(?!\s?[%\d:])(?:,?\s{_YEAR}\b)?",
        rf"\b{_MONTH}\b\.?,?\s(?:of\s|de\s)?{_YEAR}\b",
    )
)
_QUANTITY = re.compile(
    r"(?P<currency>[$€£])?\s?(?P<sign>(?<![\w.,)])[-−])?(?<![\w.,])(?P<number>\d+(?:[.,\u00a0\u202f]\d+)*)"
    r"(?:st|nd|rd|th|s\b)?(?:[\s\u00a0-](?P<scale>" + "|".join(_SCALES) + r")\b)?"
    r"(?:[\s\u00a0-](?:business|working|calendar|consecutive|full)(?=[\s\u00a0-]))?"
    r"(?:[\s\u00a0-]?(?P<unit>%|°[CF]|[€$£]|[^\W\d_]+)(?![\w]))?",
    re.IGNORECASE,
)


@lru_cache(maxsize=2_048)
def exact_values(text: str, language: str = "en") -> ExactValues:
    """What must agree exactly in `text`; remembered, as one passage is compared with several sentences."""
    days, rest = _take_dates(text)
    codes = frozenset(identifiers(rest))
    loose = frozenset(_quantities(_without_identifiers(rest) if codes else rest, language))
    inside = {str(part) for day in days for part in (day.year, day.day) if part is not None}
    return ExactValues(loose, frozenset(days), codes, frozenset(q.value for q in loose) | inside)


def missing(claim: ExactValues, evidence: ExactValues) -> list[str]:
    """The values of `claim` that `evidence` does not hold, readable; empty when all agree."""
    return [
        *(
            f"{q.value} {q.unit}".strip()
            for q in sorted(claim.quantities)
            if not _holds_quantity(q, evidence)
        ),
        *(
            "-".join(str(part or "?") for part in day)
            for day in sorted(claim.dates, key=str)
            if not _holds_date(day, evidence)
        ),
        *sorted(claim.identifiers - evidence.identifiers),
    ]


def is_number_or_date(word: str) -> bool:
    """Whether a word is written only to say a number or a date, which may be written in other ways."""
    lower = word.lower()
    return (
        word[0].isdigit()
        or any(lower in known for known in (_NUMBER_WORDS, _MONTHS, _SCALES))
        or (_UNITS.get(lower) == "percent")
    )


def differ(one: ExactValues, other: ExactValues) -> bool:
    """Whether either text holds a number, date or identifier that the other does not."""
    return (one.numbers, one.dates, one.identifiers) != (other.numbers, other.dates, other.identifiers)


def _holds_quantity(quantity: Quantity, evidence: ExactValues) -> bool:
    if quantity.value not in evidence.numbers:
        return False
    units = {known.unit for known in evidence.quantities if known.value == quantity.value}
    return not quantity.unit or not units or "" in units or quantity.unit in units


def _holds_date(day: Date, evidence: ExactValues) -> bool:
    if any(_within(day, known) for known in evidence.dates):
        return True
    return day.month is None and str(day.year) in evidence.numbers


def _within(day: Date, known: Date) -> bool:
    """Whether every part that `day` gives is the same in `known`."""
    return all(part is None or part == other for part, other in zip(day, known, strict=True))


def _without_identifiers(text: str) -> str:
    """`text` with identifiers blanked, so that their digits are not read as numbers."""
    characters = list(text)
    for token in word_spans(text):
        if is_identifier(token.group()):
            characters[token.start() : token.end()] = "_" * len(token.group())
    return "".join(characters)


def _take_dates(text: str) -> tuple[list[Date], str]:
    """The dates of `text`, and the text without them."""
    found: list[Date] = []
    if not any(map(str.isdigit, text)):
        return found, text
    for pattern in _DATES:
        found.extend(filter(None, map(_date, pattern.finditer(text))))
        text = pattern.sub(lambda match: " ; " if _date(match) else match.group(), text)
    return found, text


def _date(match: re.Match[str]) -> Date | None:
    parts = match.groupdict()
    month = int(parts["month"]) if parts.get("month") else _MONTHS[parts["name"].lower()]
    day = int(parts["day"]) if parts.get("day") else None
    year = int(parts["year"]) if parts.get("year") else None
    if not 1 <= month <= 12 or (day is not None and not 1 <= day <= 31):
        return None
    return Date(year, month, day)


def _quantities(text: str, language: str) -> Iterator[Quantity]:
    for match in _QUANTITY.finditer(text):
        value = canonical_number(re.sub(r"[\u00a0\u202f]", "", match["number"]), language)
        after = (match["unit"] or "").lower()
        scale = _SCALES.get((match["scale"] or "").lower(), 0)
        if match["currency"] and not scale:
            scale = _MONEY_SCALES.get(after, 0)
        unit = _AMPERE if match["unit"] == "A" else _UNITS.get(match["currency"] or after, "")
        yield Quantity(("-" if match["sign"] else "") + _scaled(value, scale), unit)
    words = [token.group().lower() for token in word_spans(text)]
    yield from _spelled(words)


def _scaled(value: str, scale: int) -> str:
    return format((Decimal(value) * 10**scale).normalize(), "f") if scale and len(value) < 40 else value


def _spelled(words: Iterable[str]) -> Iterator[Quantity]:
    """Numbers in words, each with the unit after it."""
    listed = [part for word in words for part in word.split("-")]
    for word, following in pairwise([*listed, ""]):
        if word in _NUMBER_WORDS:
            yield Quantity(_scaled(_NUMBER_WORDS[word], _SCALES.get(following, 0)), _UNITS.get(following, ""))
