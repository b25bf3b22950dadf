"""Points and searches for the store's contract, in vectors that a reader can follow."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import NAMESPACE_OID, uuid5

import pytest
from qdrant_client import QdrantClient

from service.settings import ServerStoreSettings
from service.store import Store, TokenStore
from service.store.bm25 import sparse_document, sparse_query
from service.store.edge import EdgeStore
from service.store.server import ServerStore, open_server_store
from service.store.server_collection import behind, ensure_collection
from service.store.token_file import TokenFile
from service.types import (
    EVERY_GROUP,
    Condition,
    DocumentAttributes,
    Filters,
    Point,
    QueryVectors,
    Scope,
)
from tests.answering import DIMENSION, embed, token_vectors

QDRANT_URL = os.environ.get("QDRANT_URL", "")
"""A real server, where there is one; else the client's local mode stands in for it."""


def server_settings(folder: Path) -> ServerStoreSettings:
    """An alias of its own for each folder, so that tests share nothing on a server."""
    return ServerStoreSettings(url=QDRANT_URL, alias=f"contract-{folder.parent.name[-20:]}")


def open_server(folder: Path) -> Store:
    """On the real server, or a folder in the client's own words."""
    settings = server_settings(folder)
    if QDRANT_URL:
        return open_server_store(settings, "index", DIMENSION)
    client = QdrantClient(path=str(folder), force_disable_check_same_thread=True)
    return ServerStore(client, ensure_collection(client, settings, "index", DIMENSION))


def remove_from_server(folder: Path) -> None:
    """Leaves nothing behind on the real server."""
    if QDRANT_URL:
        client, alias = QdrantClient(url=QDRANT_URL), server_settings(folder).alias
        if name := behind(client, alias):
            client.delete_collection(name)
        client.close()


def skip_in_local_mode(store: Store, why: str) -> None:
    """What a real server is asked for and the client's stand-in for one cannot do."""
    if isinstance(store, ServerStore) and not QDRANT_URL:
        pytest.skip(f"qdrant-client's local mode {why}; set QDRANT_URL to ask a real server")


Opener = Callable[[Path], Store]
OPENERS: dict[str, Opener] = {
    "edge": lambda folder: EdgeStore(folder, DIMENSION),
    "server": open_server,
}
TOKEN_OPENERS: dict[str, Callable[[Path], TokenStore]] = {
    "file": lambda folder: TokenFile(folder / "tokens.db")
}
"""Every engine under its name; another one is another line."""

ACME = Scope("acme", frozenset({EVERY_GROUP}))
GLOBEX = Scope("globex", frozenset({EVERY_GROUP}))
ANYWHERE = Filters()


def chunk_id(name: str) -> str:
    return str(uuid5(NAMESPACE_OID, name))


def point(name: str, text: str) -> Point:
    return Point(chunk_id(name), embed([text])[0], sparse_document(text, "en"), token_vectors(text))


def points_of(scope: Scope, document: str, texts: Sequence[str]) -> list[Point]:
    """Each text as a chunk named `tenant/document/number`."""
    return [point(f"{scope.tenant}/{document}/{n}", text) for n, text in enumerate(texts)]


def stage(
    store: Store,
    scope: Scope,
    document: str,
    texts: Sequence[str],
    attributes: DocumentAttributes | None = None,
    epoch: int = 1,
) -> list[str]:
    """Stages each text; the chunks' ids."""
    points = points_of(scope, document, texts)
    store.stage(scope, document, attributes or DocumentAttributes(document), points, epoch)
    return [found.chunk_id for found in points]


def add(
    store: Store,
    scope: Scope,
    document: str,
    *texts: str,
    attributes: DocumentAttributes | None = None,
    epoch: int = 1,
) -> list[str]:
    """Stages and promotes."""
    ids = stage(store, scope, document, texts, attributes, epoch)
    store.promote(scope, document, attributes or DocumentAttributes(document), ids, epoch)
    return ids


def vectors(question: str) -> QueryVectors:
    return QueryVectors(embed([question])[0], sparse_query(question, ["en"]))


def found(
    store: Store, scope: Scope, question: str = "pump", filters: Filters = ANYWHERE, limit: int = 100
) -> set[str]:
    """The documents that either list gives."""
    candidates = store.search(scope, vectors(question), filters, limit)
    return {candidate.document_id for candidate in (*candidates.dense, *candidates.sparse)}


def where(*conditions: Condition) -> Filters:
    return Filters(metadata=conditions)
