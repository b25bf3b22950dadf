"""Token vectors in server mode: rows beside the catalogue's, which every process reads and writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TypeVar

from sqlalchemy import ColumnElement, Connection, Row, bindparam, delete, func, select, tuple_, update

from service.catalogue.connecting import Texts, among
from service.catalogue.database import Database, replace_older
from service.catalogue.models import TokenVectorsRow
from service.token_codec import pack, unpack
from service.types import Point, Scope, TokenVectors

ROWS_A_STATEMENT = 1_000

VECTORS = (
    select(TokenVectorsRow.chunk, TokenVectorsRow.vectors)
    .where(
        TokenVectorsRow.index == bindparam("index"),
        TokenVectorsRow.tenant == bindparam("tenant"),
        among(TokenVectorsRow.chunk, bindparam("wanted", type_=Texts())),
    )
    .execution_options(binary=True)
)
"""Made once: every question needs it."""

Item = TypeVar("Item")


class TokenTable:
    """The `TokenStore` in the catalogue's database; what goes wrong is `CatalogueUnavailable`.

    Args:
        database: where they are; closed by whoever opened it.
        index: the name of the index whose chunks they are of.
    """

    def __init__(self, database: Database, index: str) -> None:
        self._database = database
        self._index = index

    def put(self, scope: Scope, document_id: str, points: Sequence[Point], epoch: int) -> None:
        """Keeps the token vectors of those points that have some; see `TokenStore`."""
        mine = {"index": self._index, "tenant": scope.tenant, "document": document_id, "epoch": epoch}
        rows = [
            {**mine, "chunk": point.chunk_id, "vectors": pack(point.tokens)}
            for point in points
            if point.tokens is not None
        ]
        with self._database.writing() as connection:
            for some in _slices(rows):
                replace_older(connection, TokenVectorsRow, some)

    def keep(self, scope: Scope, document_id: str, chunk_ids: Sequence[str], epoch: int) -> None:
        """Makes those of these chunks a version's own by its epoch, unless they have a higher one."""
        older = self._of(scope, document_id) & (TokenVectorsRow.epoch < epoch)
        with self._database.writing() as connection:
            for ids in _slices(chunk_ids):
                these = older & TokenVectorsRow.chunk.in_(ids)
                connection.execute(update(TokenVectorsRow).where(these).values(epoch=epoch))

    def get(self, scope: Scope, chunk_ids: Sequence[str]) -> Mapping[str, TokenVectors]:
        """The token vectors of those of the tenant's chunks that have some, by chunk id."""
        found: dict[str, TokenVectors] = {}
        for ids in _slices(chunk_ids):
            wanted = {"index": self._index, "tenant": scope.tenant, "wanted": list(ids)}
            rows = self._database.ask(partial(_rows, wanted=wanted))
            found.update((chunk, unpack(packed)) for chunk, packed in rows)
        return found

    def discard(self, scope: Scope, document_id: str, chunk_ids: Sequence[str], epoch: int) -> None:
        """Removes those of these chunks of the document that have no higher epoch."""
        not_newer = self._of(scope, document_id) & (TokenVectorsRow.epoch <= epoch)
        with self._database.writing() as connection:
            for ids in _slices(chunk_ids):
                connection.execute(delete(TokenVectorsRow).where(not_newer & TokenVectorsRow.chunk.in_(ids)))

    def delete_document(self, scope: Scope, document_id: str, epoch: int) -> None:
        """Removes those of every chunk of the document that has no higher epoch."""
        not_newer = self._of(scope, document_id) & (TokenVectorsRow.epoch <= epoch)
        with self._database.writing() as connection:
            connection.execute(delete(TokenVectorsRow).where(not_newer))

    def chunk_ids(self, scope: Scope, document_id: str) -> frozenset[str]:
        """The ids of the document's chunks that have some."""
        with self._database.reading() as connection:
            query = select(TokenVectorsRow.chunk).where(self._of(scope, document_id))
            return frozenset(connection.scalars(query))

    def chunks(self, scope: Scope) -> Iterator[tuple[str, str]]:
        """Document and chunk of all of the tenant's that have some, in no order, part by part."""
        key = (TokenVectorsRow.document, TokenVectorsRow.chunk)
        query = select(*key).where(self._of(scope)).order_by(*key).limit(ROWS_A_STATEMENT)
        last: tuple[str, str] = ("", "")
        while True:
            with self._database.reading() as connection:
                rows = connection.execute(query.where(tuple_(*key) > tuple_(*last))).all()
            yield from ((document, chunk) for document, chunk in rows)
            if len(rows) < ROWS_A_STATEMENT:
                return
            last = (rows[-1][0], rows[-1][1])

    def count(self, scope: Scope, document_id: str | None = None) -> int:
        """How many chunks of the document, or of the tenant, have some."""
        with self._database.reading() as connection:
            query = select(func.count()).select_from(TokenVectorsRow).where(self._of(scope, document_id))
            return int(connection.scalar(query) or 0)

    def check(self) -> str:
        """How it does, in words; asks the database itself."""
        with self._database.reading() as connection:
            connection.execute(select(TokenVectorsRow.chunk).limit(1)).all()
        return "readable"

    def remove_all(self) -> None:
        """Removes everything of the index, piece by piece: as one statement it would take too long."""
        mine = TokenVectorsRow.index == self._index
        query = select(TokenVectorsRow.chunk).where(mine).order_by(TokenVectorsRow.chunk)
        last = ""
        while True:
            with self._database.writing() as connection:
                some = query.where(TokenVectorsRow.chunk > last).distinct().limit(ROWS_A_STATEMENT)
                chunks = connection.scalars(some).all()
                connection.execute(delete(TokenVectorsRow).where(mine, TokenVectorsRow.chunk.in_(chunks)))
            if len(chunks) < ROWS_A_STATEMENT:
                return
            last = chunks[-1]

    def close(self) -> None:
        """The database stays open: it is not this store's."""

    def _of(self, scope: Scope, document_id: str | None = None) -> ColumnElement[bool]:
        mine = (TokenVectorsRow.index == self._index) & (TokenVectorsRow.tenant == scope.tenant)
        return mine if document_id is None else mine & (TokenVectorsRow.document == document_id)


def _rows(connection: Connection, wanted: Mapping[str, object]) -> Sequence[Row[str, bytes]]:
    return connection.execute(VECTORS, wanted).all()


def _slices(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), ROWS_A_STATEMENT):
        yield items[start : start + ROWS_A_STATEMENT]
