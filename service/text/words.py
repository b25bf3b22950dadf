"""The content words of a text, stemmed, for comparing a question, a passage and an answer.

Numbers are brought to one form, identifiers (part numbers, error codes, versions) stay exact, function words
are left out, and the rest is stemmed by Snowball in the text's language. Scripts that write no spaces are cut
into pairs of characters.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import lru_cache
from itertools import chain, repeat
from math import log

import Stemmer

from service.text.languages import DECIMAL_COMMA, NEGATIONS, STEMMERS, STOP_WORDS

_TOKEN = re.compile(r"[^\W_]+(?:[-_./:,'’#][^\W_]+)*")
_PART = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)", re.IGNORECASE)
_VERSION = re.compile(r"\d+\.\d+\.\d+(?:\.\d+)*|\d{1,2}:\d{2}(?::\d{2})?")
_SHORT_CODE = re.compile(r"(?!(?:mid|pre|post|non|sub|top)-)[a-z]{1,5}[-_]?\d")
_CAPITAL_CODE = re.compile(r"[A-Z0-9]+(?:_[A-Z0-9]+)+")
_MEASURE = re.compile(r"(\d+(?:[.,]\d+)*)([^\W\d_]{1,3})")
_PARTS = re.compile(r"(?=.*[_.]|[^-]*-[^-]*-)[^\W_]+(?:[-._][^\W_]+)+")
_PLURAL = re.compile(r"(?<=[A-Z])s\Z")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+|\d{1,3}(?:\.\d{3}){2,}")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\u0e00-\u0e7f]")

_LONGEST_NUMBER = 40
_local = threading.local()


def terms(text: str, language: str = "en") -> list[str]:
    """The content terms of `text` in order: stems, canonical numbers, identifiers in lower case."""
    return [*chain.from_iterable(map(_terms_of, _TOKEN.findall(text), repeat(language)))]


def identifiers(text: str) -> list[str]:
    """Part numbers, error codes, versions and clock times, in lower case, "10-Qs" as "10-q"."""
    return [_PLURAL.sub("", raw).casefold() for raw in _TOKEN.findall(text) if is_identifier(raw)]


def joined(text: str, language: str = "en") -> list[str]:
    """The tokens of `text` that are one term though marks stand inside them, in lower case: identifiers,
    numbers in their canonical form, and names of parts such as `db-pool-min-size` and `gc.auto`."""
    found = (_joined(raw, language) for raw in _TOKEN.findall(text) if not raw.isalnum())
    return [term for term in found if term]


def written(text: str) -> list[str]:
    """The words of `text` as they are written, with hyphens, apostrophes and decimal marks inside."""
    return _TOKEN.findall(text)


def word_spans(text: str) -> list[re.Match[str]]:
    """The same words, with their places."""
    return list(_TOKEN.finditer(text))


def is_stop_word(word: str, language: str = "en") -> bool:
    """Whether `word` is a function word of `language` (of English where the language has no list)."""
    return word.casefold() in STOP_WORDS.get(language, STOP_WORDS["en"])


@lru_cache(maxsize=65_536)
def stem(word: str, language: str = "en") -> str:
    """The Snowball stem of one word; the word in lower case where the language has no stemmer."""
    algorithm = STEMMERS.get(language)
    return _stemmer(algorithm).stemWord(word.casefold()) if algorithm else word.casefold()


@lru_cache(maxsize=65_536)
def is_identifier(raw: str) -> bool:
    """Whether a token names one thing exactly: digits mixed with letters, a version, `SOME_CODE`."""
    if _VERSION.fullmatch(raw) or _CAPITAL_CODE.fullmatch(raw):
        return not _groups_thousands(raw)
    if not any(map(str.isdigit, raw)) or not any(map(str.isalpha, raw)):
        return False
    return _MEASURE.fullmatch(raw) is None and _mixes(raw)


def canonical_number(raw: str, language: str = "en") -> str:
    """One form for a number: `1,000` and `1000` agree, so do `2.50` and `2.5`; decimal commas by language."""
    if len(raw) > _LONGEST_NUMBER:
        return raw
    if _groups_thousands(raw) or (language in DECIMAL_COMMA and re.fullmatch(r"\d{1,3}(?:\.\d{3})+", raw)):
        return str(int(re.sub(r"[.,]", "", raw)))
    mark = max(raw.rfind("."), raw.rfind(","))
    if mark < 0:
        return str(int(raw))
    whole = re.sub(r"[.,]", "", raw[:mark])
    return format(Decimal(f"{whole}.{raw[mark + 1 :]}").normalize(), "f")


def is_unspaced(word: str) -> bool:
    """Whether the word is of a script that writes no spaces, so that it may be a whole sentence."""
    return _UNSPACED.match(word) is not None


def is_negation(word: str) -> bool:
    """Whether the word denies what follows it."""
    return word.casefold() in NEGATIONS or word.casefold().replace("’", "'").endswith("n't")


def negations(text: str) -> list[str]:
    """The negations of `text`, in order and in lower case."""
    return [word.casefold() for word in written(text) if is_negation(word)]


def weights(units: Iterable[Iterable[str]]) -> dict[str, float]:
    """Inverse document frequency of each term over `units`, in (0, 1]; the rarest weigh most.

    A term that no unit holds is not in the result and should be given weight 1.
    """
    sets = [frozenset(unit) for unit in units]
    counts = Counter(chain.from_iterable(sets))
    top = log(1 + len(sets))
    weight = {count: log(1 + len(sets) / count) / top for count in range(1, len(sets) + 1)}
    return {term: weight[count] for term, count in counts.items()}


@lru_cache(maxsize=65_536)
def _terms_of(raw: str, language: str) -> tuple[str, ...]:
    """The terms of one token; remembered, because a few thousand tokens make up most text."""
    if is_identifier(raw):
        return (raw.casefold(),)
    if _NUMBER.fullmatch(raw):
        return (canonical_number(raw, language),)
    return tuple(term for part in _PART.findall(raw) for term in _word_terms(part, language))


@lru_cache(maxsize=65_536)
def _joined(raw: str, language: str) -> str:
    """The one term of a token with marks inside; empty where it is words that a mark joins."""
    if is_identifier(raw):
        return raw.casefold()
    if _NUMBER.fullmatch(raw):
        return canonical_number(raw, language)
    return raw.casefold() if _PARTS.fullmatch(raw) else ""


def _word_terms(word: str, language: str) -> Iterator[str]:
    if ordinal := _ORDINAL.fullmatch(word):
        yield ordinal[1]
    elif _UNSPACED.match(word):
        yield from (word[index : index + 2] for index in range(max(1, len(word) - 1)))
    elif measure := _MEASURE.fullmatch(word):
        yield canonical_number(measure[1], language)
        yield from _word_terms(measure[2], language)
    elif word.isdecimal():
        yield canonical_number(word)
    elif not is_stop_word(word, language):
        yield stem(word, language)


def _mixes(raw: str) -> bool:
    """Whether letters and digits form one code, as in `E-42` and `v2`, not a phrase, as in `20-year-old`."""
    has_capital = any(map(str.isupper, raw))
    return has_capital or _SHORT_CODE.match(raw) is not None


def _groups_thousands(raw: str) -> bool:
    return _THOUSANDS.fullmatch(raw) is not None


def _stemmer(algorithm: str) -> Stemmer.Stemmer:
    """One stemmer a thread: they keep state while they work."""
    stemmers: dict[str, Stemmer.Stemmer] = _local.__dict__.setdefault("stemmers", {})
    return stemmers.setdefault(algorithm, Stemmer.Stemmer(algorithm))
