"""What holds up the moves of tenants: an index that is being built, or was until its reindex was cut off."""

from __future__ import annotations

from service.catalogue import Database, Indexes
from service.catalogue.using import alone_with

ALONE = "reindex"
"""The name under which a reindex, or the move of a tenant, is alone."""


def held_up(database: Database, url: str) -> str:
    """Why no tenant is moved now, and what to do; empty where nothing is in the way.

    Args:
        url: the database's.

    Raises:
        CatalogueUnavailable: it does not answer.
    """
    names = Indexes(database).names()
    if names.superseded:
        restart = f"restart them with FOOTNOTE_EMBED__MODEL={names.model}"
        return f"no tenant is moved while processes answer from the earlier model's index: {restart}"
    if not names.building:
        return ""
    with alone_with(url, ALONE) as nobody_builds:
        is_left = nobody_builds and Indexes(database).names().building == names.building
    if is_left:
        return cut_off(names.building)
    return "another model's index is being built; no tenant is moved before its reindex has ended"


def cut_off(index: str) -> str:
    """What is said of an index that nobody builds any more."""
    return (
        f"a reindex was cut off, its index {index} is not whole, and no tenant is moved meanwhile: the same "
        "`footnote reindex --to` goes on where it was, `--to` the model in force gives it up"
    )
