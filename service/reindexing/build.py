"""Brings an index up to what the catalogue says, whatever is in it.

Which chunks are missing or too many is found by comparison, so it may be cut off anywhere and begun again.
Documents change meanwhile: labels and removals reach this index by themselves (`service/store/index.py`), new
chunks are missing from it and found by the next pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from service.catalogue import CatalogueReader, Documents, Jobs
from service.catalogue.auditing import Auditing
from service.embed import Embedder
from service.errors import StoreUnavailable
from service.locks import DocumentLocks
from service.store.bm25 import sparse_document
from service.store.index import ChunkIndex
from service.types import Chunk, Point, Scope
from service.upkeep.deletion import clear
from service.upkeep.fsck import summed

CHUNKS_AT_ONCE = 512
"""Embedded together, and held in memory with their vectors until they are written."""
PASSES = 3
"""How often documents that changed during the pass before are looked for while publications go on."""
ROUNDS = 5
"""How often what does not agree is looked at again before it is an error: a delete may be under way."""


@dataclass
class Build:
    """Puts what live versions need into an index, and takes out what they do not.

    Args:
        embedder: the model of the index.
        index: the one that is built.
        tell: called with the number of chunks embedded so far.
    """

    auditing: Auditing
    reader: CatalogueReader
    documents: Documents
    jobs: Jobs
    locks: DocumentLocks
    embedder: Embedder
    index: ChunkIndex
    tell: Callable[[int], None]
    embedded: int = 0
    _settled: dict[str, int] = field(default_factory=dict)
    """Tenants in which nothing was missing, and how often their corpus had changed by then."""

    def catch_up(self) -> None:
        """Brings over what there is, and what changes meanwhile, until little does."""
        for _ in range(PASSES):
            if not self._pass():
                return

    def finish(self) -> int:
        """Brings over the rest while nothing is published; how many chunks there are.

        Raises:
            StoreUnavailable: the index does not hold what the catalogue says.
        """
        for _ in range(ROUNDS):
            self._pass()
            unsettled = [scope for scope in self.auditing.tenants() if not self._agrees(scope)]
            for scope in unsettled:
                self._settled.pop(scope.tenant, None)
            if not unsettled:
                return self.documents.count_live_chunks()
        raise StoreUnavailable(
            f"the new index does not hold the chunks of {len(unsettled)} tenants that the catalogue says; it "
            "was not put in force",
            hint="run `footnote reindex --to` again; it goes on where it was",
        )

    def _pass(self) -> int:
        """How many documents were not as they should be."""
        found = 0
        for scope in self.auditing.tenants():
            epoch = self.reader.epoch(scope)
            if self._settled.get(scope.tenant) == epoch:
                continue
            if differing := self._differing(scope):
                found += len(differing)
                self._bring_over(scope, differing)
            else:
                self._settled[scope.tenant] = epoch
        return found

    def _agrees(self, scope: Scope) -> bool:
        """Whether the tenant is settled as it is now, and each store counts as many chunks as are live."""
        counts = [self.documents.count_live_chunks(scope), self.index.vectors.count(scope)]
        if self.index.keeps_tokens:
            counts.append(self.index.tokens.count(scope))
        return self._settled.get(scope.tenant) == self.reader.epoch(scope) and len({*counts}) == 1

    def _differing(self, scope: Scope) -> list[str]:
        live = summed(self.auditing.live_chunks(scope))
        stores = [summed(self.index.vectors.chunks(scope))]
        if self.index.keeps_tokens:
            stores.append(summed(self.index.tokens.chunks(scope)))
        return sorted(
            {
                document
                for stored in stores
                for document in stored.keys() | live.keys()
                if stored.get(document) != live.get(document)
            }
        )

    def _bring_over(self, scope: Scope, document_ids: Sequence[str]) -> None:
        for piece in _pieces(self._missing(scope, document_ids)):
            encoded = self.embedder.embed_passages([chunk.indexed_text for chunk in piece])
            points: dict[str, list[Point]] = {}
            for chunk, found in zip(piece, encoded, strict=True):
                sparse = sparse_document(chunk.indexed_text, chunk.language)
                points.setdefault(chunk.document_id, []).append(
                    Point(chunk.id, found.dense, sparse, found.tokens)
                )
            for document_id, some in points.items():
                self._write(scope, document_id, some)
            self.embedded += len(piece)
            self.tell(self.embedded)

    def _missing(self, scope: Scope, document_ids: Sequence[str]) -> Iterator[Chunk]:
        """The live chunks of these documents that the index lacks; what it has too much is removed."""
        for document_id in document_ids:
            with self.locks.holding(scope, [document_id]):
                epoch = self.jobs.new_epoch()
                clear(self.documents, self.index, scope, document_id, epoch)
                stored = self.index.chunk_ids(scope, document_id).whole
                chunks = self.documents.live_chunks(scope, document_id)
            yield from (chunk for chunk in chunks if chunk.id not in stored)

    def _write(self, scope: Scope, document_id: str, points: Sequence[Point]) -> None:
        """Puts in those of the points that are live still, with the document's labels as they are now."""
        with self.locks.holding(scope, [document_id]):
            live = self.documents.live(scope, document_id)
            job = self.documents.as_job(scope, document_id)
            if live is None or job is None:
                return
            ids = {chunk.id for chunk in self.documents.live_chunks(scope, document_id)}
            wanted = [point for point in points if point.chunk_id in ids]
            attributes = live.labels.over(job.source, live.own_metadata)
            epoch = self.jobs.new_epoch()
            self.index.stage(scope, document_id, attributes, wanted, epoch)
            promoted = [point.chunk_id for point in wanted]
            self.index.promote(scope, document_id, attributes, promoted, epoch)


def _pieces(chunks: Iterator[Chunk]) -> Iterator[list[Chunk]]:
    piece: list[Chunk] = []
    for chunk in chunks:
        piece.append(chunk)
        if len(piece) == CHUNKS_AT_ONCE:
            yield piece
            piece = []
    if piece:
        yield piece
