"""Rows to types and back."""

from __future__ import annotations

from typing import Any

from sqlalchemy import RowMapping

from service.catalogue.models import ChunkRow
from service.types import Chunk

CHUNK_COLUMNS = tuple(ChunkRow.__table__.columns)


def chunk_of(row: RowMapping) -> Chunk:
    """A chunk from a row that holds the columns of `chunks`."""
    return Chunk(
        id=row["chunk_id"],
        document_id=row["document_id"],
        ordinal=row["ordinal"],
        text=row["text"],
        start=row["start"],
        end=row["end"],
        section=(row["section_start"], row["section_end"]),
        heading_path=tuple(row["heading_path"]),
        header=row["header"],
        page=row["page"],
        kinds=tuple(row["kinds"]),
        language=row["language"],
        poor=row["poor"],
    )


def row_of(chunk: Chunk, version: int) -> dict[str, Any]:
    """The row that holds `chunk` in that version of its document."""
    return {
        "document_id": chunk.document_id,
        "version": version,
        "ordinal": chunk.ordinal,
        "chunk_id": chunk.id,
        "text": chunk.text,
        "start": chunk.start,
        "end": chunk.end,
        "section_start": chunk.section[0],
        "section_end": chunk.section[1],
        "heading_path": list(chunk.heading_path),
        "header": chunk.header,
        "page": chunk.page,
        "kinds": list(chunk.kinds),
        "language": chunk.language,
        "poor": chunk.poor,
    }
