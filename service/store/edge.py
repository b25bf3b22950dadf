"""The embedded engine: Qdrant Edge, in this process, in a folder.

Searches run beside writes; writes take turns. One process may hold the folder at a time, which `wiring.py`
ensures for the whole data folder.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import qdrant_edge as edge
from typing_extensions import override

from service.disk import ROOM, ensure_room
from service.errors import StorageFull, StoreDamaged, StoreUnavailable
from service.store import Store
from service.store.damage import REINDEX, SIGNS, is_panic
from service.store.edge_filters import edge_filter
from service.store.payload import attributes_payload, metadata_by_type, payload
from service.store.restrictions import (
    AllOf,
    corpus,
    of_document,
    of_document_until,
    of_tenant,
    of_writer,
    promoted,
    replaceable,
    searchable,
)
from service.types import (
    Candidate,
    Candidates,
    DocumentAttributes,
    Filters,
    Point,
    QueryVectors,
    Scope,
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


class EdgeStore(Store):
    """The `Store` on Qdrant Edge.

    Args:
        folder: where the shard lies; made if it is not there.
        dimension: length of the dense vectors.
        min_free_bytes: with less room on the disk nothing is staged.

    Raises:
        StoreDamaged: the folder holds an index that cannot be opened.
    """

    def __init__(self, folder: Path, dimension: int, min_free_bytes: int = 0) -> None:
        self._folder = folder
        self._min_free_bytes = min_free_bytes
        self._write = threading.Lock()
        with _translated():
            self._shard = _opened(folder / "shard", dimension)
            self._indexed = set(self._shard.info().payload_schema)
            for field, index in FIELD_INDEX.items():
                self._ensure_index(field, index)

    @override
    def search(self, scope: Scope, vectors: QueryVectors, filters: Filters, limit: int) -> Candidates:
        allowed = edge_filter(searchable(scope, filters))
        dense = edge.QueryRequest(
            query=edge.Query.Nearest(vectors.dense.tolist(), using=DENSE),
            filter=allowed,
            limit=limit,
            with_payload=False,
        )
        with _translated():
            if not vectors.sparse.indices:
                return Candidates(_candidates(self._shard.query(dense)), ())
            terms = edge.SparseVector(list(vectors.sparse.indices), list(vectors.sparse.values))
            sparse = edge.QueryRequest(
                query=edge.Query.Nearest(terms, using=SPARSE),
                filter=allowed,
                limit=limit,
                params=edge.SearchParams(idf=edge.IdfParams(corpus=edge_filter(corpus(scope)))),
                with_payload=False,
            )
            found = self._shard.query_batch(edge.QueryBatchRequest([dense, sparse]))
            return Candidates(_candidates(found[0]), _candidates(found[1]))

    @override
    def stage(
        self,
        scope: Scope,
        document_id: str,
        attributes: DocumentAttributes,
        points: Sequence[Point],
        epoch: int,
    ) -> None:
        ensure_room(self._folder, self._min_free_bytes)
        hidden = payload(scope.tenant, document_id, attributes, epoch, live=False)
        shown = payload(scope.tenant, document_id, attributes, epoch, live=True)
        for start in range(0, len(points), POINTS_A_WRITE):
            piece = points[start : start + POINTS_A_WRITE]
            live = frozenset(self._scroll(promoted(scope, [point.chunk_id for point in piece])))
            rows = [_row(point, shown if point.chunk_id in live else hidden) for point in piece]
            self._update(edge.UpdateOperation.upsert_points(rows, condition=edge_filter(replaceable(epoch))))

    @override
    def promote(
        self,
        scope: Scope,
        document_id: str,
        attributes: DocumentAttributes,
        chunk_ids: Sequence[str],
        epoch: int,
    ) -> None:
        for kind, fields in metadata_by_type(attributes).items():
            for name in fields:
                self._ensure_index(f"{kind}.{name}", METADATA_INDEX[kind])
        changed = attributes_payload(scope.tenant, attributes, epoch, live=True)
        ours = edge_filter(of_writer(scope, document_id, chunk_ids, epoch))
        self._update(edge.UpdateOperation.set_payload_by_filter(ours, changed))

    @override
    def discard(self, scope: Scope, document_id: str, chunk_ids: Sequence[str], epoch: int) -> None:
        if chunk_ids:
            ours = edge_filter(of_writer(scope, document_id, chunk_ids, epoch))
            self._update(edge.UpdateOperation.delete_points_by_filter(ours))

    @override
    def delete_document(self, scope: Scope, document_id: str, epoch: int) -> None:
        ours = edge_filter(of_document_until(scope, document_id, epoch))
        self._update(edge.UpdateOperation.delete_points_by_filter(ours))

    @override
    def chunk_ids(self, scope: Scope, document_id: str) -> frozenset[str]:
        return frozenset(self._scroll(of_document(scope, document_id)))

    @override
    def chunks(self, scope: Scope) -> Iterator[tuple[str, str]]:
        for record in self._records(of_tenant(scope), ["document"]):
            yield str((record.payload or {})["document"]), str(record.id)

    @override
    def count(self, scope: Scope, document_id: str | None = None) -> int:
        which = of_tenant(scope) if document_id is None else of_document(scope, document_id)
        with _translated():
            return int(self._shard.count(edge.CountRequest(exact=True, filter=edge_filter(which))))

    @override
    def size(self) -> int:
        with _translated():
            return int(self._shard.info().points_count)

    @override
    def flush(self) -> None:
        with self._write, _translated():
            self._shard.flush()

    @override
    def close(self) -> None:
        with self._write, _translated():
            self._shard.flush()
            self._shard.close()

    def _scroll(self, which: AllOf) -> Iterator[str]:
        return (str(record.id) for record in self._records(which, False))

    def _records(self, which: AllOf, fields: bool | list[str]) -> Iterator[edge.Record]:
        offset: int | UUID | str | None = None
        while True:
            request = edge.ScrollRequest(
                offset=offset,
                limit=POINTS_A_PAGE,
                filter=edge_filter(which),
                with_payload=fields,
                with_vector=False,
            )
            with _translated():
                records, offset = self._shard.scroll(request)
            yield from records
            if offset is None:
                return

    def _update(self, operation: edge.UpdateOperation) -> None:
        with self._write, _translated():
            self._shard.update(operation)

    def _ensure_index(self, field: str, index: Callable[[], Index]) -> None:
        if field not in self._indexed:
            self._update(edge.UpdateOperation.create_field_index(field, index()))
            self._indexed.add(field)


def _opened(shard: Path, dimension: int) -> edge.EdgeShard:
    if not any(shard.glob("*")):
        shard.mkdir(parents=True, exist_ok=True)
        return edge.EdgeShard.create(str(shard), _configuration(dimension))
    try:
        return edge.EdgeShard.load(str(shard), _configuration(dimension))
    except Exception as error:
        if type(error) is not Exception:
            raise
        raise StoreDamaged(f"the index in {shard} cannot be opened: {error}", hint=REINDEX) from error


def _configuration(dimension: int) -> edge.EdgeConfig:
    """No HNSW graph is built: at 100,000 chunks a scan of the tenant's vectors takes milliseconds.

    They are kept in a byte a number (TurboQuant, Zandieh et al. 2025), because a scan takes as long as memory
    does to give them: a quarter of the time and place of float32, with 99 % of the same best fifty.
    A search wakes every thread: more than there are cores, as the engine would have, look for work in vain.
    """
    dense = edge.EdgeVectorParams(
        size=dimension, distance=edge.Distance.Cosine, datatype=edge.VectorStorageDatatype.Turbo8
    )
    return edge.EdgeConfig(
        vectors={DENSE: dense},
        sparse_vectors={SPARSE: edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf)},
        optimizers=edge.EdgeOptimizersConfig(indexing_threshold=NEVER_KB),
        max_search_threads=os.cpu_count(),
    )


def _row(point: Point, beside: dict[str, object]) -> edge.Point:
    terms = edge.SparseVector(list(point.sparse.indices), list(point.sparse.values))
    return edge.Point(point.chunk_id, {DENSE: point.dense.tolist(), SPARSE: terms}, beside)


def _candidates(found: Sequence[edge.ScoredPoint]) -> tuple[Candidate, ...]:
    return tuple(Candidate(str(point.id), point.score) for point in found)


@contextmanager
def _translated() -> Iterator[None]:
    """Turns the engine's errors, which it raises as plain `Exception` or as a panic, into ours."""
    try:
        yield
    except BaseException as error:
        if is_panic(error):
            raise StoreDamaged("the embedded vector store is damaged: it panicked", hint=REINDEX) from error
        if type(error) is not Exception:
            raise
        if "No space left" in str(error):
            raise StorageFull("the vector store cannot be written: the disk is full", hint=ROOM) from error
        if any(sign in str(error) for sign in SIGNS):
            raise StoreDamaged(f"the embedded vector store is damaged: {error}", hint=REINDEX) from error
        raise StoreUnavailable(f"the embedded vector store failed: {error}") from error
