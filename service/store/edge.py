"""The embedded engine: Qdrant Edge, in this process, in a folder.

Searches run beside writes; writes take turns. One process may hold the folder at a time, which `wiring.py`
ensures for the whole data folder.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import qdrant_edge as edge

from service.errors import StoreUnavailable
from service.store.edge_filters import corpus, keyword, of_document, promoted, searchable
from service.store.payload import attributes_payload, metadata_by_type, payload
from service.store.token_file import TokenFile
from service.types import (
    Candidate,
    Candidates,
    DocumentAttributes,
    Filters,
    Point,
    QueryVectors,
    Scope,
    TokenVectors,
)

DENSE, SPARSE = "dense", "bm25"
NEVER_KB = 2**40
POINTS_A_WRITE = 256
POINTS_A_PAGE = 1_000

Index = edge.KeywordIndexParams | edge.FloatIndexParams | edge.DatetimeIndexParams

METADATA_INDEX: dict[str, Callable[[], Index]] = {
    "text": edge.KeywordIndexParams,
    "number": edge.FloatIndexParams,
    "date": edge.DatetimeIndexParams,
}
FIELD_INDEX: dict[str, Callable[[], Index]] = {
    "tenant": lambda: edge.KeywordIndexParams(is_tenant=True),
    "live": edge.KeywordIndexParams,
    "document": edge.KeywordIndexParams,
    "groups": edge.KeywordIndexParams,
    "source": lambda: edge.KeywordIndexParams(prefix=True),
}


class EdgeStore:
    """The `Store` on Qdrant Edge.

    Args:
        folder: where the shard lies; made if it is not there.
        dimension: length of the dense vectors.

    Raises:
        StoreUnavailable: the folder cannot be opened.
    """

    def __init__(self, folder: Path, dimension: int) -> None:
        self._write = threading.Lock()
        with _translated():
            shard = folder / "shard"
            if any(shard.glob("*")):
                self._shard = edge.EdgeShard.load(str(shard))
            else:
                shard.mkdir(parents=True, exist_ok=True)
                self._shard = edge.EdgeShard.create(str(shard), _configuration(dimension))
            self._tokens = TokenFile(folder / "tokens.db")
            self._indexed = set(self._shard.info().payload_schema)
            for field, index in FIELD_INDEX.items():
                self._ensure_index(field, index)

    def search(self, scope: Scope, vectors: QueryVectors, filters: Filters, limit: int) -> Candidates:
        """See `Store`."""
        allowed = searchable(scope, filters)
        dense = edge.QueryRequest(
            query=edge.Query.Nearest(vectors.dense.tolist(), using=DENSE),
            filter=allowed,
            limit=limit,
            with_payload=["document"],
        )
        with _translated():
            if not vectors.sparse.indices:
                return Candidates(_candidates(self._shard.query(dense)), ())
            terms = edge.SparseVector(list(vectors.sparse.indices), list(vectors.sparse.values))
            sparse = edge.QueryRequest(
                query=edge.Query.Nearest(terms, using=SPARSE),
                filter=allowed,
                limit=limit,
                params=edge.SearchParams(idf=edge.IdfParams(corpus=corpus(scope))),
                with_payload=["document"],
            )
            found = self._shard.query_batch(edge.QueryBatchRequest([dense, sparse]))
            return Candidates(_candidates(found[0]), _candidates(found[1]))

    def stage(
        self, scope: Scope, document_id: str, attributes: DocumentAttributes, points: Sequence[Point]
    ) -> None:
        """See `Store`."""
        self._tokens.put(scope.tenant, document_id, points)
        hidden = payload(scope.tenant, document_id, attributes, live=False)
        shown = payload(scope.tenant, document_id, attributes, live=True)
        for start in range(0, len(points), POINTS_A_WRITE):
            piece = points[start : start + POINTS_A_WRITE]
            live = frozenset(self._scroll(promoted(scope, [point.chunk_id for point in piece])))
            rows = [_row(point, shown if point.chunk_id in live else hidden) for point in piece]
            self._update(edge.UpdateOperation.upsert_points(rows))

    def promote(self, scope: Scope, document_id: str, attributes: DocumentAttributes) -> None:
        """See `Store`."""
        for kind, fields in metadata_by_type(attributes).items():
            for name in fields:
                self._ensure_index(f"{kind}.{name}", METADATA_INDEX[kind])
        changed = attributes_payload(scope.tenant, attributes, live=True)
        self._update(edge.UpdateOperation.set_payload_by_filter(of_document(scope, document_id), changed))

    def discard(self, scope: Scope, document_id: str, chunk_ids: Sequence[str]) -> None:
        """See `Store`."""
        if chunk_ids:
            ours = edge.Filter(must=[of_document(scope, document_id), edge.HasIdCondition(set(chunk_ids))])
            self._update(edge.UpdateOperation.delete_points_by_filter(ours))
            self._tokens.discard(scope.tenant, document_id, chunk_ids)

    def delete_document(self, scope: Scope, document_id: str) -> None:
        """See `Store`."""
        self._update(edge.UpdateOperation.delete_points_by_filter(of_document(scope, document_id)))
        self._tokens.delete_document(scope.tenant, document_id)

    def tokens(self, scope: Scope, chunk_ids: Sequence[str]) -> Mapping[str, TokenVectors]:
        """See `Store`."""
        return self._tokens.get(scope.tenant, chunk_ids)

    def chunk_ids(self, scope: Scope, document_id: str) -> frozenset[str]:
        """See `Store`."""
        return frozenset(self._scroll(of_document(scope, document_id)))

    def count(self, scope: Scope, document_id: str | None = None) -> int:
        """See `Store`."""
        which = (
            of_document(scope, document_id)
            if document_id is not None
            else edge.Filter(must=[keyword("tenant", scope.tenant)])
        )
        with _translated():
            points = self._shard.count(edge.CountRequest(exact=True, filter=which))
        return max(points, self._tokens.count(scope.tenant, document_id))

    def size(self) -> int:
        """See `Store`."""
        with _translated():
            return int(self._shard.info().points_count)

    def flush(self) -> None:
        """See `Store`."""
        with self._write, _translated():
            self._shard.flush()

    def close(self) -> None:
        """See `Store`."""
        with self._write, _translated():
            self._shard.flush()
            self._shard.close()
            self._tokens.close()

    def _scroll(self, which: edge.Filter) -> Iterator[str]:
        offset: int | UUID | str | None = None
        while True:
            request = edge.ScrollRequest(
                offset=offset, limit=POINTS_A_PAGE, filter=which, with_payload=False, with_vector=False
            )
            with _translated():
                records, offset = self._shard.scroll(request)
            yield from (str(record.id) for record in records)
            if offset is None:
                return

    def _update(self, operation: edge.UpdateOperation) -> None:
        with self._write, _translated():
            self._shard.update(operation)

    def _ensure_index(self, field: str, index: Callable[[], Index]) -> None:
        if field not in self._indexed:
            self._update(edge.UpdateOperation.create_field_index(field, index()))
            self._indexed.add(field)


def _configuration(dimension: int) -> edge.EdgeConfig:
    """No HNSW graph is built: at 100,000 chunks a scan of the tenant's vectors takes milliseconds.

    They are kept in a byte a number (TurboQuant, Zandieh et al. 2025), because a scan takes as long as memory
    does to give them: a quarter of the time and place of float32, with 99 % of the same best fifty.
    """
    dense = edge.EdgeVectorParams(
        size=dimension, distance=edge.Distance.Cosine, datatype=edge.VectorStorageDatatype.Turbo8
    )
    return edge.EdgeConfig(
        vectors={DENSE: dense},
        sparse_vectors={SPARSE: edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf)},
        optimizers=edge.EdgeOptimizersConfig(indexing_threshold=NEVER_KB),
    )


def _row(point: Point, beside: dict[str, object]) -> edge.Point:
    terms = edge.SparseVector(list(point.sparse.indices), list(point.sparse.values))
    return edge.Point(point.chunk_id, {DENSE: point.dense.tolist(), SPARSE: terms}, beside)


def _candidates(found: Sequence[edge.ScoredPoint]) -> tuple[Candidate, ...]:
    return tuple(
        Candidate(str(point.id), str((point.payload or {})["document"]), float(point.score))
        for point in found
    )


@contextmanager
def _translated() -> Iterator[None]:
    """Turns the engine's errors, which it raises as plain `Exception`, into ours."""
    try:
        yield
    except Exception as error:
        if type(error) is not Exception:
            raise
        raise StoreUnavailable(f"the embedded vector store failed: {error}") from error
