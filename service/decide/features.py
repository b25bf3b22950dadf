"""What speaks for an answer, in a few numbers that do not depend on the size of the corpus.

Each is computed from the question and the hits alone. Nothing is normalised by the best of the corpus or
taken from a rank over all of it: that would tell which passage is missing. The order of the hits matters only
in that the first ones are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log1p
from operator import mul

import numpy as np

from service.decide.named import Named
from service.match import token_matches
from service.match.late_interaction import Floats, weights_of
from service.text import words
from service.types import Found, Hit, Question

READ = 16
"""How many of the hits are read."""

ELSEWHERE = 0.55
"""How well the best window of a passage about something else fits a question: the lower quartile of second
hits in corpora of hundreds of documents. The first hit stands out from no less, however few there are."""

_FIRST = 3
"""The first hits: what answers is mostly one of them, and not always the very first."""

_ASKING = frozenset(
    words.terms("mean meaning stand use happen tell explain describe say find know call show", "en")
    + words.terms("bedeuten bedeutet heißen heißt stehen steht", "de")
)
"""Terms that say how something is asked for, not what: no entry of a manual repeats them."""

_WHETHER = re.compile(
    r"\s*(?:does|do|did|is|are|was|were|can|could|will|would|has|have|may"
    r"|ist|sind|kann|können|gibt|hat|haben|darf|unterstützt|unterstützen)\b",
    re.IGNORECASE,
)
_POSSIBLE = frozenset(
    words.terms("support supported possible able", "en")
    + words.terms("unterstützt unterstützen möglich", "de")
)
"""Where it is asked whether something is so, these ask, and the rest is what is asked for: a passage on slots
says that there are slots, not that they are supported."""

FROM_TEXT = (
    "dense",
    "first_three",
    "identifiers",
    "pinned",
    "asks_code",
    "lacks_code",
    "asks_name",
    "terms",
)
FROM_TOKENS = ("maxsim", "named_window", "standout")
QUANTITIES = frozenset((*FROM_TEXT, *FROM_TOKENS, "coverage"))
"""Those that a calibrator may weigh: what is fitted now, and one that is for the reader."""


def decision_features(found: Found, rarity: Floats) -> dict[str, float]:
    """The features of at least one hit; `rarity` gives each token id of the embedder's tokenizer a weight.

    A hit *holds what is named* to the share of the question's numbers and codes that stand in it or in the
    headings above, times that of its proper names, which path, title or metadata may hold too (`named.py`).

    From the text: `dense`, best cosine similarity; `first_three`, share of the question's terms, by
    rarity among the hits, in a hit, times what it holds of what is named, the best of the first three;
    `identifiers`, share of its part numbers, error codes and names of parts (`gc.auto`) in any
    hit; `pinned`, 1 by the number of hits that hold all of these, times the share of the question's other
    terms that the best such of the first three holds, 0 where none is asked for; `asks_code` and `asks_name`,
    1 where the question has such; `lacks_code`, 1 where the first hit does not hold all of its numbers and
    codes; `terms`, the logarithm of how many different terms it has. `coverage`, the best hit's share of the
    terms, is for the reader.

    From the tokens: `maxsim`, the best mean similarity of the question's tokens, by rarity; `named_window`,
    that within 48 tokens, times what the hit holds of what is named, best of all hits; `standout`, how far
    the best window is above the second, or above `ELSEWHERE` where that is more. Without token vectors of
    question or hits they are left out.
    """
    hits = found.hits[:READ]
    shares = _Shares.of(found.question, hits)
    return shares.told() | {"dense": _best_similarity(hits)} | _from_tokens(found, shares.named, rarity)


@dataclass(frozen=True, slots=True)
class _Shares:
    """How much of the question each hit holds, by words."""

    asked: frozenset[str]
    things: Named
    identifiers: float
    pinned: float
    lacks_code: bool
    covered: tuple[float, ...]
    named: tuple[float, ...]

    @classmethod
    def of(cls, question: Question, hits: Sequence[Hit]) -> _Shares:
        """Those of at least one hit."""
        text, language = question.text, hits[0].chunk.language
        asked, things = _asked(text, language), Named.of(text, language)
        passages = [frozenset(words.terms(hit.chunk.indexed_text, hit.chunk.language)) for hit in hits]
        around = things.names_around(hits)
        weights = words.weights(passages)
        held = things.wholes_held(hits)
        others = asked - _terms_of(things.wholes, language) - _ASKING
        return cls(
            asked,
            things,
            len(frozenset().union(*held)) / len(things.wholes) if things.wholes else 1.0,
            _pinned(things.wholes, held, [_share(others, known, weights) for known in passages[:_FIRST]]),
            not things.codes <= passages[0],
            tuple(
                _share(asked, known | there, weights) for known, there in zip(passages, around, strict=True)
            ),
            tuple(
                _share(things.codes, known, weights) * _share(things.names, known | there, weights)
                for known, there in zip(passages, around, strict=True)
            ),
        )

    def told(self) -> dict[str, float]:
        """The quantities that come from words."""
        return {
            "coverage": max(self.covered),
            "first_three": max(map(mul, self.covered[:_FIRST], self.named)),
            "identifiers": self.identifiers,
            "pinned": self.pinned,
            "asks_code": float(bool(self.things.codes)),
            "lacks_code": float(self.lacks_code),
            "asks_name": float(bool(self.things.names)),
            "terms": log1p(len(self.asked)),
        }


def _pinned(asked: frozenset[str], held: Sequence[frozenset[str]], others: Sequence[float]) -> float:
    """See `decision_features`; `others` are the shares of the first hits."""
    if not asked or asked not in held:
        return 0.0
    shares = [share for share, known in zip(others, held, strict=False) if known == asked]
    return max(shares, default=0.0) / held.count(asked)


def _asked(text: str, language: str) -> frozenset[str]:
    """The terms of a question, without those that only ask whether."""
    terms = frozenset(words.terms(text, language))
    return (terms - _POSSIBLE or terms) if _WHETHER.match(text) else terms


def _terms_of(wholes: Iterable[str], language: str) -> frozenset[str]:
    return frozenset(term for whole in wholes for term in (whole, *words.terms(whole, language)))


def _from_tokens(found: Found, named: Sequence[float], rarity: Floats) -> dict[str, float]:
    asked = found.question.vectors.tokens
    read = [
        (hit, share)
        for hit, share in zip(found.hits, named, strict=False)
        if hit.tokens is not None and len(hit.tokens.ids)
    ]
    if not read or asked is None or not len(asked.ids):
        return {}
    hits, shares = zip(*read, strict=True)
    matches, weights = token_matches(found.question, hits), weights_of(asked.ids, rarity)
    windows = np.array([(weights @ match.windows).max() for match in matches])
    best = np.sort(windows)[::-1]
    return {
        "maxsim": max(float(weights @ match.best) for match in matches),
        "named_window": float((windows * np.array(shares)).max()),
        "standout": max(0.0, float(best[0] - max([ELSEWHERE, *best[1:2]]))),
    }


def _best_similarity(hits: Sequence[Hit]) -> float:
    return max((hit.fused.dense_score for hit in hits if hit.fused.dense_score is not None), default=0.0)


def _share(asked: frozenset[str], known: frozenset[str], weights: Mapping[str, float]) -> float:
    """The weighted share of `asked` in `known`; 1 where nothing is asked. Terms that no hit holds weigh 1."""
    total = sum(weights.get(term, 1.0) for term in asked)
    return sum(weights.get(term, 1.0) for term in asked & known) / total if total else 1.0
