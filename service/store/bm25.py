"""sparse: text becomes BM25 term weights.

A document's side carries the term-frequency part of BM25 (Robertson and Zaragoza 2009; k1 = 1.2, b = 0.75),
the store adds the inverse document frequency of the tenant's own corpus. Every language stems and stops its
own way. A code or number with marks inside counts as its parts, and as one term.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from qdrant_edge import Bm25, Bm25Config, DisabledStemmer, StopwordsSet, TokenizerType

from service.text.languages import STEMMERS, UNSPACED
from service.text.words import joined
from service.types import SparseVector

_STEMMED = {code: stemmer for code, stemmer in STEMMERS.items() if code != "pl"}
"""Without Polish, which Qdrant's tokenizer does not stem."""

_MARK = re.compile(r"[\W_]")
_LETTER = "\ua78f"
"""A letter that looks like a dot and that no text uses: tokenizers keep what it joins together."""

AVERAGE_TOKENS = 128
"""The length, in terms, that BM25's length normalisation takes as usual: that of our chunks."""


def sparse_document(text: str, language: str) -> SparseVector:
    """The term weights of a chunk in `language` (ISO 639-1)."""
    weights = _model(_known(language)).embed_document(_spelled(text, language))
    return SparseVector(tuple(weights.indices), tuple(weights.values))


def sparse_query(text: str, languages: Iterable[str]) -> SparseVector:
    """The terms of a question as each of the corpus' `languages` stems them, each term once."""
    known = sorted({*languages}) or ["en"]
    indices = {
        index
        for language in known
        for index in _model(_known(language)).embed_query(_spelled(text, language)).indices
    }
    ordered = tuple(sorted(indices))
    return SparseVector(ordered, (1.0,) * len(ordered))


def _spelled(text: str, language: str) -> str:
    """The text, and behind it each code or number with marks inside, spelled so that it is not cut up."""
    return " ".join((text, *(_MARK.sub(_LETTER, term) for term in joined(text, language))))


def _known(language: str) -> str:
    if language in _STEMMED:
        return language
    return "segmented" if language in UNSPACED else "plain"


@lru_cache
def _model(language: str) -> Bm25:
    if language in _STEMMED:
        return Bm25(Bm25Config(avg_len=AVERAGE_TOKENS, language=_STEMMED[language]))
    tokenizer = TokenizerType.Multilingual if language == "segmented" else TokenizerType.Word
    return Bm25(
        Bm25Config(
            avg_len=AVERAGE_TOKENS,
            tokenizer=tokenizer,
            stopwords=StopwordsSet(languages=set(), custom=set()),
            stemmer=DisabledStemmer(),
        )
    )
