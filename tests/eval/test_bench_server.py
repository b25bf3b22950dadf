"""What server mode is measured with: a vector store that remembers, and a tenant among others."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest
from qdrant_client import QdrantClient, models

from eval.bench.remembered_store import RememberingStore
from eval.bench.stack import postgres, stack
from eval.bench.tenancy import measure
from service.errors import Misconfigured
from tests.qdrant_server import connected


@pytest.fixture
def client() -> Iterator[QdrantClient]:
    with closing(RememberingStore()) as store, closing(connected(store.settings)) as client:
        size = models.VectorParams(size=2, distance=models.Distance.COSINE)
        client.create_collection("bench", vectors_config={"dense": size})
        yield client


def put(client: QdrantClient, number: int, x: float) -> None:
    client.upsert("bench", [models.PointStruct(id=number, vector={"dense": [x, 1.0]})])


def best(client: QdrantClient) -> list[object]:
    request = models.QueryRequest(query=[1.0, 0.0], using="dense", limit=1)
    (found,) = client.query_batch_points("bench", [request])
    return [point.id for point in found.points]


def test_a_search_is_remembered_until_something_is_written(client: QdrantClient) -> None:
    put(client, 1, 1.0)
    assert best(client) == best(client) == [1]
    put(client, 2, 5.0)
    assert best(client) == best(client) == [2]


def test_a_tenant_is_measured_alone_and_among_others(tmp_path: Path) -> None:
    apart, among = measure(tmp_path, chunks=30, others=3, chunks_each=5)
    assert apart.p50 > 0
    assert among.p50 > 0


@pytest.mark.parametrize("opened", [lambda: postgres(), lambda: stack(Path())], ids=["ledger", "server"])
def test_without_a_checkout_it_is_said_that_one_is_needed(
    monkeypatch: pytest.MonkeyPatch, opened: Callable[[], AbstractContextManager[object]]
) -> None:
    monkeypatch.setitem(sys.modules, "tests", None)
    with pytest.raises(Misconfigured, match="start servers as Footnote's tests do") as caught, opened():
        pass
    assert "checkout" in caught.value.hint
