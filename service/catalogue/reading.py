"""What a query reads: found chunk ids become visible chunks, with the text around them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import Connection, Integer, RowMapping, bindparam, func, null, select

from service.catalogue.database import Database
from service.catalogue.models import ChunkRow, DocumentRow, JobRow, TenantRow, VersionRow
from service.catalogue.rows import CHUNK_COLUMNS, chunk_of
from service.types import DocumentRef, Fused, Hit, Scope

DOCUMENT_COLUMNS = (
    DocumentRow.source,
    DocumentRow.title,
    DocumentRow.external_id,
    DocumentRow.attributes,
    DocumentRow.groups,
)
VISIBLE = (
    select(*CHUNK_COLUMNS, *DOCUMENT_COLUMNS)
    .join(
        DocumentRow,
        (DocumentRow.id == ChunkRow.document_id) & (DocumentRow.live_version == ChunkRow.version),
    )
    .where(
        ChunkRow.chunk_id.in_(bindparam("wanted", expanding=True)), DocumentRow.tenant == bindparam("tenant")
    )
)
WINDOW = (
    select(func.substr(VersionRow.text, bindparam("first", type_=Integer), bindparam("count", type_=Integer)))
    .join(DocumentRow, DocumentRow.id == VersionRow.document_id)
    .where(
        VersionRow.document_id == bindparam("document"),
        VersionRow.number == bindparam("version"),
        DocumentRow.tenant == bindparam("tenant"),
    )
)
EPOCH = select(TenantRow.epoch).where(TenantRow.name == bindparam("tenant"))
"""All three are made once: every question needs them, and making one takes longer than asking it."""


class CatalogueReader:
    """The catalogue as a query sees it: the pipeline's `Reader` over SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._languages: dict[str, tuple[int, tuple[str, ...]]] = {}

    def hits(self, scope: Scope, fused: Sequence[Fused], limit: int) -> tuple[Hit, ...]:
        """The first `limit` of the fused ids that are visible to the scope, in the same order."""
        hits: list[Hit] = []
        with self._database.reading() as connection:
            # Nearly always the first `limit` are all visible; the rest is read only where one is not.
            for part in (fused[:limit], fused[limit:]):
                if part and len(hits) < limit:
                    hits.extend(_visible(connection, scope, part))
        return tuple(hits[:limit])

    def windows(self, scope: Scope, hits: Sequence[Hit], characters: int) -> Mapping[str, tuple[int, str]]:
        """The text of each hit's section within `characters` of it: (start offset, text) by chunk id."""
        with self._database.reading() as connection:
            return {
                hit.chunk.id: window
                for hit in hits
                if (window := self._window(connection, scope, hit, characters)) is not None
            }

    def epoch(self, scope: Scope) -> int:
        """How often the tenant's corpus has changed."""
        with self._database.reading() as connection:
            return _epoch(connection, scope)

    def languages(self, scope: Scope) -> tuple[str, ...]:
        """The languages of the tenant's live documents, remembered until its corpus changes."""
        with self._database.reading() as connection:
            epoch = _epoch(connection, scope)
            known = self._languages.get(scope.tenant)
            if known is None or known[0] != epoch:
                of_tenant = (DocumentRow.tenant == scope.tenant) & DocumentRow.live_version.is_not(None)
                found = connection.scalars(select(DocumentRow.language).where(of_tenant).distinct())
                known = (epoch, tuple(sorted(found)))
                self._languages[scope.tenant] = known
            return known[1]

    @staticmethod
    def _window(connection: Connection, scope: Scope, hit: Hit, characters: int) -> tuple[int, str] | None:
        start = max(hit.chunk.section[0], hit.chunk.start - characters)
        end = min(hit.chunk.section[1], hit.chunk.end + characters)
        wanted = {
            "first": start + 1,
            "count": end - start,
            "document": hit.document.id,
            "version": hit.document.version,
            "tenant": scope.tenant,
        }
        text = connection.scalar(WINDOW, wanted)
        return None if text is None else (start, text)


def _visible(connection: Connection, scope: Scope, fused: Sequence[Fused]) -> Iterator[Hit]:
    wanted = {"wanted": [found.chunk_id for found in fused], "tenant": scope.tenant}
    rows = {row["chunk_id"]: row for row in connection.execute(VISIBLE, wanted).mappings().all()}
    for found in fused:
        row = rows.get(found.chunk_id)
        if row is not None and may_read(scope, row["groups"]):
            yield _hit(row, found)


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


def _hit(row: RowMapping, found: Fused) -> Hit:
    document = DocumentRef(
        id=row["document_id"],
        source=row["source"],
        title=row["title"],
        version=row["version"],
        external_id=row["external_id"],
        metadata=row["attributes"],
    )
    return Hit(chunk_of(row), document, found)
