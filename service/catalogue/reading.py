"""What a query reads: found chunk ids become visible chunks, with the text around them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Any

from sqlalchemy import (
    CompoundSelect,
    Connection,
    Integer,
    RowMapping,
    Select,
    Text,
    bindparam,
    cast,
    func,
    literal,
    null,
    select,
    union_all,
)

from service.catalogue.connecting import Texts, among, read_json, unindexed
from service.catalogue.database import Database
from service.catalogue.models import ChunkRow, DocumentRow, JobRow, TenantRow, VersionRow
from service.types import Chunk, DocumentRef, Fused, Hit, Scope

VISIBLE = (
    select(
        ChunkRow.chunk_id,
        ChunkRow.document_id,
        ChunkRow.ordinal,
        ChunkRow.text,
        ChunkRow.start,
        ChunkRow.end,
        ChunkRow.section_start,
        ChunkRow.section_end,
        cast(ChunkRow.heading_path, Text),
        ChunkRow.header,
        ChunkRow.page,
        cast(ChunkRow.kinds, Text),
        ChunkRow.language,
        ChunkRow.poor,
        DocumentRow.source,
        DocumentRow.title,
        ChunkRow.version,
        DocumentRow.external_id,
        cast(DocumentRow.attributes, Text),
        cast(DocumentRow.groups, Text),
    )
    .join(
        DocumentRow,
        (DocumentRow.id == ChunkRow.document_id) & (DocumentRow.live_version == ChunkRow.version),
    )
    .where(
        among(ChunkRow.chunk_id, bindparam("wanted", type_=Texts())),
        unindexed(DocumentRow.tenant) == bindparam("tenant"),
    )
)
"""JSON as text: of some seventy chunks many share a document, headings and kinds, which are read once.

The chunks are looked up by their ids, and not among all documents of the tenant."""
WINDOWS_AT_ONCE = 100
"""SQLite takes at most 500 queries in one union."""
EPOCH = select(TenantRow.epoch).where(TenantRow.name == bindparam("tenant"))
"""Made once like the others: every question needs them, and making one takes longer than asking it."""


@cache
def _windows(number: int) -> CompoundSelect[Any]:
    """Asks for so many windows at once; the first column says which."""
    return union_all(*map(_window, range(number)))


def _window(place: int) -> Select[Any]:
    first, count = (bindparam(f"{name}_{place}", type_=Integer) for name in ("first", "count"))
    return (
        select(literal(place), func.substr(VersionRow.text, first, count))
        .join(DocumentRow, DocumentRow.id == VersionRow.document_id)
        .where(
            VersionRow.document_id == bindparam(f"document_{place}"),
            VersionRow.number == bindparam(f"version_{place}"),
            DocumentRow.tenant == bindparam("tenant"),
        )
    )


class CatalogueReader:
    """The catalogue as a query sees it: the pipeline's `Reader` over SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._languages: dict[str, tuple[int, tuple[str, ...]]] = {}

    def hits(self, scope: Scope, fused: Sequence[Fused], limit: int) -> tuple[Hit, ...]:
        """The first `limit` of the fused ids that are visible to the scope, in the same order."""
        # Nearly always the first `limit` are all visible; where one is not, all are read, at one moment.
        for part in (fused[:limit], fused):
            hits = self._database.ask(partial(_visible, scope=scope, fused=part))
            if len(hits) >= limit or len(part) == len(fused):
                break
        return hits[:limit]

    def windows(self, scope: Scope, hits: Sequence[Hit], characters: int) -> Mapping[str, tuple[int, str]]:
        """The text of each hit's section within `characters` of it: (start offset, text) by chunk id."""
        found: dict[str, tuple[int, str]] = {}
        for first in range(0, len(hits), WINDOWS_AT_ONCE):
            found |= self._windows(scope, hits[first : first + WINDOWS_AT_ONCE], characters)
        return found

    def epoch(self, scope: Scope) -> int:
        """How often the tenant's corpus has changed."""
        return self._database.ask(partial(_epoch, scope=scope))

    def languages(self, scope: Scope) -> tuple[str, ...]:
        """The languages of the tenant's live documents, remembered until its corpus changes."""
        epoch = self.epoch(scope)  # first: languages that come later have an epoch that does
        known = self._languages.get(scope.tenant)
        if known is None or known[0] != epoch:
            of_tenant = (DocumentRow.tenant == scope.tenant) & DocumentRow.live_version.is_not(None)
            query = select(DocumentRow.language).where(of_tenant).distinct()
            found = self._database.ask(lambda connection: connection.scalars(query).all())
            known = (epoch, tuple(sorted(found)))
            self._languages[scope.tenant] = known
        return known[1]

    def _windows(self, scope: Scope, hits: Sequence[Hit], characters: int) -> Mapping[str, tuple[int, str]]:
        starts = [max(hit.chunk.section[0], hit.chunk.start - characters) for hit in hits]
        wanted: dict[str, object] = {"tenant": scope.tenant}
        for place, (hit, start) in enumerate(zip(hits, starts, strict=True)):
            end = min(hit.chunk.section[1], hit.chunk.end + characters)
            wanted |= {f"first_{place}": start + 1, f"count_{place}": end - start}
            wanted |= {f"document_{place}": hit.document.id, f"version_{place}": hit.document.version}
        texts = self._database.ask(lambda connection: connection.execute(_windows(len(hits)), wanted).all())
        return {hits[place].chunk.id: (starts[place], text) for place, text in texts}


def _visible(connection: Connection, scope: Scope, fused: Sequence[Fused]) -> tuple[Hit, ...]:
    wanted = {"wanted": [found.chunk_id for found in fused], "tenant": scope.tenant}
    read = cache(read_json)
    documents: dict[str, DocumentRef] = {}
    chunks: dict[str, Chunk] = {}
    for row in connection.execute(VISIBLE, wanted).all():
        *of_chunk, source, title, version, external_id, attributes, groups = row
        if may_read(scope, read(groups)):
            chunk = _chunk(of_chunk, read)
            chunks[chunk.id] = chunk
            if chunk.document_id not in documents:
                documents[chunk.document_id] = DocumentRef(
                    chunk.document_id, source, title, version, external_id, read(attributes)
                )
    seen = [(chunks[found.chunk_id], found) for found in fused if found.chunk_id in chunks]
    return tuple(Hit(chunk, documents[chunk.document_id], found) for chunk, found in seen)


def _chunk(row: Sequence[Any], read: Callable[[str], Any]) -> Chunk:
    identifier, document, ordinal, text, start, end, first, last, path, header, page, kinds, *rest = row
    section, headings = (first, last), tuple(read(path))
    return Chunk(
        identifier,
        document,
        ordinal,
        text,
        start,
        end,
        section,
        headings,
        header,
        page,
        tuple(read(kinds)),
        *rest,
    )


def _epoch(connection: Connection, scope: Scope) -> int:
    return connection.scalar(EPOCH, {"tenant": scope.tenant}) or 0


def may_read(scope: Scope, groups: Sequence[str]) -> bool:
    """Whether the scope may read a document of these groups; one without groups is open to its tenant."""
    return not groups or scope.reads_everything or not scope.groups.isdisjoint(groups)


def readable_jobs(connection: Connection, scope: Scope, rows: Sequence[RowMapping]) -> Iterator[RowMapping]:
    """Those of the jobs that the scope may know of: their document's groups decide, and their own."""
    if scope.reads_everything:
        yield from rows
        return
    in_force = groups_in_force(connection, scope, [row["document_id"] for row in rows])
    for row in rows:
        decide = [row["groups"] or (), *in_force[row["document_id"]]]
        if all(may_read(scope, groups) for groups in decide):
            yield row


def groups_in_force(
    connection: Connection, scope: Scope, document_ids: Sequence[str]
) -> Mapping[str, list[tuple[str, ...]]]:
    """The groups of documents, and those that their newest upload that names groups will give them.

    Who may not read one of the two is not to know of uploads of the document, nor to change it.
    """
    found: dict[str, list[tuple[str, ...]]] = {document_id: [] for document_id in document_ids}
    live = select(DocumentRow.id, DocumentRow.groups).where(
        DocumentRow.tenant == scope.tenant, DocumentRow.id.in_(document_ids)
    )
    uploads = (
        select(JobRow.document_id, JobRow.groups)
        .where(
            JobRow.tenant == scope.tenant,
            JobRow.document_id.in_(document_ids),
            JobRow.groups.is_not(null()),
            JobRow.state != "failed",
        )
        .order_by(JobRow.sequence)
    )
    newest = {row.document_id: row.groups for row in connection.execute(uploads)}
    for document_id, groups in [*map(tuple, connection.execute(live)), *newest.items()]:
        found[document_id].append(tuple(groups))
    return found
