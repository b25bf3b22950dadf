"""What the server engine sends over gRPC, which the client's local mode never sees."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import grpc
import pytest
from qdrant_client import grpc as wire

from service.errors import StoreUnavailable
from service.settings import ServerStoreSettings
from service.store import Store
from service.types import DocumentAttributes, Filters, Scope
from tests.answering import DIMENSION
from tests.contract.stores import ACME, chunk_id, opened, stage, vectors

ANSWERS: dict[str, Any] = {
    "HealthCheck": wire.HealthCheckReply(title="qdrant", version="1.19.0"),
    "ListAliases": wire.ListAliasesResponse(),
    "CollectionExists": wire.CollectionExistsResponse(result=wire.CollectionExists(exists=False)),
    "QueryBatch": wire.QueryBatchResponse(result=[wire.BatchResult(), wire.BatchResult()]),
    "Scroll": wire.ScrollResponse(),
    "Count": wire.CountResponse(result=wire.CountResult(count=7)),
    "Create": wire.CollectionOperationResponse(result=True),
    "UpdateAliases": wire.CollectionOperationResponse(result=True),
}
UPDATED = wire.PointsOperationResponse(result=wire.UpdateResult(status=wire.UpdateStatus.Completed))
REQUESTS = {
    "HealthCheck": wire.HealthCheckRequest,
    "ListAliases": wire.ListAliasesRequest,
    "CollectionExists": wire.CollectionExistsRequest,
    "Create": wire.CreateCollection,
    "UpdateAliases": wire.ChangeAliases,
    "CreateFieldIndex": wire.CreateFieldIndexCollection,
    "QueryBatch": wire.QueryBatchPoints,
    "Scroll": wire.ScrollPoints,
    "Count": wire.CountPoints,
    "Upsert": wire.UpsertPoints,
    "SetPayload": wire.SetPayloadPoints,
    "Delete": wire.DeletePoints,
}


class Recorder(grpc.GenericRpcHandler):
    """A server that says yes to everything and remembers what it was asked, by method."""

    def __init__(self) -> None:
        self.asked: dict[str, list[Any]] = {method: [] for method in REQUESTS}

    def service(self, details: Any) -> Any:
        method = details.method.rpartition("/")[2]

        def answer(request: Any, _: object) -> Any:
            self.asked[method].append(request)
            return ANSWERS.get(method, UPDATED)

        return grpc.unary_unary_rpc_method_handler(
            answer,
            request_deserializer=REQUESTS[method].FromString,
            response_serializer=lambda said: said.SerializeToString(),
        )


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def settings(recorder: Recorder) -> Iterator[ServerStoreSettings]:
    server = grpc.server(ThreadPoolExecutor(2), handlers=[recorder])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield ServerStoreSettings(
        url="http://127.0.0.1:9",
        grpc_port=port,
        shard_number=3,
        replication_factor=2,
        write_consistency_factor=2,
    )
    server.stop(grace=None).wait()


@pytest.fixture
def store(settings: ServerStoreSettings) -> Iterator[Store]:
    with closing(opened(settings)) as store:
        yield store


def test_a_new_collection_is_made_as_the_settings_say_and_the_alias_put_before_it(
    recorder: Recorder, store: Store
) -> None:
    (made,) = recorder.asked["Create"]
    assert (made.collection_name, made.shard_number) == ("footnote-index", 3)
    assert (made.replication_factor, made.write_consistency_factor, made.on_disk_payload) == (2, 2, True)
    assert made.vectors_config.params_map.map["dense"].size == DIMENSION
    assert made.sparse_vectors_config.map["bm25"].modifier == wire.Modifier.Idf
    assert made.quantization_config.scalar.always_ram
    (change,) = recorder.asked["UpdateAliases"]
    assert change.actions[0].create_alias.alias_name == "footnote"


def test_the_tenants_field_is_indexed_as_such(recorder: Recorder, store: Store) -> None:
    indexes = {asked.field_name: asked for asked in recorder.asked["CreateFieldIndex"]}
    assert indexes.keys() == {"tenant", "live", "document", "groups", "source", "epoch"}
    assert indexes["tenant"].field_index_params.keyword_index_params.is_tenant


def test_a_search_is_of_one_tenant_and_so_are_its_term_statistics(recorder: Recorder, store: Store) -> None:
    store.search(Scope("acme", frozenset({"sales"})), vectors("pump"), Filters(source_prefix="a/"), 50)
    (asked,) = recorder.asked["QueryBatch"]
    assert [(one.using, one.limit) for one in asked.query_points] == [("dense", 50), ("bm25", 50)]
    for one in asked.query_points:
        assert {part.field.key for part in one.filter.must} == {"live", "groups", "source"}
        assert one.filter.must[0].field.match.keyword == "acme"
    corpus = asked.query_points[1].params.idf.corpus
    assert [(part.field.key, part.field.match.keyword) for part in corpus.must] == [("live", "acme")]


def test_every_write_of_a_version_excludes_chunks_of_a_higher_epoch(recorder: Recorder, store: Store) -> None:
    (id,) = stage(store, ACME, "manual", ["the pump hums"], epoch=3)
    store.promote(ACME, "manual", DocumentAttributes("manual"), [id], 3)
    store.discard(ACME, "manual", [chunk_id("old")], 3)
    upsert, promote, discard = (recorder.asked[name][0] for name in ("Upsert", "SetPayload", "Delete"))
    filters = (upsert.update_filter, promote.points_selector.filter, discard.points.filter)
    for one in filters:
        condition = one.must[-1].filter.must_not[0].field
        assert (condition.key, condition.range.gt) == ("epoch", 3)
    assert all(one.wait for one in (upsert, promote, discard))
    assert upsert.points[0].payload["epoch"].integer_value == 3


def test_a_server_that_went_away_is_an_error_of_ours(settings: ServerStoreSettings) -> None:
    with closing(opened(settings)) as store:
        assert store.count(ACME) == 7
    with pytest.raises(StoreUnavailable, match="cannot be reached"):
        opened(settings.model_copy(update={"grpc_port": 9}))
