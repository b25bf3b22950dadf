"""What the process that leads does now and then for indexes and tenants, done when a test says so."""

from __future__ import annotations

from functools import partial

from service.access.removing import ALONE, TenantRemoval
from service.catalogue import Placements, Tenants
from service.footing import Footing
from service.local_engine import LocalEngine
from service.reindexing.moving import TenantMoves
from service.reindexing.removing import Removal
from service.store.server_places import PlacedStore


def removal_of(engine: LocalEngine) -> Removal:
    """What removes an index that was replaced."""
    return Removal(engine.settings, _footing_of(engine))


def moves_of(engine: LocalEngine) -> TenantMoves:
    """What moves tenants."""
    return TenantMoves(_footing_of(engine), store_of(engine))


def removal_of_tenants(engine: LocalEngine) -> TenantRemoval:
    """What takes tenants away, at once."""
    alone = partial(_footing_of(engine).alone_with, ALONE)
    return TenantRemoval(Tenants(engine.database), engine.delete, 0, alone)


def store_of(engine: LocalEngine) -> PlacedStore:
    """The index in force, of server mode."""
    assert isinstance(engine.index.vectors, PlacedStore)
    return engine.index.vectors


def _footing_of(engine: LocalEngine) -> Footing:
    return Footing(
        engine.database,
        "",
        engine.originals.blobs,
        engine.locks,
        lambda: True,
        True,
        Placements(engine.database),
        engine.settings.catalogue.url.get_secret_value(),
    )
