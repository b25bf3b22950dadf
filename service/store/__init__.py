"""store: chunk ids under their vectors; two ranked lists come back.

The store finds, it does not decide what is visible: that is the catalogue's part (docs/adr/0005). A chunk is
first *staged*, where no search sees it, then *promoted*: searches find it. No text is held. The vectors of
each chunk's tokens, which reranking reads, lie in a `TokenStore` of their own; `index.py` writes to both in
the order that a crash forgives.

Every write carries an `epoch`, a number that only grows from one writer of a document to the next: that of a
job's lease, of a delete, of a repair (`Jobs.new_epoch`). A chunk remembers the highest epoch that staged or
promoted it, and a lower one changes it no more: who was stopped and wakes late removes, hides and relabels
nothing that a newer version uses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from service.tenancy import Placement
from service.types import Candidates, DocumentAttributes, Filters, Point, QueryVectors, Scope, TokenVectors


class Store(Protocol):
    """A vector store for many tenants; safe to call from several threads.

    Every method that touches documents raises `StoreUnavailable` when the engine does not answer.
    """

    def search(self, scope: Scope, vectors: QueryVectors, filters: Filters, limit: int) -> Candidates:
        """The best `limit` promoted chunks by cosine similarity and by BM25, of this scope alone.

        Raises:
            InvalidFilter: a metadata field's name cannot be searched.
        """
        ...

    def stage(
        self,
        scope: Scope,
        document_id: str,
        attributes: DocumentAttributes,
        points: Sequence[Point],
        epoch: int,
    ) -> None:
        """Adds chunks that no search sees yet; one that is promoted already stays so, with new vectors.

        A chunk of a higher epoch is left as it is.
        """
        ...

    def promote(
        self,
        scope: Scope,
        document_id: str,
        attributes: DocumentAttributes,
        chunk_ids: Sequence[str],
        epoch: int,
    ) -> None:
        """Makes the chunks of a version searchable, under the given attributes, and its own by their epoch.

        A search that runs beside it may find some of them before others. Chunks of a higher epoch are left as
        they are.
        """
        ...

    def discard(self, scope: Scope, document_id: str, chunk_ids: Sequence[str], epoch: int) -> None:
        """Removes those of these chunks of the document that have no higher epoch."""
        ...

    def delete_document(self, scope: Scope, document_id: str, epoch: int) -> None:
        """Removes every chunk of the document that has no higher epoch, staged or promoted."""
        ...

    def chunk_ids(self, scope: Scope, document_id: str) -> frozenset[str]:
        """The ids of all chunks of the document, staged or promoted."""
        ...

    def chunks(self, scope: Scope) -> Iterator[tuple[str, str]]:
        """Document and chunk id of every chunk of the tenant, staged or promoted, in any order.

        What is written while it is read may be among them or not.
        """
        ...

    def count(self, scope: Scope, document_id: str | None = None) -> int:
        """How many chunks, staged or promoted, there are of the document, or of the tenant."""
        ...

    def size(self) -> int:
        """How many chunks there are of all tenants together, without counting anew."""
        ...

    def flush(self) -> None:
        """Makes everything so far durable."""
        ...

    def close(self) -> None:
        """Flushes and lets go of the engine."""
        ...


class TokenStore(Protocol):
    """The token vectors of chunks, by chunk id; safe to call from several threads.

    What a method has written is durable when it returns. Every method raises `StoreUnavailable` when the
    store does not answer, or `CatalogueUnavailable` where it lies in the catalogue's database
    (`service/catalogue/token_table.py`).
    """

    def put(self, scope: Scope, document_id: str, points: Sequence[Point], epoch: int) -> None:
        """Keeps the token vectors of those points that have some.

        Earlier ones of a chunk are replaced, unless they have a higher epoch.
        """
        ...

    def keep(self, scope: Scope, document_id: str, chunk_ids: Sequence[str], epoch: int) -> None:
        """Makes those of these chunks a version's own by its epoch, unless they have a higher one."""
        ...

    def get(self, scope: Scope, chunk_ids: Sequence[str]) -> Mapping[str, TokenVectors]:
        """The token vectors of those of the tenant's chunks that have some, by chunk id."""
        ...

    def discard(self, scope: Scope, document_id: str, chunk_ids: Sequence[str], epoch: int) -> None:
        """Removes those of these chunks of the document that have no higher epoch."""
        ...

    def delete_document(self, scope: Scope, document_id: str, epoch: int) -> None:
        """Removes those of every chunk of the document that have no higher epoch."""
        ...

    def chunk_ids(self, scope: Scope, document_id: str) -> frozenset[str]:
        """The ids of the document's chunks that have some."""
        ...

    def chunks(self, scope: Scope) -> Iterator[tuple[str, str]]:
        """Document and chunk id of every chunk of the tenant that has some, in any order.

        What is written while it is read may be among them or not.
        """
        ...

    def count(self, scope: Scope, document_id: str | None = None) -> int:
        """How many chunks of the document, or of the tenant, have some."""
        ...

    def check(self) -> str:
        """How it does, in words; asks the store itself."""
        ...

    def close(self) -> None:
        """Lets go of the engine."""
        ...


class Places(Protocol):
    """Where tenants' vectors lie, as the catalogue says."""

    def look(self, tenant: str) -> Placement:
        """Where this tenant's lie now."""
        ...

    def dedicated(self) -> Sequence[str]:
        """The tenants that have a collection of their own, or are about to."""
        ...
