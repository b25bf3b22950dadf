"""A stand-in for a Qdrant server: its gRPC calls that Footnote makes, over the client's own local mode.

It is made for small data in tests, and is not Qdrant: points lie in this process's memory, one call runs at
a time, and the graph, quantization, shards, replicas and indexes have no effect. What it does hold to is what
Footnote relies on: filters on updates and deletes, collections behind aliases, term statistics of a tenant,
and errors with gRPC's codes. Several processes may use it at once. Set `QDRANT_URL` to test a real one.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any
from uuid import uuid4

import grpc
from qdrant_client import QdrantClient
from qdrant_client import grpc as wire
from qdrant_client.conversions.conversion import GrpcToRest as Given
from qdrant_client.conversions.conversion import RestToGrpc as Said
from qdrant_client.models import SparseVector
from typing_extensions import override

from service.settings import ServerStoreSettings

VERSION = "1.19.0"
"""The oldest that Footnote takes."""
UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
CODES = {"not found": grpc.StatusCode.NOT_FOUND, "already exists": grpc.StatusCode.ALREADY_EXISTS}
APPLIED = wire.PointsOperationResponse(result=wire.UpdateResult(status=wire.UpdateStatus.Completed))
DONE = wire.CollectionOperationResponse(result=True)


class QdrantStandIn(grpc.GenericRpcHandler):
    """A server on a free port of this machine; what it holds outlives `stop` and `start`."""

    def __init__(self) -> None:
        self._local = QdrantClient(":memory:")
        self._one_at_a_time = threading.Lock()
        self._calls: dict[str, tuple[Any, Callable[[Any], Any]]] = {
            "Qdrant/HealthCheck": (wire.HealthCheckRequest, self._health),
            "Collections/List": (wire.ListCollectionsRequest, self._collections),
            "Collections/Get": (wire.GetCollectionInfoRequest, self._collection),
            "Collections/CollectionExists": (wire.CollectionExistsRequest, self._exists),
            "Collections/Create": (wire.CreateCollection, self._create),
            "Collections/Delete": (wire.DeleteCollection, self._remove),
            "Collections/ListAliases": (wire.ListAliasesRequest, self._aliases),
            "Collections/UpdateAliases": (wire.ChangeAliases, self._switch),
            "Points/CreateFieldIndex": (wire.CreateFieldIndexCollection, self._index),
            "Points/QueryBatch": (wire.QueryBatchPoints, self._query),
            "Points/Scroll": (wire.ScrollPoints, self._scroll),
            "Points/Count": (wire.CountPoints, self._count),
            "Points/Upsert": (wire.UpsertPoints, self._upsert),
            "Points/SetPayload": (wire.SetPayloadPoints, self._set_payload),
            "Points/Delete": (wire.DeletePoints, self._delete),
        }
        self.port = 0
        self.start()

    @property
    def settings(self) -> ServerStoreSettings:
        """Where it is."""
        return ServerStoreSettings(url=f"http://127.0.0.1:{self.port}", grpc_port=self.port)

    def start(self) -> None:
        """Listens, at the same port as before if there was one."""
        self._server = grpc.server(ThreadPoolExecutor(8), handlers=[self], options=UNLIMITED)
        self.port = self._server.add_insecure_port(f"127.0.0.1:{self.port}")
        self._server.start()

    def stop(self) -> None:
        """Answers nobody any more."""
        self._server.stop(grace=None).wait()

    def close(self) -> None:
        self.stop()
        self._local.close()

    @override
    def service(self, details: Any) -> Any:
        request, answer = self._calls[details.method.removeprefix("/qdrant.")]

        def answered(asked: Any, context: Any) -> Any:
            try:
                with self._one_at_a_time:
                    return answer(asked)
            except ValueError as error:  # as local mode says that something is not there, or is already
                said = str(error)
                code = next((code for sign, code in CODES.items() if sign in said), None)
                context.abort(code or grpc.StatusCode.INVALID_ARGUMENT, said)

        return grpc.unary_unary_rpc_method_handler(
            answered,
            request_deserializer=request.FromString,
            response_serializer=lambda said: said.SerializeToString(),
        )

    def _health(self, _: object) -> Any:
        return wire.HealthCheckReply(title="a stand-in for qdrant", version=VERSION)

    # --- collections ---------------------------------------------------------------------------

    def _collections(self, _: object) -> Any:
        found = self._local.get_collections().collections
        return wire.ListCollectionsResponse(
            collections=[Said.convert_collection_description(one) for one in found]
        )

    def _collection(self, asked: Any) -> Any:
        found = self._local.get_collection(asked.collection_name)
        return wire.GetCollectionInfoResponse(result=Said.convert_collection_info(found))

    def _exists(self, asked: Any) -> Any:
        there = self._local.collection_exists(asked.collection_name)
        return wire.CollectionExistsResponse(result=wire.CollectionExists(exists=there))

    def _create(self, asked: Any) -> Any:
        self._local.create_collection(
            asked.collection_name,
            vectors_config=Given.convert_vectors_config(asked.vectors_config),
            sparse_vectors_config=Given.convert_sparse_vector_config(asked.sparse_vectors_config),
        )
        return DONE

    def _remove(self, asked: Any) -> Any:
        self._local.delete_collection(asked.collection_name)
        return DONE

    def _aliases(self, _: object) -> Any:
        found = self._local.get_aliases().aliases
        return wire.ListAliasesResponse(
            aliases=[
                wire.AliasDescription(alias_name=one.alias_name, collection_name=one.collection_name)
                for one in found
            ]
        )

    def _switch(self, asked: Any) -> Any:
        self._local.update_collection_aliases([Given.convert_alias_operations(one) for one in asked.actions])
        return DONE

    def _index(self, asked: Any) -> Any:
        self._local.get_collection(asked.collection_name)  # without an index the same is found
        return APPLIED

    # --- points --------------------------------------------------------------------------------

    def _query(self, asked: Any) -> Any:
        requests = [Given.convert_query_points(one) for one in asked.query_points]
        found = self._local.query_batch_points(asked.collection_name, requests)
        results = [
            wire.BatchResult(result=[Said.convert_scored_point(point) for point in response.points])
            for response in found
        ]
        return wire.QueryBatchResponse(result=results)

    def _scroll(self, asked: Any) -> Any:
        records, after = self._local.scroll(
            asked.collection_name,
            scroll_filter=Given.convert_filter(asked.filter),
            limit=asked.limit,
            offset=Given.convert_point_id(asked.offset) if asked.HasField("offset") else None,
            with_payload=Given.convert_with_payload_interface(asked.with_payload),
            with_vectors=asked.with_vectors.enable,
        )
        return wire.ScrollResponse(
            result=[
                wire.RetrievedPoint(
                    id=Said.convert_extended_point_id(record.id),
                    payload=Said.convert_payload(record.payload or {}),
                    vectors=_vectors_output(record.vector) if asked.with_vectors.enable else None,
                )
                for record in records
            ],
            next_page_offset=None if after is None else Said.convert_extended_point_id(after),
        )

    def _count(self, asked: Any) -> Any:
        found = self._local.count(asked.collection_name, count_filter=Given.convert_filter(asked.filter))
        return wire.CountResponse(result=wire.CountResult(count=found.count))

    def _upsert(self, asked: Any) -> Any:
        self._local.upsert(
            asked.collection_name,
            [Given.convert_point_struct(point) for point in asked.points],
            update_filter=(
                Given.convert_filter(asked.update_filter) if asked.HasField("update_filter") else None
            ),
        )
        return APPLIED

    def _set_payload(self, asked: Any) -> Any:
        self._local.set_payload(
            asked.collection_name,
            Given.convert_payload(asked.payload),
            points=Given.convert_points_selector(asked.points_selector),
        )
        return APPLIED

    def _delete(self, asked: Any) -> Any:
        self._local.delete(asked.collection_name, Given.convert_points_selector(asked.points))
        return APPLIED


def _vectors_output(vectors: Any) -> Any:
    """A point's named vectors as a server gives them."""
    named = {
        name: (
            wire.VectorOutput(sparse=wire.SparseVector(indices=one.indices, values=one.values))
            if isinstance(one, SparseVector)
            else wire.VectorOutput(dense=wire.DenseVector(data=one))
        )
        for name, one in vectors.items()
    }
    return wire.VectorsOutput(vectors=wire.NamedVectorsOutput(vectors=named))


@contextmanager
def running() -> Iterator[ServerStoreSettings]:
    """Where a server is: the real one that `QDRANT_URL` names (gRPC at `QDRANT_GRPC_PORT`), or a stand-in."""
    if url := os.environ.get("QDRANT_URL"):
        port = int(os.environ.get("QDRANT_GRPC_PORT", "6334"))
        yield ServerStoreSettings(url=url, grpc_port=port)
        return
    with closing(QdrantStandIn()) as server:
        yield server.settings


@contextmanager
def own_alias(server: ServerStoreSettings) -> Iterator[ServerStoreSettings]:
    """An alias of one test's own; its collections are gone after the block."""
    alias = f"test-{uuid4().hex}"
    yield server.model_copy(update={"alias": alias})
    with closing(connected(server)) as client:
        for found in client.get_collections().collections:
            if found.name.startswith(f"{alias}-"):
                client.delete_collection(found.name)


def connected(server: ServerStoreSettings) -> QdrantClient:
    """A client of its own, to look and to tidy up."""
    return QdrantClient(
        url=server.url, grpc_port=server.grpc_port, prefer_grpc=True, check_compatibility=False
    )
