"""A reindex for another model: build its index, compare, count, put it in force, remove the earlier one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from service.background import repeating
from service.catalogue import CatalogueReader, Documents, Indexes, Jobs
from service.catalogue.auditing import Auditing
from service.embed import Embedder, check_sizes
from service.errors import Conflict, IndexChanging
from service.footing import Footing, open_footing
from service.reindexing.build import Build
from service.reindexing.holding import ALONE
from service.reindexing.removing import Removal
from service.settings import Settings
from service.store.index import ChunkIndex
from service.store.opening import build_index, index_name

KEPT_EVERY_S = 60.0
ALONE_WITHIN_S = 10.0
"""The leader looks every few seconds whether a tenant is to be moved, and is alone for a moment then."""
WAIT = "wait for its end"


@dataclass(frozen=True, slots=True)
class Reindexed:
    """How a reindex ended."""

    model: str
    index: str
    """Its name, which is in force now."""
    chunks: int
    embedded: int
    """How many of the chunks this run has embedded; an earlier one that was cut off may have done others."""
    earlier_removed: bool
    """Whether the earlier index is gone; it stays while processes answer from it."""


def reindex_to(
    settings: Settings,
    make_embedder: Callable[[Settings], Embedder],
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> Reindexed:
    """Builds the index of the settings' model beside the one in force, and puts it in its place.

    Questions are answered from the earlier index until each process is started again with the new model;
    documents that wait are read in once the last one was. Cut off anywhere, it goes on where it was.

    Args:
        settings: of the new model, for the rest those of the other processes.
        make_embedder: opens the model.
        tell: called with how many chunks are embedded, of how many.

    Raises:
        Conflict: another reindex runs, or a tenant is being moved to another collection.
        IndexChanging: processes still answer from the index before the one in force.
        Misconfigured, ModelUnavailable: the model does not fit, or cannot be opened.
        StoreUnavailable: the index is not what the catalogue says, and was not put in force.
    """
    with open_footing(settings) as footing, footing.alone_with(ALONE, ALONE_WITHIN_S) as alone:
        if not alone:
            raise Conflict("a reindex, or the move of a tenant, is running already", hint=WAIT)
        if moving := footing.places.under_way():
            raise Conflict(f"{len(moving)} tenants are being moved to another collection", hint=WAIT)
        embedder = make_embedder(settings)
        check_sizes(settings.chunk, embedder)
        with footing.using(index_name(embedder)):
            chunks, embedded = _put_in_force(settings, footing, embedder, tell)
        removed = Removal(settings, footing).remove_superseded()
        return Reindexed(settings.embed.model, index_name(embedder), chunks, embedded, removed)


def _put_in_force(
    settings: Settings, footing: Footing, embedder: Embedder, tell: Callable[[int, int], None]
) -> tuple[int, int]:
    """How many chunks the index has, and how many of them were embedded."""
    from service.store.server_indexes import put_behind_alias

    name, indexes = index_name(embedder), Indexes(footing.database)
    chunks = embedded = 0
    _clear_away(settings, footing, name)
    if is_new := indexes.names().in_force != name:
        indexes.begin(name)
    with build_index(settings, embedder, footing.token_table, footing.places) as index:
        if is_new:
            build = _build(footing, embedder, index, tell)
            build.catch_up()
            with (
                indexes.switching(name, settings.embed.model) as keep,
                repeating(keep, KEPT_EVERY_S, "keeping publications out"),
            ):
                chunks = build.finish()
            embedded = build.embedded
        else:
            chunks = Documents(footing.database, 1).count_live_chunks()
    put_behind_alias(settings.store.server, name)
    return chunks, embedded


def _clear_away(settings: Settings, footing: Footing, name: str) -> None:
    """Nothing but the index in force, and this one, may be there when a build begins."""
    names, removal = Indexes(footing.database).names(), Removal(settings, footing)
    if names.building not in ("", name):
        removal.remove(names.building)  # of a reindex that was given up
    if name in (names.in_force, names.superseded):
        return  # on the way back the earlier index is whole: nothing was published since it was replaced
    if not removal.remove_superseded():
        raise IndexChanging(
            "processes still answer from the index before the one in force",
            hint=f"restart them with FOOTNOTE_EMBED__MODEL={names.model}, then run it again",
        )


def _build(
    footing: Footing, embedder: Embedder, index: ChunkIndex, tell: Callable[[int, int], None]
) -> Build:
    documents = Documents(footing.database, 1)
    total = max(0, documents.count_live_chunks() - index.vectors.size())
    return Build(
        auditing=Auditing(footing.database),
        reader=CatalogueReader(footing.database),
        documents=documents,
        jobs=Jobs(footing.database),
        locks=footing.locks,
        embedder=embedder,
        index=index,
        tell=lambda done: tell(done, max(done, total)),
    )
