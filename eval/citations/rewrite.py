"""The same said otherwise, by rules: what a check must not drop.

Each function gives the sentence in other words, or None where its rule does not apply. What stays true is
what counts; the English may be stiff.
"""

from __future__ import annotations

import random
import re

from eval.citations import written
from eval.citations.cases import Case
from eval.citations.lexicon import NUMBER_WORDS, PAST, SYNONYMS
from eval.citations.written import DATE, MONTHS, replaced

_MOST_SYNONYMS = 3
_FRONTED = re.compile(
    r"(?P<main>[A-Z][^,;:|]{15,}?) (?P<phrase>(?:in|on|at|during|after|before|since|from|under|with|for) "
    r"[^,;:|.]{4,60})\.?"
)
_LEADING = re.compile(
    r"(?P<phrase>(?:In|On|At|During|After|Before|Since|From|Under|With|For|If|When) [^,;:|]{3,70}), "
    r"(?P<main>[^;:|]{15,}?)\.?"
)
_PASSIVE = re.compile(
    r"(?P<patient>[A-Z][^,;:|]{3,80}?) (?P<be>was|were|is|are) (?P<verb>\w+ed|" + "|".join(PAST) + r") by "
    r"(?P<agent>[^,;:|.]{3,60})\.?"
)
_ACTIVE = re.compile(
    r"(?P<agent>(?:The |A )?[A-Z]\w+(?: [A-Z]\w+)*) (?P<verb>\w{3,}ed) "
    r"(?P<patient>(?:the|a|an) [^,;:|.]{3,80})\.?"
)
_CLAUSES = (
    re.compile(r", (?:which|who|whose|where|including|such as|although|while)\b[^,;|.]*(?=,|\.|$)"),
    re.compile(r" \([^()]{3,}\)"),
    re.compile(r"^(?:However|Therefore|Moreover|In addition|For example|Additionally|Furthermore|Also), "),
    re.compile(r"(?<=[a-z]{3}), (?:and|but|so) [^,;|.]{12,}(?=\.?$)"),
    re.compile(r", (?:because|since|unless|if|when|after|before) [^,;|.]{10,}(?=\.?$)"),
)
_PRONOUN = re.compile(r"(?:It|They|He|She|This)(?= (?:is|are|was|were|has|had|can|must|will|\w+ed|\w+s)\b)")
_SUBJECT = re.compile(
    r"(?P<subject>(?:(?:The|A|An|Our|This) )?[A-Z]?\w+(?: [A-Z]\w+){0,3}(?: \w+)?)"
    r" (?:is|are|was|were|has|have|had|can|must|will)\b"
)


def synonyms(_case: Case, text: str, draw: random.Random) -> str | None:
    """One to three words replaced by others of the same sense."""
    found = [
        match for match in re.finditer(r"(?<![-\w])[a-z]{4,}(?![-\w])", text) if match.group() in SYNONYMS
    ]
    if not found:
        return None
    for match in sorted(draw.sample(found, min(len(found), _MOST_SYNONYMS)), key=lambda m: -m.start()):
        text = replaced(text, match.span(), draw.choice(SYNONYMS[match.group()]))
    return text


def order(_case: Case, text: str, _draw: random.Random) -> str | None:
    """A phrase of time, place or condition moved from the end to the front, or back."""
    if match := _LEADING.fullmatch(text):
        return f"{_capital(match['main'])} {_small(match['phrase'])}."
    if match := _FRONTED.fullmatch(text):
        return f"{_capital(match['phrase'])}, {_small(match['main'])}."
    return None


def voice(_case: Case, text: str, _draw: random.Random) -> str | None:
    """Passive for active, or active for passive, in the past tense."""
    if (match := _PASSIVE.fullmatch(text)) and match["be"] in ("was", "were"):
        verb = PAST.get(match["verb"], match["verb"])
        return f"{_capital(match['agent'])} {verb} {_small(match['patient'])}."
    if match := _ACTIVE.fullmatch(text):
        return f"{_capital(match['patient'])} was {match['verb']} by {_small(match['agent'])}."
    return None


def clause_dropped(_case: Case, text: str, draw: random.Random) -> str | None:
    """A side clause, a parenthesis or a linking word left out."""
    found = [match for clause in _CLAUSES for match in clause.finditer(text)]
    if not found:
        return None
    shorter = replaced(text, draw.choice(found).span(), "").strip()
    return _capital(shorter) if len(shorter.split()) >= 5 else None


def merged(case: Case, text: str, _draw: random.Random) -> str | None:
    """The sentence and the next of its passage as one."""
    if "|" in text + case.after or len(case.after.split()) < 4 or not text.endswith(".") or len(text) > 200:
        return None
    return f"{text.rstrip('.')}, and {_small(case.after)}" if len(case.after) < 200 else None


def pronoun_resolved(case: Case, text: str, _draw: random.Random) -> str | None:
    """The subject of the sentence before in the place of the pronoun that means it."""
    pronoun, subject = _PRONOUN.match(text), _SUBJECT.match(case.before)
    if pronoun is None or subject is None or pronoun.group() == "This":
        return None
    return replaced(text, pronoun.span(), subject["subject"])


def source_named(case: Case, text: str, _draw: random.Random) -> str | None:
    """What the passage is called, said before the sentence."""
    named = [name for name in (*case.passage.heading_path[-1:], case.passage.document.title) if name.strip()]
    if not named or "|" in text + named[0] or len(named[0].split()) > 8:
        return None
    return f"According to {named[0].strip()}, {_small(text)}"


def number_written_otherwise(_case: Case, text: str, draw: random.Random) -> str | None:
    """`1,000` as `1000`, `12` as `twelve`, `2.5` as `2.50`, `5%` as `5 percent`, `$3 million` in full."""
    found = written.numbers(text)
    draw.shuffle(found)
    for span in found:
        old, after = text[slice(*span)], text[span[1] :]
        if after.startswith("%"):
            return replaced(text, (span[0], span[1] + 1), f"{old} percent")
        if scaled := re.match(r" (million|billion)\b", after):
            return replaced(text, (span[0], span[1] + scaled.end()), _in_full(old, scaled[1]))
        if "," in old:
            return replaced(text, span, old.replace(",", ""))
        if old.isdecimal() and int(old) <= 20 and text[span[0] - 1 : span[0]] == " ":
            return replaced(text, span, NUMBER_WORDS[int(old)])
        if old.isdecimal() and len(old) >= 4:
            return replaced(text, span, f"{int(old):,}")
        if "." in old:
            return replaced(text, span, f"{old}0")
    return None


def date_written_otherwise(_case: Case, text: str, draw: random.Random) -> str | None:
    """`3 May 2019` as `May 3, 2019` or `2019-05-03`, and back."""
    whole = [match for match in DATE.finditer(text) if _parts(match) is not None]
    if not whole:
        return None
    match = draw.choice(whole)
    year, month, day = _parts(match) or (0, 0, 0)
    forms = [f"{day} {MONTHS[month - 1]} {year}", f"{MONTHS[month - 1]} {day}, {year}"]
    forms.append(f"{year}-{month:02d}-{day:02d}")
    return replaced(text, match.span(), draw.choice([form for form in forms if form != match.group()]))


def _parts(match: re.Match[str]) -> tuple[int, int, int] | None:
    """Year, month and day; None where one of them is not given."""
    if match["iso"]:
        year, month, day = map(int, match["iso"].split("-"))
        return (year, month, day) if 1 <= month <= 12 else None
    name, day_text, year_text = (
        match["month"] or match["month2"],
        match["day"] or match["day2"],
        match["year"] or match["year2"],
    )
    if not (name and day_text and year_text):
        return None
    return int(year_text), MONTHS.index(name) + 1, int(day_text)


def _in_full(number: str, scale: str) -> str:
    value = float(number.replace(",", "")) * (1e6 if scale == "million" else 1e9)
    return f"{round(value):,}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _small(text: str) -> str:
    """A first word in lower case where it is no name."""
    first = text.split(maxsplit=1)[0] if text.split() else ""
    common = {"The", "A", "An", "This", "These", "In", "On", "At", "It", "They", "If", "When", "For", "With",
              "After", "Before", "During", "From", "Under", "Since", "All", "Each", "Our", "You"}  # fmt: skip
    return text[:1].lower() + text[1:] if first in common else text
