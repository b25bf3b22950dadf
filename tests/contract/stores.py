"""Points and searches for the store's contract, in vectors that a reader can follow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from service.catalogue import Database
from service.catalogue.token_table import TokenTable
from service.settings import ServerStoreSettings
from service.store import Places, Store, TokenStore
from service.store.bm25 import sparse_document, sparse_query
from service.store.edge import EdgeStore
from service.store.server_places import open_placed_store
from service.store.token_file import TokenFile
from service.tenancy import Placement
from service.types import (
    EVERY_GROUP,
    Candidate,
    Condition,
    DocumentAttributes,
    Filters,
    Point,
    QueryVectors,
    Scope,
)
from tests.answering import DIMENSION, embed, token_vectors
from tests.fakes_core import quick_folder
from tests.qdrant_server import own_alias

Fixture = Callable[[str], Any]
"""Gives a session's fixture by its name."""


@contextmanager
def edge_stores(_: Fixture) -> Iterator[Callable[[], Store]]:
    with quick_folder() as folder:
        yield lambda: EdgeStore(folder / "store", DIMENSION)


class AllTogether:
    """Places in which no tenant has a collection of its own."""

    def look(self, _: str) -> Placement:
        return Placement()

    def dedicated(self) -> list[str]:
        return []


TOGETHER = AllTogether()


def opened(settings: ServerStoreSettings, places: Places = TOGETHER) -> Store:
    """The store on a server; its collections are made if there are none."""
    return open_placed_store(settings, "index", DIMENSION, places, in_force=False)


@contextmanager
def server_stores(fixture: Fixture) -> Iterator[Callable[[], Store]]:
    with own_alias(fixture("qdrant_server")) as settings:
        yield lambda: opened(settings)


class TwoHaveTheirOwn:
    """Places in which two tenants live in collections of their own, and all others together."""

    def look(self, tenant: str) -> Placement:
        return Placement("dedicated", "", 3, "dedicated") if tenant in self.dedicated() else Placement()

    def dedicated(self) -> list[str]:
        return [ACME.tenant, GLOBEX.tenant]


@contextmanager
def dedicated_stores(fixture: Fixture) -> Iterator[Callable[[], Store]]:
    with own_alias(fixture("qdrant_server")) as settings:
        yield lambda: opened(settings, TwoHaveTheirOwn())


@contextmanager
def token_files(_: Fixture) -> Iterator[Callable[[], TokenStore]]:
    with quick_folder() as folder:
        yield lambda: TokenFile(folder / "tokens.db")


@contextmanager
def token_tables(fixture: Fixture) -> Iterator[Callable[[], TokenStore]]:
    with fixture("postgres_server").database() as url, closing(Database(url)) as database:
        yield lambda: TokenTable(database, "index")


STORES = {"dedicated": dedicated_stores, "edge": edge_stores, "server": server_stores}
TOKEN_STORES = {"file": token_files, "table": token_tables}
"""Every engine under its name, as what opens one test's store; another one is another line."""

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
    return {*documents(store, scope, candidates.dense), *documents(store, scope, candidates.sparse)}


def documents(store: Store, scope: Scope, listed: Sequence[Candidate]) -> list[str]:
    """The documents whose chunks a list gives."""
    whose = {chunk: document for document, chunk in store.chunks(scope)}
    return [whose[candidate.chunk_id] for candidate in listed]


def where(*conditions: Condition) -> Filters:
    return Filters(metadata=conditions)
