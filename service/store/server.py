"""The server engine: a Qdrant server or cluster, one collection for many tenants.

A write returns when the server has applied it. Every write of a version carries its epoch, so that one that
arrives twice, or late, changes nothing more; therefore it is tried again while the server cannot be reached.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from qdrant_client import QdrantClient, models
from typing_extensions import override

from service.settings import ServerStoreSettings
from service.store import Store
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
from service.store.server_collection import DENSE, METADATA_INDEX, SPARSE
from service.store.server_errors import translated, was_not_reached
from service.store.server_filters import server_filter
from service.types import Candidate, Candidates, DocumentAttributes, Filters, Point, QueryVectors, Scope

POINTS_A_WRITE = 256
POINTS_A_PAGE = 1_000
REMOVED_WITHIN_S = 60
TRIES = 3
PAUSE_S = 0.1
"""Before the second try; twice as long before the third."""
ORDERING = models.WriteOrdering.MEDIUM
"""Writes of one point go through one replica, so that a lower epoch never overtakes a higher one."""

Result = TypeVar("Result")


def connected(settings: ServerStoreSettings) -> QdrantClient:
    """A client of the server that the settings name; it connects when it is first asked something."""
    return QdrantClient(
        url=settings.url,
        api_key=settings.api_key.get_secret_value() or None,
        grpc_port=settings.grpc_port,
        prefer_grpc=True,
        timeout=math.ceil(settings.timeout_s),
        check_compatibility=False,
    )


def prepared(settings: ServerStoreSettings, prepare: Callable[[QdrantClient], None]) -> QdrantClient:
    """A client of its own, once the server is as it must be.

    Raises:
        StoreUnavailable: the server does not answer.
    """
    client = connected(settings)
    try:
        with translated():
            prepare(client)
    except BaseException:
        client.close()
        raise
    return client


class ServerStore(Store):
    """The `Store` on a Qdrant server.

    Args:
        client: connected to it; closed with the store.
        collection: the collection itself rather than its alias: an alias may be switched to the index of
            another model, which this process's vectors do not fit.
    """

    def __init__(self, client: QdrantClient, collection: str) -> None:
        self._client = client
        self._collection = collection
        self._indexed: set[str] = set()

    @override
    def search(self, scope: Scope, vectors: QueryVectors, filters: Filters, limit: int) -> Candidates:
        allowed = server_filter(searchable(scope, filters))
        requests = [_request(vectors.dense.tolist(), DENSE, allowed, limit)]
        if vectors.sparse.indices:
            idf = models.IdfCorpusParams(corpus=server_filter(corpus(scope)))
            request = _request(_terms(vectors.sparse.indices, vectors.sparse.values), SPARSE, allowed, limit)
            requests.append(request.model_copy(update={"params": models.SearchParams(idf=idf)}))
        found = self._ask(lambda: self._client.query_batch_points(self._collection, requests))
        lists = [_candidates(response.points) for response in found]
        return Candidates(lists[0], lists[1] if len(lists) > 1 else ())

    @override
    def stage(
        self,
        scope: Scope,
        document_id: str,
        attributes: DocumentAttributes,
        points: Sequence[Point],
        epoch: int,
    ) -> None:
        hidden = payload(scope.tenant, document_id, attributes, epoch, live=False)
        shown = payload(scope.tenant, document_id, attributes, epoch, live=True)
        for start in range(0, len(points), POINTS_A_WRITE):
            piece = points[start : start + POINTS_A_WRITE]
            live = frozenset(self._scroll(promoted(scope, [point.chunk_id for point in piece])))
            self._upsert([_row(one, shown if one.chunk_id in live else hidden) for one in piece], epoch)

    def _upsert(self, rows: list[models.PointStruct], epoch: int) -> None:
        self._ask(
            lambda: self._client.upsert(
                self._collection,
                rows,
                wait=True,
                ordering=ORDERING,
                update_filter=server_filter(replaceable(epoch)),
            )
        )

    @override
    def promote(
        self,
        scope: Scope,
        document_id: str,
        attributes: DocumentAttributes,
        chunk_ids: Sequence[str],
        epoch: int,
    ) -> None:
        self._ensure_indexes(attributes)
        changed = attributes_payload(scope.tenant, attributes, epoch, live=True)
        ours = server_filter(of_writer(scope, document_id, chunk_ids, epoch))
        self._ask(
            lambda: self._client.set_payload(
                self._collection, changed, points=ours, wait=True, ordering=ORDERING
            )
        )

    @override
    def discard(self, scope: Scope, document_id: str, chunk_ids: Sequence[str], epoch: int) -> None:
        if chunk_ids:
            ours = of_writer(scope, document_id, chunk_ids, epoch)
            self._ask(lambda: self._delete(ours))

    @override
    def delete_document(self, scope: Scope, document_id: str, epoch: int) -> None:
        ours = of_document_until(scope, document_id, epoch)
        self._ask(lambda: self._delete(ours))

    def _delete(self, which: AllOf) -> None:
        selected = models.FilterSelector(filter=server_filter(which))
        self._client.delete(self._collection, selected, wait=True, ordering=ORDERING)

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
        counted = self._ask(
            lambda: self._client.count(self._collection, count_filter=server_filter(which), exact=True)
        )
        return counted.count

    @override
    def size(self) -> int:
        return self._ask(lambda: self._client.get_collection(self._collection)).points_count or 0

    @override
    def flush(self) -> None:
        """Nothing waits: every write was applied when it returned."""

    @override
    def close(self) -> None:
        self._client.close()

    def _scroll(self, which: AllOf) -> Iterator[str]:
        return (str(record.id) for record in self._records(which, False))

    def _records(
        self, which: AllOf, fields: bool | list[str], *, vectors: bool = False
    ) -> Iterator[models.Record]:
        offset: Any = None
        while True:
            records, offset = self._page(which, fields, offset, vectors)
            yield from records
            if offset is None:
                return

    def _page(
        self, which: AllOf, fields: bool | list[str], offset: Any, vectors: bool
    ) -> tuple[list[models.Record], Any]:
        return self._ask(
            lambda: self._client.scroll(
                self._collection,
                scroll_filter=server_filter(which),
                limit=POINTS_A_WRITE if vectors else POINTS_A_PAGE,
                offset=offset,
                with_payload=fields,
                with_vectors=vectors,
            )
        )

    def _ensure_indexes(self, attributes: DocumentAttributes) -> None:
        """Metadata can be searched without an index, but slowly; a second one of a field changes nothing."""
        for kind, fields in metadata_by_type(attributes).items():
            for field in {f"{kind}.{name}" for name in fields} - self._indexed:
                self._index(field, METADATA_INDEX[kind])
                self._indexed.add(field)

    def _index(self, field: str, schema: models.PayloadSchemaType) -> None:
        self._ask(lambda: self._client.create_payload_index(self._collection, field, schema, wait=True))

    def _ask(self, ask: Callable[[], Result]) -> Result:
        """The answer; asked again while the server cannot be reached, a few times."""
        with translated():
            for tried in range(1, TRIES):
                try:
                    return ask()
                except Exception as error:
                    if not was_not_reached(error):
                        raise
                time.sleep(PAUSE_S * tried)
            return ask()


def _request(query: Any, using: str, allowed: models.Filter, limit: int) -> models.QueryRequest:
    return models.QueryRequest(query=query, using=using, filter=allowed, limit=limit, with_payload=False)


def _row(point: Point, beside: Mapping[str, object]) -> models.PointStruct:
    vectors = {
        DENSE: point.dense.tolist(),
        SPARSE: _terms(point.sparse.indices, point.sparse.values),
    }
    return models.PointStruct(id=point.chunk_id, vector=vectors, payload=dict(beside))


def _terms(indices: Sequence[int], values: Sequence[float]) -> models.SparseVector:
    return models.SparseVector(indices=list(indices), values=list(values))


def _candidates(found: Sequence[models.ScoredPoint]) -> tuple[Candidate, ...]:
    return tuple(Candidate(str(point.id), float(point.score)) for point in found)
