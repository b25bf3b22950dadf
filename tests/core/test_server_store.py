"""The server engine at its edges: opening, the alias, a server that is away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from grpc import RpcError, StatusCode
from httpx import Headers
from qdrant_client import QdrantClient, models
from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from ingestion.aftermath import NOBODYS_FAULT
from service.errors import FootnoteError, IndexMismatch, StorageFull, StoreUnavailable, StoreUnreachable
from service.settings import ServerStoreSettings
from service.store.server import ServerStore
from service.store.server_collection import behind, ensure_collection, switch
from tests.answering import DIMENSION
from tests.contract.stores import ACME, opened

SETTINGS = ServerStoreSettings(alias="answers")


class Refused(RpcError):
    """As gRPC raises it."""

    def __init__(self, code: StatusCode, details: str = "") -> None:
        self._code, self._details = code, details

    def code(self) -> StatusCode:
        return self._code

    def details(self) -> str:
        return self._details


class Failing:
    """A client whose every call raises the next of these, and then answers that there are seven."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.calls = 0

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*_: object, **__: object) -> models.CountResult:
            self.calls += 1
            if self.failures:
                raise self.failures.pop(0)
            return models.CountResult(count=7)

        return call

    @property
    def store(self) -> ServerStore:
        return ServerStore(self, "index")  # type: ignore[arg-type]


@pytest.fixture
def client(folder: Path) -> Iterator[QdrantClient]:
    with closing(QdrantClient(path=str(folder / "qdrant"))) as client:
        yield client


# --- the collection and its alias ------------------------------------------------------------


def test_the_collection_of_an_index_is_made_once_and_stands_behind_the_alias(client: QdrantClient) -> None:
    names = {ensure_collection(client, SETTINGS, "index", DIMENSION) for _ in range(2)}
    assert names == {"answers-index"}
    assert behind(client, "answers") == "answers-index"
    assert [one.name for one in client.get_collections().collections] == ["answers-index"]


def test_a_collection_that_another_process_has_just_made_is_taken(client: QdrantClient) -> None:
    ensure_collection(client, SETTINGS, "index", DIMENSION)
    client.update_collection_aliases(
        [models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name="answers"))]
    )
    assert ensure_collection(client, SETTINGS, "index", DIMENSION) == "answers-index"


def test_the_index_of_another_model_is_refused_and_left_as_it_is(client: QdrantClient) -> None:
    ensure_collection(client, SETTINGS, "old", DIMENSION)
    with pytest.raises(IndexMismatch, match="answers-old"):
        ensure_collection(client, SETTINGS, "new", DIMENSION)
    assert [one.name for one in client.get_collections().collections] == ["answers-old"]


def test_a_switch_puts_another_collection_behind_the_alias(client: QdrantClient) -> None:
    ensure_collection(client, SETTINGS, "old", DIMENSION)
    name = ensure_collection(client, ServerStoreSettings(alias="other"), "new", DIMENSION)
    switch(client, "answers", name)
    assert behind(client, "answers") == name


def test_two_installations_on_one_server_do_not_meet(client: QdrantClient) -> None:
    ensure_collection(client, SETTINGS, "index", DIMENSION)
    assert ensure_collection(client, ServerStoreSettings(alias="b"), "index", DIMENSION) == "b-index"


@pytest.mark.parametrize("version", ["1.18.2", "0.11.0"])
def test_a_server_that_would_mix_the_tenants_term_statistics_is_refused(
    client: QdrantClient, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    old = models.VersionInfo(title="qdrant", version=version)
    monkeypatch.setattr(client, "info", lambda: old)
    with pytest.raises(StoreUnavailable, match=r"1\.19 or newer"):
        ensure_collection(client, SETTINGS, "index", DIMENSION)


# --- a server that is away -------------------------------------------------------------------


def test_a_server_that_does_not_listen_is_an_error_of_ours() -> None:
    with pytest.raises(StoreUnavailable, match="cannot be reached"):
        opened(ServerStoreSettings(url="http://127.0.0.1:9", grpc_port=9))


def test_a_connection_that_is_lost_is_tried_again_a_few_times() -> None:
    away = Refused(StatusCode.UNAVAILABLE, "connection refused")
    client = Failing(away, away)
    assert (client.store.count(ACME), client.calls) == (7, 3)
    client = Failing(*[away] * 9)
    with pytest.raises(StoreUnavailable, match="connection refused") as caught:
        client.store.discard(ACME, "manual", ["id"], 1)
    assert (client.calls, caught.value.retryable) == (3, True)


def test_a_delete_is_tried_again_because_its_epoch_spares_an_upload_that_came_in_between() -> None:
    client = Failing(Refused(StatusCode.UNAVAILABLE))
    client.store.delete_document(ACME, "manual", 1)
    assert client.calls == 2


@pytest.mark.parametrize(
    ("failure", "expected", "says"),
    [
        (Refused(StatusCode.DEADLINE_EXCEEDED), StoreUnreachable, "store.server.timeout_s"),
        (Refused(StatusCode.UNAUTHENTICATED), StoreUnavailable, "refuses the key"),
        (Refused(StatusCode.INTERNAL, "No space left on device: WAL"), StorageFull, "disk is full"),
        (Refused(StatusCode.NOT_FOUND, "Collection index not found"), StoreUnavailable, "not found"),
    ],
)
def test_what_the_server_refuses_is_not_tried_again_and_says_why(
    failure: Exception, expected: type[FootnoteError], says: str
) -> None:
    client = Failing(failure)
    with pytest.raises(expected, match=says) as caught:
        client.store.count(ACME)
    assert (type(caught.value), client.calls) == (expected, 1)


NO_REPLICA = (
    "Service internal error: Failed to apply operation to at least one `Active` replica. Consistency of this "
    "update is not guaranteed. Please retry."
)
"""As Qdrant 1.19 says it (lib/collection/src/shards/replica_set/update.rs)."""


def said_over_http(status: int, said: str = "") -> UnexpectedResponse:
    return UnexpectedResponse(status, "", said.encode(), Headers())


@pytest.mark.parametrize(
    "failure",
    [
        Refused(StatusCode.INTERNAL, NO_REPLICA),
        Refused(
            StatusCode.INTERNAL,
            "Service internal error: Some replica of shard 0 failed to apply operation and deactivation "
            "timed out after 30 seconds. Consistency of this update is not guaranteed. Please retry.",
        ),
        Refused(
            StatusCode.INTERNAL,
            "Service internal error: The replica set for shard 1 on peer 4711 has no active replica",
        ),
        Refused(StatusCode.UNKNOWN, "transport error"),
        Refused(StatusCode.CANCELLED, "Operation was cancelled"),
        Refused(StatusCode.ABORTED, "consensus is changing"),
        Refused(StatusCode.RESOURCE_EXHAUSTED, "Rate limiting exceeded: Write rate limit exceeded"),
        Refused(StatusCode.FAILED_PRECONDITION, "Shard 2 is in Partial state"),
        said_over_http(500, NO_REPLICA),
        said_over_http(408),
        said_over_http(429),
        said_over_http(502),
        said_over_http(503),
        said_over_http(504),
        ResponseHandlingException(TimeoutError("timed out")),
        ResourceExhaustedResponse("Too Many Requests", 1),
    ],
    ids=str,
)
def test_a_cluster_that_cannot_do_it_now_is_an_outage_and_no_documents_fault(failure: Exception) -> None:
    with pytest.raises(StoreUnreachable) as caught:
        Failing(*[failure] * 3).store.count(ACME)
    assert isinstance(caught.value, NOBODYS_FAULT)


@pytest.mark.parametrize(
    "failure",
    [
        Refused(StatusCode.INVALID_ARGUMENT, "Wrong input: Vector dimension error: expected dim: 64, got 3"),
        Refused(StatusCode.INTERNAL, "Service internal error: task panicked"),
        said_over_http(400, "Wrong input"),
        said_over_http(500, "task panicked"),
    ],
    ids=str,
)
def test_what_a_document_may_have_caused_is_no_outage(failure: Exception) -> None:
    with pytest.raises(StoreUnavailable) as caught:
        Failing(failure).store.count(ACME)
    assert not isinstance(caught.value, NOBODYS_FAULT)
