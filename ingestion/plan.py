"""What must change in the store, from one version's chunks to the next's."""

from __future__ import annotations

from collections.abc import Sequence

from ingestion.types import Plan
from service.store.index import StoredChunks
from service.types import Chunk


def plan(stored: StoredChunks, live: Sequence[Chunk], new: Sequence[Chunk]) -> Plan:
    """Keep what is indexed already, upsert what is not, delete what is stored and no longer occurs.

    Ids are made of content, so an equal id means equal vectors, save for the language, which decides how
    words are stemmed. `keep` holds the new version's chunks, since they may have moved in the text.

    Args:
        stored: the document's chunks in the store, also what an attempt has left there.
        live: the chunks of the live version.
        new: the chunks of the version that comes.
    """
    indexed = {chunk.id: chunk.language for chunk in live if chunk.id in stored.whole}
    keep = tuple(chunk for chunk in new if indexed.get(chunk.id) == chunk.language)
    upsert = tuple(chunk for chunk in new if indexed.get(chunk.id) != chunk.language)
    return Plan(keep, upsert, tuple(sorted(stored.found - {chunk.id for chunk in new})))
