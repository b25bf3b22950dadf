"""A chunk's vectors and its token vectors, which lie in two stores without a common transaction.

Tokens are written before the vectors that make a chunk be found, and removed after them. So whatever a crash
leaves, a chunk that is found can be reranked; token vectors without a chunk are found by `chunk_ids` and
removed by the next attempt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from service.store import Store, TokenStore
from service.types import DocumentAttributes, Point, Scope


@dataclass(frozen=True, slots=True)
class StoredChunks:
    """The ids of a document's chunks: `whole` are in both stores, `found` are in one of them at least."""

    whole: frozenset[str] = frozenset()
    found: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ChunkIndex:
    """Both stores, written to in the right order.

    There may be other indexes beside it, of other models: one that is being built, one that is still answered
    from. What needs no vectors, labels and removals, is done in all of them, so that none has to be brought
    up to date but by embedding what it lacks.
    """

    vectors: Store
    tokens: TokenStore
    keeps_tokens: bool
    """Whether chunks have token vectors at all (`rerank.token_dimensions`)."""
    beside: Callable[[], Sequence[ChunkIndex]] = tuple
    """Gives the indexes that there are beside this one now."""

    def stage(
        self,
        scope: Scope,
        document_id: str,
        attributes: DocumentAttributes,
        points: Sequence[Point],
        epoch: int,
    ) -> None:
        """Adds chunks that no search sees yet."""
        self.tokens.put(scope, document_id, points, epoch)
        self.vectors.stage(scope, document_id, attributes, points, epoch)

    def promote(
        self,
        scope: Scope,
        document_id: str,
        attributes: DocumentAttributes,
        chunk_ids: Sequence[str],
        epoch: int,
    ) -> None:
        """Makes the chunks of a version searchable."""
        self.tokens.keep(scope, document_id, chunk_ids, epoch)
        self.vectors.promote(scope, document_id, attributes, chunk_ids, epoch)
        for other in self.beside():
            other.promote(scope, document_id, attributes, chunk_ids, epoch)

    def discard(self, scope: Scope, document_id: str, chunk_ids: Sequence[str], epoch: int) -> None:
        """Removes these chunks of the document, unless a newer version uses them."""
        if not chunk_ids:
            return
        self.vectors.discard(scope, document_id, chunk_ids, epoch)
        self.tokens.discard(scope, document_id, chunk_ids, epoch)
        for other in self.beside():
            other.discard(scope, document_id, chunk_ids, epoch)

    def delete_document(self, scope: Scope, document_id: str, epoch: int) -> None:
        """Removes every chunk of the document that has no higher epoch."""
        self.vectors.delete_document(scope, document_id, epoch)
        self.tokens.delete_document(scope, document_id, epoch)
        for other in self.beside():
            other.delete_document(scope, document_id, epoch)

    def chunk_ids(self, scope: Scope, document_id: str) -> StoredChunks:
        """What there is of the document, also what a crash has left."""
        vectors = self.vectors.chunk_ids(scope, document_id)
        tokens = self.tokens.chunk_ids(scope, document_id)
        return StoredChunks(vectors & tokens if self.keeps_tokens else vectors, vectors | tokens)

    def count(self, scope: Scope, document_id: str) -> Mapping[str, int]:
        """How many chunks of the document there are in each place, of all indexes together.

        A chunk's dense vector and its sparse entry are one record of the engine, which it counts and removes.
        """
        others = self.beside()
        records = sum(one.vectors.count(scope, document_id) for one in (self, *others))
        return {
            "vectors": records,
            "sparse_entries": records,
            "token_vectors": sum(one.tokens.count(scope, document_id) for one in (self, *others)),
        }

    def close(self) -> None:
        """Lets go of both engines."""
        try:
            self.vectors.close()
        finally:
            self.tokens.close()
