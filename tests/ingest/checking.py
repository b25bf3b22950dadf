"""What must hold of the catalogue and the store after whatever has happened."""

from __future__ import annotations

import asyncio

from sqlalchemy import func, select

from service.catalogue.models import ChunkRow, DocumentRow, JobRow, PurgeRow
from service.local_engine import LocalEngine
from service.types import Query, Scope
from tests.fakes_core import LOCAL


def live_chunks(engine: LocalEngine) -> list[str]:
    """The chunk ids of all live versions, once for each time that one holds them."""
    query = select(ChunkRow.chunk_id).join(
        DocumentRow,
        (DocumentRow.id == ChunkRow.document_id) & (DocumentRow.live_version == ChunkRow.version),
    )
    with engine.database.reading() as connection:
        return sorted(connection.scalars(query))


def stored_chunks(engine: LocalEngine) -> list[str]:
    """The chunk ids of every live document that the stores hold, each with its token vectors."""
    with engine.database.reading() as connection:
        rows = connection.execute(select(DocumentRow.tenant, DocumentRow.id)).all()
    stored = [engine.index.chunk_ids(Scope(tenant), document) for tenant, document in rows]
    assert all(one.whole == one.found for one in stored)
    return sorted(chunk_id for one in stored for chunk_id in one.found)


def assert_whole(engine: LocalEngine) -> None:
    """Every live chunk is in the store exactly once, is found, and nothing else is there."""
    live = live_chunks(engine)
    assert len(live) == len(set(live))
    assert stored_chunks(engine) == live
    assert engine.index.vectors.size() == len(live)
    with engine.database.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(PurgeRow)) == 0
        assert connection.scalar(select(func.count()).where(JobRow.state.not_in(("done", "failed")))) == 0


def found(engine: LocalEngine, question: str, scope: Scope = LOCAL, top_k: int = 20) -> list[str]:
    """The texts of the hits, best first."""
    result = asyncio.run(engine.search(scope, Query(question, top_k=top_k)))
    return [hit.chunk.text for hit in result.hits]


def sources(engine: LocalEngine, question: str, scope: Scope = LOCAL) -> set[str]:
    result = asyncio.run(engine.search(scope, Query(question, top_k=1_000)))
    return {hit.document.source for hit in result.hits}
