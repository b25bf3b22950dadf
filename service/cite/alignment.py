"""How a sentence lies along a source of evidence, word by word.

Counting words cannot see that a name, a number or a denial was put into one place, when the same word stands
elsewhere in the evidence; aligning the two can.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from service.text import words
from service.text.names import may_be_one
from service.text.quantities import exact_values, is_number_or_date, missing

_LONGEST = 4
"""Words in one place that may stand for one thing."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One place, between the same words on both sides: what the sentence says there, and what the source."""

    said: tuple[str, ...]
    known: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Alignment:
    """A sentence along one source."""

    in_order: float
    """The share of the sentence's content words that the source holds in the same order."""
    longest: float
    """The share of the sentence's words in its longest run that stands in the source as it is."""
    edits: tuple[Edit, ...]


def align(claim: Sequence[str], source: Sequence[str], language: str) -> Alignment:
    """The words of a sentence along those of a source, compared by stem."""
    here, there = ([_form(word, language) for word in side] for side in (claim, source))
    codes = SequenceMatcher(None, here, there, autojunk=False).get_opcodes()
    same = [(a, b) for tag, a, b, _, _ in codes if tag == "equal"]
    content = [place for place, word in enumerate(claim) if _counts(word, language)]
    matched = sum(any(a <= place < b for a, b in same) for place in content)
    return Alignment(
        in_order=matched / len(content) if content else float(bool(same)),
        longest=max((b - a for a, b in same), default=0) / max(1, len(claim)),
        edits=tuple(
            Edit(tuple(claim[a:b]), tuple(source[c:d])) for tag, a, b, c, d in codes if tag != "equal"
        ),
    )


def changes_value(alignment: Alignment, language: str) -> bool:
    """Whether a number, date or identifier stands in the place of another."""
    return any(
        (known.numbers or known.identifiers) and missing(said, known)
        for said, known in (
            (
                exact_values(" ".join(edit.said), language),
                exact_values(" ".join(edit.known), language),
            )
            for edit in _short(alignment)
        )
    )


def changes_name(alignment: Alignment, language: str) -> bool:
    """Whether a name stands in the place of another."""
    for edit in _short(alignment):
        said, known = _names(edit.said, language), _names(edit.known, language)
        if said and known and not any(may_be_one(one, other) for one in said for other in known):
            return True
    return False


def loses_value(alignment: Alignment, language: str) -> bool:
    """Whether other words stand in the place of a number."""
    return any(
        exact_values(" ".join(edit.known), language).numbers
        and any(_counts(word, language) for word in edit.said)
        and not any(map(is_number_or_date, edit.said))
        for edit in _short(alignment)
    )


def loses_name(alignment: Alignment, language: str) -> bool:
    """Whether words that are no name stand in the place of a name."""
    return any(
        _names(edit.known, language)
        and any(_counts(word, language) for word in edit.said)
        and not _names(edit.said, language)
        for edit in _short(alignment)
    )


def changes_denial(alignment: Alignment) -> bool:
    """Whether a denial stands in one place, with a word or two, and not in the other."""
    return any(
        sum(map(words.is_negation, edit.said)) != sum(map(words.is_negation, edit.known))
        for edit in alignment.edits
        if len(edit.said) <= 2 and len(edit.known) <= 2
    )


def replaced(
    alignment: Alignment, source: frozenset[str], weights: Mapping[str, float], language: str
) -> Iterator[tuple[str, float]]:
    """The content terms that stand where the source has others, with their weights."""
    for edit in alignment.edits:
        said = set(words.terms(" ".join(edit.said), language)) - source
        if said and set(words.terms(" ".join(edit.known), language)):
            yield from ((term, weights.get(term, 1.0)) for term in said)


def _form(word: str, language: str) -> str:
    """What words are compared by: the stem, or the term where there is one alone, as of a number."""
    terms = words.terms(word, language)
    return terms[0] if len(terms) == 1 else words.stem(word, language)


def _counts(word: str, language: str) -> bool:
    """Whether a word says something; numbers and dates, which may be written otherwise, agree by rule."""
    return not words.is_stop_word(word, language) and not is_number_or_date(word)


def _short(alignment: Alignment) -> Iterator[Edit]:
    return (
        edit
        for edit in alignment.edits
        if edit.said and edit.known and max(len(edit.said), len(edit.known)) <= _LONGEST
    )


def _names(found: Sequence[str], language: str) -> list[str]:
    return [word for word in found if word[0].isupper() and not words.is_stop_word(word, language)]
