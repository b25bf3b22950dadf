"""Decide: is there an answer in what was found? If not, abstain, with the reason.

A first rule, openly uncalibrated: a logistic model of quantities that a reader can check, each computed from
the question and the hits alone (nothing is normalised over the corpus, which would leak what it lacks).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import exp

from service import words
from service.sentences import spans
from service.settings import DecideSettings
from service.types import Decision, Found, Hit, Query, Reason

_READ = 5
"""How many of the best hits are read closely."""
_TOP_RANK = 5
_LONGEST_SPAN = 2
"""Sentences that may share the question's terms between them."""

_BIAS = -10.75
_WEIGHTS: Mapping[str, float] = {
    "coverage": 5.30,
    "agreement": 3.00,
    "codes": 2.47,
    "dense": 1.22,
    "identifiers": 4.0,
}
"""Fitted on a mixture: half of the articles of SQuAD 2's development set and three of five chunking corpora
(answerable questions against the same ones with their passage removed), corpora of 3 and 12 documents, and
claims from another field; figures in docs/answering.md. `identifiers` is set by hand, since those sets have
none: a question about a part number or error code that no hit holds is hardly ever answered by them."""

_LITTLE_COVERAGE = 0.35
_LITTLE_SIMILARITY = 0.35


def decide(found: Found, settings: DecideSettings) -> Decision:
    """Answer or abstain, for the hits found. `features` holds every quantity the decision rests on."""
    if not found.hits:
        return _decision(0.0, settings, "no_evidence", {})
    evidence = features(found.question.query, found.best)
    p = 1 / (1 + exp(-(_BIAS + sum(weight * evidence[name] for name, weight in _WEIGHTS.items()))))
    if p >= settings.threshold:
        return _decision(p, settings, None, evidence)
    off_topic = evidence["coverage"] < _LITTLE_COVERAGE and evidence["dense"] < _LITTLE_SIMILARITY
    return _decision(p, settings, "off_topic" if off_topic else "low_confidence", evidence)


def features(query: Query, hits: Sequence[Hit]) -> dict[str, float]:
    """The evidence in numbers, each in [0, 1] but `rerank`, which has its model's own scale.

    `coverage`: share of the question's terms, by rarity among the hits, in the best one or two sentences.
    `names`, `codes`: share of its proper names, and of its numbers and identifiers, in the best hit.
    `identifiers`: share of its part numbers, error codes and the like in any hit. `dense`: the best cosine
    similarity. `agreement`: share of the top ranks that both lists give to the same chunks. `rerank`: the
    best score, where there is one.
    """
    language = hits[0].chunk.language
    asked = frozenset(words.terms(query.text, language))
    passages = [frozenset(words.terms(hit.chunk.indexed_text, hit.chunk.language)) for hit in hits]
    weights = words.weights(passages)
    best = passages[:_READ]
    exact = frozenset(words.identifiers(query.text))
    found = {
        "coverage": max(
            (_share(asked, near, weights) for hit in hits[:_READ] for near in _runs(hit)), default=0.0
        ),
        "names": max(_share(_names(query.text, language), passage, weights) for passage in best),
        "dense": max(0.0, *(hit.fused.dense_score or 0.0 for hit in hits), 0.0),
        "agreement": _agreement(hits),
        "codes": max(_share(_codes(asked), passage, weights) for passage in best),
        "identifiers": _share(exact, frozenset().union(*passages), weights),
    }
    reranked = [hit.rerank_score for hit in hits if hit.rerank_score is not None]
    return found | ({"rerank": max(reranked)} if reranked else {})


def _decision(
    p: float, settings: DecideSettings, reason: Reason | None, found: Mapping[str, float]
) -> Decision:
    return Decision(
        answer=reason is None,
        p_answerable=round(p, 4),
        threshold=settings.threshold,
        calibrated=False,
        reason=reason,
        features={name: round(value, 4) for name, value in found.items()},
    )


def _share(asked: frozenset[str], known: frozenset[str], weights: Mapping[str, float]) -> float:
    """The weighted share of `asked` in `known`; 1 where nothing is asked. Terms that no hit holds weigh 1."""
    total = sum(weights.get(term, 1.0) for term in asked)
    return sum(weights.get(term, 1.0) for term in asked & known) / total if total else 1.0


def _runs(hit: Hit) -> Iterable[frozenset[str]]:
    """The terms of each run of neighbouring sentences, with those of the headings above."""
    chunk = hit.chunk
    above = frozenset(words.terms(" ".join((*chunk.heading_path, chunk.header)), chunk.language))
    sentences = [
        frozenset(words.terms(chunk.text[start:end], chunk.language)) for start, end in spans(chunk.text)
    ]
    for index in range(max(1, len(sentences))):
        yield above.union(*sentences[index : index + _LONGEST_SPAN])


def _codes(asked: frozenset[str]) -> frozenset[str]:
    """The numbers and identifiers among terms."""
    return frozenset(term for term in asked if any(map(str.isdigit, term)))


def _names(text: str, language: str) -> frozenset[str]:
    """The terms of words that are written with a capital inside the question."""
    found = [token.group() for token in words.tokens(text)[1:] if token.group()[0].isupper()]
    return frozenset(term for name in found for term in words.terms(name, language))


def _agreement(hits: Sequence[Hit]) -> float:
    """The share of the top ranks that both lists give to the same chunks.

    Always out of `_TOP_RANK`: where there is hardly anything to find, agreeing on it says little.
    """
    both = sum(_is_high(hit.fused.dense_rank) and _is_high(hit.fused.sparse_rank) for hit in hits)
    return both / _TOP_RANK


def _is_high(rank: int | None) -> bool:
    return rank is not None and rank <= _TOP_RANK
