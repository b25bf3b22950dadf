"""A tenant is moved to a collection of its own, or back among the others, while it is served.

Points are copied as they are, vectors and all: nothing is embedded again. What is to be done stands in the
catalogue, step by step (`catalogue/placements.py`), so a move may be cut off anywhere and is taken up by
whoever leads next. Token vectors lie in SQL and stay where they are.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from service.catalogue import Indexes, Jobs
from service.catalogue.tenants import everything_of
from service.errors import StoreUnavailable
from service.footing import Footing
from service.reindexing.holding import ALONE, cut_off
from service.store.server_moving import MovableStore
from service.store.server_places import PlacedStore
from service.tenancy import Isolation, Placement
from service.types import Scope
from service.upkeep.fsck import summed

log = logging.getLogger(__name__)

LOOK_EVERY_S = 10.0
PASSES = 3
"""How often the two places are compared; after the last, each document that differed was made alike alone."""


@dataclass
class TenantMoves:
    """Moves those tenants that are not where they should be, one after the other.

    Args:
        footing: what the engine stands on.
        store: the index in force.
    """

    footing: Footing
    store: PlacedStore
    _told: str = ""
    """The index left half built that was told of."""

    def look(self) -> None:
        """Goes on with every move, and tidies up after those that were cut off.

        Not beside a reindex, which builds each tenant's collection where it lives; nor until the last process
        of an earlier model is gone, which still reads where the tenant lived.

        Raises:
            StoreUnavailable, CatalogueUnavailable: a service is away; the next look goes on.
        """
        with self.footing.alone_with(ALONE) as alone:
            names = Indexes(self.footing.database).names()
            if not alone or names.in_force != self.store.index_name or names.superseded:
                return
            if names.building:
                self._tell(names.building)
                return
            self._told = ""
            for tenant in self.footing.places.moving():
                self._go_on(tenant)
            self._tidy()

    def _tell(self, index: str) -> None:
        """Says once of an index that it is left half built, if a tenant waits for it."""
        if self._told != index and (waiting := self.footing.places.moving()):
            log.warning("%s", cut_off(index), extra={"waiting": len(waiting)})
            self._told = index

    def _go_on(self, tenant: str) -> None:
        places = self.footing.places
        placement = places.look(tenant)
        if not placement.step and placement.wanted != placement.home:
            if placement.other == "dedicated":
                self.store.make_own(tenant)
            placement = places.begin(tenant, placement)
        if placement.step == "filling":
            if placement.wanted == placement.home:
                placement = places.give_up(tenant, placement)
            else:
                chunks = self._fill(tenant, placement)
                placement = places.switch(tenant, placement)
                log.info("a tenant was moved", extra={"to": placement.home, "chunks": chunks})
        if placement.step == "emptying":
            self._empty(tenant, placement.other)
            places.finish(tenant, placement)

    def _fill(self, tenant: str, placement: Placement) -> int:
        """Makes the other place like the home; how many chunks there are.

        Whatever is written since the move began goes to both. So a document that was found alike in both, or
        was made so while nobody else wrote it, stays so.
        """
        scope = everything_of(tenant)
        source, target = self.store.at(tenant, placement.home), self.store.at(tenant, placement.other)
        for _ in range(PASSES):
            if not (differing := self._differing(scope, source, target)):
                break
            for document_id in differing:
                self._make_alike(scope, document_id, source, target, placement)
        return target.count(scope)

    def _differing(self, scope: Scope, source: MovableStore, target: MovableStore) -> Sequence[str]:
        wanted, there = summed(source.marks(scope)), summed(target.marks(scope))
        return sorted(one for one in wanted.keys() | there.keys() if wanted.get(one) != there.get(one))

    def _make_alike(
        self,
        scope: Scope,
        document_id: str,
        source: MovableStore,
        target: MovableStore,
        placement: Placement,
    ) -> None:
        """Raises `StoreUnavailable` if the two places do not hold the same of the document afterwards."""
        with self.footing.locks.holding(scope, [document_id]):
            epoch = Jobs(self.footing.database).new_epoch()
            if self.footing.places.look(scope.tenant) != placement:
                raise StoreUnavailable("the move of a tenant was changed while it went on")
            target.take_over(scope, document_id, source)
            surplus = target.chunk_ids(scope, document_id) - source.chunk_ids(scope, document_id)
            target.discard(scope, document_id, sorted(surplus), epoch)
            if target.marks_of(scope, document_id) != source.marks_of(scope, document_id):
                raise StoreUnavailable(f"a copy of the vectors of the document {document_id} is not complete")

    def _empty(self, tenant: str, place: Isolation) -> None:
        if place == "dedicated":
            self.store.remove_own(tenant)
        elif left := self.store.at(tenant, place).remove_tenant(everything_of(tenant)):
            raise StoreUnavailable(f"{left} chunks of a tenant are left where it lives no more")

    def _tidy(self) -> None:
        """Removes what was left where nobody lives: by a move that was cut off, or by a late writer."""
        removed = self.store.remove_ownerless()
        for tenant in self.footing.places.dedicated():
            shared, scope = self.store.at(tenant, "shared"), everything_of(tenant)
            if not self.footing.places.look(tenant).step and (count := shared.count(scope)):
                shared.remove_tenant(scope)
                removed += count
        if removed:
            log.warning("what lay where no tenant lives is removed", extra={"removed": removed})
