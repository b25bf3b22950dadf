"""An index on a Qdrant server in which some tenants have a collection of their own.

Where a tenant lives is said by the catalogue, and may change while a call is under way. So whoever has read
looks there once more: if the tenant was moved meanwhile, it is read again from where it is. Whoever has
written does the same, because a move that has begun since does not know of what was written to one place
alone; and he takes back what he has put where the tenant lives no more. See docs/adr/0017-dedicated.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from qdrant_client import QdrantClient
from typing_extensions import override

from service.errors import StoreUnavailable
from service.settings import ServerStoreSettings
from service.store import Places, Store
from service.store.server import REMOVED_WITHIN_S, prepared
from service.store.server_collection import collection_of, create, ensure_beside, ensure_collection
from service.store.server_errors import translated
from service.store.server_moving import MovableStore
from service.tenancy import Isolation, Placement
from service.types import Candidates, DocumentAttributes, Filters, Point, QueryVectors, Scope

OWN = "-of-"
Result = TypeVar("Result")


def open_placed_store(
    settings: ServerStoreSettings, index_name: str, dimension: int, places: Places, *, in_force: bool
) -> PlacedStore:
    """The index in force, or the one that is about to be; its collections are made if there are none.

    Raises:
        IndexMismatch: the collection behind the alias is another index.
        StoreUnavailable: the server does not answer.
    """

    def prepare(client: QdrantClient) -> None:
        ensure_collection(client, settings, index_name, dimension, in_force=in_force)
        _ensure_own(client, settings, index_name, dimension, places)

    return PlacedStore(prepared(settings, prepare), settings, index_name, dimension, places)


def build_placed_store(
    settings: ServerStoreSettings, index_name: str, dimension: int, places: Places
) -> PlacedStore:
    """An index beside the one in force; its collections are made if there are none.

    Raises:
        StoreUnavailable: the server does not answer.
    """

    def prepare(client: QdrantClient) -> None:
        ensure_beside(client, settings, index_name, dimension)
        _ensure_own(client, settings, index_name, dimension, places)

    return PlacedStore(prepared(settings, prepare), settings, index_name, dimension, places)


def _ensure_own(
    client: QdrantClient, settings: ServerStoreSettings, index_name: str, dimension: int, places: Places
) -> None:
    for tenant in places.dedicated():
        create(client, settings, own_collection(settings, index_name, tenant), dimension)


def own_collection(settings: ServerStoreSettings, index_name: str, tenant: str) -> str:
    """The collection of one tenant alone; its name tells nobody the tenant's."""
    digest = hashlib.blake2b(tenant.encode(), digest_size=16).hexdigest()
    return f"{own_collections(settings, index_name)}{digest}"


def own_collections(settings: ServerStoreSettings, index_name: str) -> str:
    """What the names of the collections of single tenants begin with."""
    return f"{collection_of(settings, index_name)}{OWN}"


class PlacedStore(Store):
    """The `Store` on a Qdrant server, each tenant where it lives.

    Args:
        client: connected to the server; closed with the store.
        dimension: of the vectors, for collections that are made.
        places: says where tenants live.
    """

    def __init__(
        self,
        client: QdrantClient,
        settings: ServerStoreSettings,
        index_name: str,
        dimension: int,
        places: Places,
    ) -> None:
        self._client = client
        self._settings = settings
        self.index_name = index_name
        self._dimension = dimension
        self._places = places
        self._shared = MovableStore(client, collection_of(settings, index_name))
        self._known: dict[str, Placement] = {}
        self._own: dict[str, MovableStore] = {}

    def at(self, tenant: str, place: Isolation) -> MovableStore:
        """The collection in which the tenant's vectors lie when it lives there."""
        if place == "shared":
            return self._shared
        if tenant not in self._own:
            name = own_collection(self._settings, self.index_name, tenant)
            self._own[tenant] = MovableStore(self._client, name)
        return self._own[tenant]

    def make_own(self, tenant: str) -> None:
        """Makes the tenant's own collection if there is none."""
        name = own_collection(self._settings, self.index_name, tenant)
        with translated():
            create(self._client, self._settings, name, self._dimension)

    def remove_own(self, tenant: str) -> None:
        """Removes the tenant's own collection if there is one."""
        self._remove([own_collection(self._settings, self.index_name, tenant)])

    def remove_ownerless(self) -> int:
        """Removes what a move that was cut off has left: collections of tenants that have none; how many."""
        names = {
            own_collection(self._settings, self.index_name, tenant) for tenant in self._places.dedicated()
        }
        with translated():
            there = [one.name for one in self._client.get_collections().collections]
        prefix = own_collections(self._settings, self.index_name)
        return self._remove([name for name in there if name.startswith(prefix) and name not in names])

    def _remove(self, names: Sequence[str]) -> int:
        with translated():
            there = [name for name in names if self._client.collection_exists(name)]
            for name in there:
                self._client.delete_collection(name, timeout=REMOVED_WITHIN_S)
            if left := [name for name in there if self._client.collection_exists(name)]:
                raise StoreUnavailable(f"{len(left)} collections are there although they were removed")
        return len(there)

    def beside(self, index_name: str) -> PlacedStore | None:
        """Another index on the same server, if there is one; not to be closed."""
        with translated():
            if not self._client.collection_exists(collection_of(self._settings, index_name)):
                return None
        return PlacedStore(self._client, self._settings, index_name, self._dimension, self._places)

    # --- read from where the tenant lives ------------------------------------------------------

    @override
    def search(self, scope: Scope, vectors: QueryVectors, filters: Filters, limit: int) -> Candidates:
        return self._read(scope, lambda store: store.search(scope, vectors, filters, limit))

    @override
    def chunk_ids(self, scope: Scope, document_id: str) -> frozenset[str]:
        return self._read(scope, lambda store: store.chunk_ids(scope, document_id))

    @override
    def chunks(self, scope: Scope) -> Iterator[tuple[str, str]]:
        placement = self._look(scope)
        yield from self.at(scope.tenant, placement.home).chunks(scope)
        if self._look(scope).home != placement.home:
            raise StoreUnavailable("the tenant was moved to another collection meanwhile")

    @override
    def count(self, scope: Scope, document_id: str | None = None) -> int:
        """Of a tenant where it lives; of a document wherever something of it is, as a receipt must say."""
        if document_id is None:
            return self._read(scope, lambda store: store.count(scope))
        return self._settled(
            scope,
            self._look(scope),
            lambda placement: sum(
                store.count(scope, document_id) for store in self._there(scope, placement.held)
            ),
        )

    @override
    def size(self) -> int:
        own = (self.at(tenant, "dedicated") for tenant in self._places.dedicated())
        return self._shared.size() + sum(store.size() for store in own if store.exists())

    # --- written to wherever it has to be ------------------------------------------------------

    @override
    def stage(
        self,
        scope: Scope,
        document_id: str,
        attributes: DocumentAttributes,
        points: Sequence[Point],
        epoch: int,
    ) -> None:
        written: set[Isolation] = set()

        def write(placement: Placement) -> None:
            for place in placement.written:
                written.add(place)
                self.at(scope.tenant, place).stage(scope, document_id, attributes, points, epoch)

        settled = self._settle(scope, self._look(scope), write)
        ids = [point.chunk_id for point in points]
        for store in self._there(scope, sorted(written.difference(settled.written))):
            store.discard(scope, document_id, ids, epoch)

    @override
    def promote(
        self,
        scope: Scope,
        document_id: str,
        attributes: DocumentAttributes,
        chunk_ids: Sequence[str],
        epoch: int,
    ) -> None:
        def write(placement: Placement) -> None:
            for store in self._there(scope, placement.written):
                store.promote(scope, document_id, attributes, chunk_ids, epoch)

        self._settle(scope, self._look(scope), write)

    @override
    def discard(self, scope: Scope, document_id: str, chunk_ids: Sequence[str], epoch: int) -> None:
        self._everywhere(scope, lambda store: store.discard(scope, document_id, chunk_ids, epoch))

    @override
    def delete_document(self, scope: Scope, document_id: str, epoch: int) -> None:
        self._everywhere(scope, lambda store: store.delete_document(scope, document_id, epoch))

    @override
    def flush(self) -> None:
        """Nothing waits: every write was applied when it returned."""

    @override
    def close(self) -> None:
        self._client.close()

    # --- where -----------------------------------------------------------------------------------

    def _read(self, scope: Scope, ask: Callable[[MovableStore], Result]) -> Result:
        """What it says where the tenant lives; tried first where it lived last, without a look."""
        known = self._known.get(scope.tenant) or self._look(scope)
        return self._settled(scope, known, lambda placement: ask(self.at(scope.tenant, placement.home)))

    def _everywhere(self, scope: Scope, remove: Callable[[MovableStore], None]) -> None:
        def write(placement: Placement) -> None:
            for store in self._there(scope, placement.held):
                remove(store)

        self._settle(scope, self._look(scope), write)

    def _settled(self, scope: Scope, placement: Placement, work: Callable[[Placement], Result]) -> Result:
        results: list[Result] = []
        self._settle(scope, placement, lambda found: results.append(work(found)))
        return results[-1]

    def _settle(self, scope: Scope, placement: Placement, work: Callable[[Placement], None]) -> Placement:
        """Works until the tenant was where it was worked at, from the beginning to the end; where that is."""
        while True:
            failed: StoreUnavailable | None = None
            try:
                work(placement)
            except StoreUnavailable as error:  # the collection may have gone with the move
                failed = error
            if (found := self._look(scope)) == placement:
                if failed is not None:
                    raise failed
                return placement
            placement = found

    def _look(self, scope: Scope) -> Placement:
        found = self._known[scope.tenant] = self._places.look(scope.tenant)
        return found

    def _there(self, scope: Scope, places: Sequence[Isolation]) -> list[MovableStore]:
        """The collections that there are of these: one of the tenant's own may be made later, or be gone."""
        found = [self.at(scope.tenant, place) for place in places]
        return [store for store in found if store is self._shared or store.exists()]
