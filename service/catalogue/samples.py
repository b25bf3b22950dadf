"""Answers that are kept with their words for a while, to be judged; each goes with what it quotes."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, func, select, update

from service.catalogue.database import Database, insert_new, now, upsert
from service.catalogue.models import ChunkRow, DocumentRow
from service.catalogue.tenants import deleted
from service.catalogue.variant_models import JudgedRow, SampleDocumentRow, SampleRow
from service.types import Answer, Scope


@dataclass(frozen=True, slots=True)
class SampledAnswer:
    """An answer as it is kept. `measures` is what is compared of it (`service/variants/measures.py`)."""

    text: str
    status: str
    cited: tuple[str, ...]
    """The ids of the chunks, each once."""
    documents: tuple[str, ...]
    measures: Mapping[str, float]

    @classmethod
    def of(cls, answer: Answer, measures: Mapping[str, float]) -> SampledAnswer:
        """What is kept of `answer`."""
        cited = dict.fromkeys(citation.chunk_id for citation in answer.citations)
        documents = dict.fromkeys(citation.document.id for citation in answer.citations)
        return cls(answer.unmarked or answer.text, answer.status, tuple(cited), tuple(documents), measures)


@dataclass(frozen=True, slots=True)
class Sample:
    """A question with the answer that was given, and where a variant answered it as well, that one's.

    `variant` and `fingerprint` are those of the variant, and empty where there is none.
    """

    id: str
    tenant: str
    question: str
    served: SampledAnswer
    created_at: datetime
    variant: str = ""
    fingerprint: str = ""
    candidate: SampledAnswer | None = None

    @classmethod
    def new(cls, scope: Scope, question: str, served: SampledAnswer) -> Sample:
        """A sample of this moment, without a variant."""
        return cls(str(uuid.uuid4()), scope.tenant, question, served, now())

    @property
    def documents(self) -> frozenset[str]:
        """What it quotes."""
        return frozenset(self.served.documents).union(self.candidate.documents if self.candidate else ())


class Samples:
    """Each tenant's answers that are kept with their words; `expiry.py` removes them after their time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, samples: Sequence[Sample]) -> None:
        """Keeps samples, all in one transaction; one that is kept already stays as it is.

        One that quotes a document which was deleted meanwhile is not kept, also where it was put in again: it
        would have gone with it.
        """
        quoted = {document for one in samples for document in one.documents}
        with self._database.writing() as connection:
            ours = select(DocumentRow.id, DocumentRow.created_at).where(DocumentRow.id.in_(quoted))
            rows = connection.execute(ours.order_by(DocumentRow.id).with_for_update(read=True))
            since = {row.id: row.created_at for row in rows}
            gone = deleted(connection, {one.tenant for one in samples})
            kept = [one for one in samples if _is_there(one, since) and one.tenant not in gone]
            if kept:
                insert_new(connection, SampleRow, [_row(one) for one in kept])
            if pairs := [(one.id, document) for one in kept for document in sorted(one.documents)]:
                links = [{"sample_id": sample, "document_id": document} for sample, document in pairs]
                insert_new(connection, SampleDocumentRow, links)

    def shadowed(self, scope: Scope, variant: str, fingerprint: str) -> list[Sample]:
        """Those that the variant of these settings answered as well, oldest first."""
        query = select(*SampleRow.__table__.columns).where(
            SampleRow.tenant == scope.tenant,
            SampleRow.variant == variant,
            SampleRow.fingerprint == fingerprint,
        )
        return self._found(query.order_by(SampleRow.created_at, SampleRow.id))

    def unjudged(self, scope: Scope, limit: int) -> list[Sample]:
        """Up to `limit` answers that were kept to be judged and are not yet, by chance."""
        query = select(*SampleRow.__table__.columns).where(
            SampleRow.tenant == scope.tenant, SampleRow.candidate.is_(None), SampleRow.judged_at.is_(None)
        )
        return self._found(query.order_by(func.random()).limit(limit))

    def _found(self, query: Any) -> list[Sample]:
        with self._database.reading() as connection:
            return [_sample(row) for row in connection.execute(query).mappings()]

    def passages(self, scope: Scope, chunks: Sequence[str]) -> list[str]:
        """The texts of those of the chunks that are still live, in this order."""
        query = (
            select(ChunkRow.chunk_id, ChunkRow.text)
            .join(DocumentRow, DocumentRow.id == ChunkRow.document_id)
            .where(DocumentRow.tenant == scope.tenant, ChunkRow.chunk_id.in_(chunks))
            .where(ChunkRow.version == DocumentRow.live_version)
        )
        with self._database.reading() as connection:
            texts = {row.chunk_id: row.text for row in connection.execute(query)}
        return [texts[chunk] for chunk in chunks if chunk in texts]

    def judged(self, scope: Scope, ids: Sequence[str], means: Mapping[str, tuple[float, int]]) -> None:
        """Notes that these were judged, and by metric what the judging came to, of how many answers."""
        moment = now()
        with self._database.writing() as connection:
            ours = (SampleRow.tenant == scope.tenant) & SampleRow.id.in_(ids)
            connection.execute(update(SampleRow).where(ours).values(judged_at=moment))
            for metric, (mean, answers) in means.items():
                fields = {"mean": mean, "answers": answers, "at": moment}
                upsert(connection, JudgedRow, {"metric": metric, **fields}, fields)

    def figures(self) -> Mapping[str, float]:
        """By metric, what the last judging came to."""
        with self._database.reading() as connection:
            return {
                row.metric: row.mean for row in connection.execute(select(JudgedRow.metric, JudgedRow.mean))
            }


def _is_there(sample: Sample, since: Mapping[str, datetime]) -> bool:
    """Whether all that it quotes has been there since before it was given."""
    return all(one in since and since[one] <= sample.created_at for one in sample.documents)


def _row(sample: Sample) -> dict[str, Any]:
    return {
        "id": sample.id,
        "tenant": sample.tenant,
        "question": sample.question,
        "variant": sample.variant,
        "fingerprint": sample.fingerprint,
        "served": asdict(sample.served),
        "candidate": asdict(sample.candidate) if sample.candidate else None,
        "created_at": sample.created_at,
    }


def _sample(row: RowMapping) -> Sample:
    return Sample(
        id=row["id"],
        tenant=row["tenant"],
        question=row["question"],
        served=_answer(row["served"]),
        created_at=row["created_at"],
        variant=row["variant"],
        fingerprint=row["fingerprint"],
        candidate=_answer(row["candidate"]) if row["candidate"] else None,
    )


def _answer(kept: Mapping[str, Any]) -> SampledAnswer:
    lists = {name: tuple(kept[name]) for name in ("cited", "documents")}
    return SampledAnswer(kept["text"], kept["status"], measures=kept["measures"], **lists)
