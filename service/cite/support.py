"""How well a passage supports a sentence, and where exactly.

A sentence that stands in a passage word for word is supported. Else numbers, units, dates and identifiers
must be in the evidence, in their own place: that is a rule. The rest is weighed by a learned model over what
`claims.py` counts; where that leaves doubt, a second model looks at the meaning too, word vector by word
vector. Both come from `footnote tune support`; see service/learned/support.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from service.cite.claims import Claim, Comparison
from service.cite.read_passage import ReadPassage, ReadText, SourceSentence
from service.learned import SUPPORT, shipped_file
from service.learned.trees import Classifier
from service.text.quantities import missing
from service.types import Encoded, Warning

Encode = Callable[[str], Encoded]
"""A text to its vector and those of its tokens."""
Weights = Callable[[], Mapping[str, float]]
"""The inverse document frequencies of terms over all sentences given; unknown terms weigh 1. Asked for only
where words are compared: for them every passage has to be read."""


class Encoder(Protocol):
    """What encodes; its fingerprint says whose token vectors they are."""

    tokens_fingerprint: str

    def embed_query(self, text: str) -> Encoded:
        """A short text, now."""
        ...


_VERBATIM_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class Judge:
    """The learned models. Outside `doubt` the first has the last word: meaning costs two passes."""

    words: Classifier
    meaning: Classifier
    doubt: tuple[float, float]
    encoder: str
    """The fingerprint of the token vectors that `meaning` was learned on: with others it means nothing."""

    def support(self, found: Comparison, encode: Encode | None) -> float:
        """The probability that the evidence supports the claim."""
        features = found.features()
        first = self.words.probability(features)
        if encode is None or not self.doubt[0] < first < self.doubt[1]:
            return first
        return self.meaning.probability(features | meaning(found.claim.text, found.evidence, encode))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The judge of a file that `to_json` wrote."""
        form = json.loads(text)
        return cls(
            words=Classifier.from_json(form["words"]),
            meaning=Classifier.from_json(form["meaning"]),
            doubt=(form["doubt"][0], form["doubt"][1]),
            encoder=form["encoder"],
        )

    def to_json(self) -> str:
        """The form in which it is shipped."""
        parts = {"encoder": self.encoder, "doubt": self.doubt}
        models = {"words": self.words.to_json(), "meaning": self.meaning.to_json()}
        return json.dumps(parts | models, separators=(",", ":")) + "\n"


@dataclass(frozen=True, slots=True)
class Meaning:
    """An embedder's vectors, and the judge that was learned on them."""

    judge: Judge
    encode: Encode


@dataclass(frozen=True, slots=True)
class Support:
    """How well a claim is supported, in [0, 1], by which sentences, and what is missing when it is not."""

    score: float
    sentences: tuple[SourceSentence, ...] = ()
    missing: tuple[str, ...] = ()


def support(text: str, cited: Sequence[ReadPassage], weights: Weights, by: Meaning | None) -> Support:
    """The support that the cited passages give to one sentence.

    Without `by` words alone judge.
    """
    found = examine(text, cited, weights)
    if isinstance(found, Support):
        return found
    score = by.judge.support(found, by.encode) if by else _judge("").support(found, None)
    return Support(round(score, 4), found.chosen)


def examine(text: str, cited: Sequence[ReadPassage], weights: Weights) -> Support | Comparison:
    """What the rules decide, or what is left to the learned models."""
    claim = Claim(text, cited[0].language)
    if verbatim := _verbatim(claim, cited):
        return Support(1.0, (verbatim,))
    found = Comparison(claim, cited, weights())
    if not found.total or not found.chosen:
        return Support(0.0)
    if found.missing:
        return Support(0.0, found.chosen, found.missing)
    return Support(0.0, found.chosen, ("another fact in its place",)) if found.changed else found


def meaning(said: str, known: str, encode: Encode) -> dict[str, float]:
    """How near the meaning of a claim is to its evidence, as a whole and word by word.

    `cosine` is that of the two texts. The others are about the claim's tokens, each against the nearest of
    the evidence (ColBERT's MaxSim, Khattab & Zaharia 2020): the mean, the worst, and the mean and the worst
    of those that the evidence does not hold as they are.
    """
    claim, evidence = encode(said), encode(known)
    nearest, strange = _nearest(claim, evidence)
    far = nearest[strange] if strange.any() else np.ones(1, np.float32)
    return {
        "cosine": float(np.dot(claim.dense, evidence.dense)),
        "nearest": float(nearest.mean()),
        "farthest": float(nearest.min()),
        "strange": float(far.mean()),
        "strangest": float(far.min()),
    }


def _nearest(claim: Encoded, evidence: Encoded) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Of each token of the claim, how similar the nearest of the evidence is, and whether it is another."""
    if claim.tokens is None or evidence.tokens is None or not len(claim.tokens.ids):
        return np.ones(1, np.float32), np.zeros(1, bool)
    similar = claim.tokens.unit() @ evidence.tokens.unit().T
    return similar.max(axis=1), ~np.isin(claim.tokens.ids, evidence.tokens.ids)


def meaning_of(embedder: Encoder) -> Meaning | None:
    """The embedder as `support` takes it; None, so that words alone judge, where nothing learned on it."""
    judge = _judge(embedder.tokens_fingerprint)
    return Meaning(judge, embedder.embed_query) if embedder.tokens_fingerprint == judge.encoder else None


def warning_of(embedder: Encoder) -> Warning | None:
    """What a reader of the answer must know where meaning is left out."""
    if meaning_of(embedder) is not None:
        return None
    why = "the check of citations was learned with another embedding model: it compares words alone"
    return Warning("cite", "words_alone", why)


@cache
def _judge(tokens_fingerprint: str) -> Judge:
    return Judge.from_json(shipped_file(SUPPORT, tokens_fingerprint).read_text(encoding="utf-8"))


def _verbatim(claim: Claim, cited: Sequence[ReadPassage]) -> SourceSentence | None:
    """The sentence that the claim is word for word, or most of, or the table row that it reads out."""
    sentences = (sentence for passage in cited for sentence in passage.sentences)
    return next((one for one in sentences if _is_in(claim, one) and _agrees(claim, one.said)), None)


def _is_in(claim: Claim, sentence: SourceSentence) -> bool:
    said, known = claim.folded, sentence.text.folded
    is_long_enough = len(said) >= max(2.0, _VERBATIM_SHARE * len(known))
    is_part = is_long_enough and f" {said} " in f" {known} "
    return is_part or (sentence.said is not sentence.text and said == sentence.said.folded)


def _agrees(claim: Claim, said: ReadText) -> bool:
    return claim.negations == said.negations and not missing(claim.values, said.values)
