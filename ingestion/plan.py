"""What must change in the store, from one version's chunks to the next's."""

from __future__ import annotations

from collections.abc import Sequence

from ingestion.types import Plan
from service.types import Chunk


def plan(old: Sequence[Chunk], new: Sequence[Chunk]) -> Plan:
    """Keep what is indexed already, upsert what is not, delete what no longer occurs.

    Ids are made of content, so an equal id means equal vectors, save for the language, which decides how
    words are stemmed. `keep` holds the new version's chunks, since they may have moved in the text.
    """
    indexed = {chunk.id: chunk.language for chunk in old}
    wanted = {chunk.id for chunk in new}
    keep = tuple(chunk for chunk in new if indexed.get(chunk.id) == chunk.language)
    upsert = tuple(chunk for chunk in new if indexed.get(chunk.id) != chunk.language)
    return Plan(keep, upsert, tuple(chunk_id for chunk_id in indexed if chunk_id not in wanted))
