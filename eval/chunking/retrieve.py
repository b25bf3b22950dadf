"""The search that every method goes through: cosine and BM25 lists, fused by Reciprocal Rank Fusion."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from service.embed import Embedder
from service.fuse import fuse
from service.settings import FuseSettings, SearchSettings
from service.types import Candidate, Candidates

_WORD = re.compile(r"\w+")


def rank(texts: Sequence[str], questions: Sequence[str], embedder: Embedder) -> list[list[int]]:
    """For each question the indices of the texts that either list holds, best first."""
    from rank_bm25 import BM25Okapi

    vectors = np.stack([found.dense for found in embedder.embed_passages(texts)])
    lexical = BM25Okapi([_words(text) for text in texts])
    return [
        _fused(
            vectors @ embedder.embed_query(question).dense,
            np.asarray(lexical.get_scores(_words(question))),
        )
        for question in questions
    ]


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _fused(dense: NDArray[np.floating], sparse: NDArray[np.floating]) -> list[int]:
    found = fuse(Candidates(_best(dense), _best(sparse)), FuseSettings())
    return [int(one.chunk_id) for one in found]


def _best(scores: NDArray[np.floating]) -> tuple[Candidate, ...]:
    """The candidates of one list, named by their number so that equal scores keep the order of the text."""
    order = np.argsort(-scores, kind="stable")[: SearchSettings().candidates]
    return tuple(Candidate(f"{index:09d}", float(scores[index])) for index in order if scores[index] > 0)
