"""What the process that leads does for the index now and then, beside the other maintenance."""

from __future__ import annotations

from service.footing import Footing
from service.reindexing import removing
from service.settings import Settings
from service.store.index import ChunkIndex
from service.upkeep.maintenance import Maintenance


def keep_house(maintenance: Maintenance, settings: Settings, footing: Footing, index: ChunkIndex) -> None:
    """Has superseded indexes removed, and tenants moved to where they should be; in server mode."""
    from service.reindexing.moving import LOOK_EVERY_S, TenantMoves
    from service.store.server_places import PlacedStore

    removal = removing.Removal(settings, footing)
    maintenance.include(removal.look, removing.LOOK_EVERY_S, "removing an earlier model's index")
    assert isinstance(index.vectors, PlacedStore)
    moves = TenantMoves(footing, index.vectors)
    maintenance.include(moves.look, LOOK_EVERY_S, "moving tenants")
