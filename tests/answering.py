"""Hits, passages and an embedder made up for the tests of the answering stages."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from service.types import (
    Chunk,
    Context,
    DocumentRef,
    Encoded,
    Fused,
    Hit,
    Passage,
    Query,
    QueryVectors,
    Question,
    SparseVector,
    TokenVectors,
    Vector,
)

DIMENSION = 256


def embed(texts: Sequence[str]) -> Vector:
    """Unit vectors of shape (texts, 256) in which texts are near that share words: no model needed."""
    rows = np.zeros((len(texts), DIMENSION), dtype=np.float32)
    for row, text in zip(rows, texts, strict=True):
        for word in re.findall(r"\w+", text.lower()):
            row[zlib.crc32(word[:5].encode()) % DIMENSION] += 1.0
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return rows


def token_vectors(text: str) -> TokenVectors:
    """A token for each word, near those of the same first letters; an id for each word."""
    found = re.findall(r"\w+", text.lower())
    ids = np.array([zlib.crc32(word.encode()) % 30_000 for word in found], dtype=np.int32)
    vectors = embed(found).reshape(len(found), DIMENSION)
    return TokenVectors(ids, np.rint(vectors * 127).astype(np.int8))


def encode(text: str) -> Encoded:
    """One text as an embedder would give it."""
    return Encoded(embed([text])[0], token_vectors(text))


def tokenize(texts: Sequence[str]) -> list[tuple[list[int], list[tuple[int, int]]]]:
    """The ids and places of the tokens of `token_vectors`."""
    found = [(token_vectors(text).ids.tolist(), re.finditer(r"\w+", text)) for text in texts]
    return [(ids, [match.span() for match in matches]) for ids, matches in found]


def a_question(text: str, top_k: int = 8) -> Question:
    """A question as the search half of a query leaves it."""
    return Question(
        Query(text, top_k=top_k), QueryVectors(embed([text])[0], SparseVector((), ()), token_vectors(text))
    )


def count_tokens(text: str) -> int:
    """Words, for budgets that a reader can count."""
    return len(text.split())


def a_hit(
    text: str,
    *,
    id: str = "c1",
    document: str = "d1",
    start: int = 0,
    section: tuple[int, int] | None = None,
    headings: tuple[str, ...] = (),
    header: str = "",
    dense: tuple[int, float] | None = (1, 0.8),
    sparse: tuple[int, float] | None = (1, 9.0),
    language: str = "en",
    score: float = 0.03,
) -> Hit:
    """A hit for a chunk with this text."""
    end = start + len(text)
    chunk = Chunk(
        id=id,
        document_id=document,
        ordinal=0,
        text=text,
        start=start,
        end=end,
        section=section or (start, end),
        heading_path=headings,
        header=header,
        page=1,
        language=language,
    )
    fused = Fused(
        chunk_id=id,
        score=score,
        dense_rank=dense[0] if dense else None,
        sparse_rank=sparse[0] if sparse else None,
        dense_score=dense[1] if dense else None,
        sparse_score=sparse[1] if sparse else None,
    )
    return Hit(
        chunk=chunk,
        document=DocumentRef(document, f"{document}.md", "Handbook", 1),
        fused=fused,
        tokens=token_vectors(chunk.indexed_text),
    )


def a_passage(text: str, n: int = 1, **hit: object) -> Passage:
    """A passage that is one chunk."""
    found = a_hit(text, **{"id": f"c{n}", "document": f"d{n}", **hit})  # type: ignore[arg-type]
    chunk = found.chunk
    return Passage(
        n, found.document, text, chunk.start, chunk.end, chunk.heading_path, chunk.header, (found,)
    )


def a_context(*texts: str | Passage) -> Context:
    """Passages numbered from 1 in the order given."""
    passages = [
        replace(text, n=n) if isinstance(text, Passage) else a_passage(text, n)
        for n, text in enumerate(texts, 1)
    ]
    return Context(passages=tuple(passages), tokens=0)
