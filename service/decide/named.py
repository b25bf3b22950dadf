"""What a question names, and whether a hit holds it.

Codes (numbers, part numbers, versions) must stand in what is quoted. A name may also stand in what the hit
belongs to: the path, title or metadata of its document; headings are read with the passage.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from service.text import words
from service.types import Hit

_NAME_WITH_DIGITS = re.compile(
    r"\d+[^\W\d_]{4,}"  # 37signals; shorter ones are units, and ends of ordinals
    r"|[^\W\d_]{5,}-\d{1,2}"  # COVID-19
    r"|\d{1,2}(?![ACFJKLNVW]\Z)[A-Z]{1,2}"  # 3M, but not 9V
)
_WHOLE = re.compile(
    r"[^\W_]+(?:[-._]*_[-._]*[^\W_]+)+"  # max_conn
    r"|[a-z][a-z0-9]+(?:[.-][a-z0-9]{2,})*\.[a-z][a-z0-9]+(?:[.-][a-z0-9]{2,})*"  # gc.auto
    r"|[a-z0-9]{2,}(?:-[a-z0-9]{2,}){2,}"  # db-pool-min-size
)
_NUMBERED = re.compile(
    r"(?!\d{4}-\d{2,4}\Z)(?=[\d-]{7,}\Z)\d+-\d+(?:-\d+)*"  # 450-1320, but no years or small ranges
    r"|\d{5,}"  # register 40102
)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_MARKS = re.compile(r"[-._/\\]+")
_SPACED = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Named:
    """What a question names: `codes` and `names` as terms, `wholes` in lower case as they are written.

    `wholes` are part numbers, error codes, registers and the like, and tokens such as `db-pool-min-size`,
    which are one thing and not the words in them.
    """

    codes: frozenset[str]
    names: frozenset[str]
    wholes: frozenset[str]

    @classmethod
    def of(cls, text: str, language: str) -> Named:
        """What `text` names."""
        tokens = words.written(text)
        numbered = [token for token in tokens if _NAME_WITH_DIGITS.fullmatch(token)]
        # At the beginning of a question a capital tells nothing.
        capital = [token for token in tokens[1:] if token[0].isupper()]
        asked = frozenset(words.terms(" ".join(token for token in tokens if token not in numbered), language))
        wholes = {token.casefold() for token in tokens if _is_whole(token, language)}
        identifiers = words.identifiers(" ".join(token for token in tokens if token not in numbered))
        return cls(
            codes=frozenset(filter(_has_digit, asked)),
            names=_terms((*numbered, *capital), language),
            wholes=frozenset((*identifiers, *wholes)),
        )

    def names_around(self, hits: Sequence[Hit]) -> list[frozenset[str]]:
        """Those of `names` that path, title or metadata of each hit's document hold."""
        if not self.names:
            return [frozenset()] * len(hits)
        places = [(hit.document.id, hit.chunk.language) for hit in hits]
        known = {
            place: self.names & _belongings(hit)
            for place, hit in dict(zip(places, hits, strict=True)).items()
        }
        return [known[place] for place in places]

    def wholes_held(self, hits: Sequence[Hit]) -> list[frozenset[str]]:
        """Those of `wholes` that each of the hits holds, as one or as the same words in a row."""
        if not self.wholes:
            return [frozenset()] * len(hits)
        said = [_spaced(hit.chunk.indexed_text) for hit in hits]
        return [frozenset(one for one in self.wholes if _spaced(one) in text) for text in said]


def _belongings(hit: Hit) -> frozenset[str]:
    document, language = hit.document, hit.chunk.language
    told = (document.source, document.title, *map(str, document.metadata.values()))
    return _terms((*told, *(_MARKS.sub(" ", text) for text in told)), language)


def _is_whole(token: str, language: str) -> bool:
    """Words that a hyphen joins, as in `state-of-the-art`, are no code, and a date is none."""
    if _NUMBERED.fullmatch(token):
        return not _DATE.fullmatch(token)
    if not _WHOLE.fullmatch(token):
        return False
    return "_" in token or not any(words.is_stop_word(part, language) for part in _MARKS.split(token))


def _terms(texts: Iterable[str], language: str) -> frozenset[str]:
    return frozenset(term for text in texts for term in words.terms(text, language))


def _spaced(text: str) -> str:
    return f" {_SPACED.sub(' ', text.casefold()).strip()} "


def _has_digit(term: str) -> bool:
    return any(map(str.isdigit, term))
