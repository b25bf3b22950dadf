"""What came closest, for a reader who gets no answer."""

from __future__ import annotations

from collections.abc import Sequence

from service.types import Citation, Hit

MOST = 3


def closest(hits: Sequence[Hit]) -> tuple[Citation, ...]:
    """The first hits as citations that nothing rests on: each quotes its whole chunk.

    `score` is the similarity of the question's vector to the chunk's, 0 where words alone found it.
    """
    return tuple(_citation(n, hit) for n, hit in enumerate(hits[:MOST], 1))


def _citation(n: int, hit: Hit) -> Citation:
    chunk = hit.chunk
    return Citation(
        n=n,
        document=hit.document,
        chunk_id=chunk.id,
        heading_path=chunk.heading_path,
        page=chunk.page,
        start=chunk.start,
        end=chunk.end,
        quote=chunk.text,
        score=round(min(max(hit.fused.dense_score or 0.0, 0.0), 1.0), 4),
        poor=chunk.poor,
    )
