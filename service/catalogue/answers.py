"""Answers that were given, kept for a while so that feedback can refer to them."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from service.catalogue import tallies, tenants
from service.catalogue.database import Database, insert_new, now
from service.catalogue.models import AnswerRow, CitationRow, DocumentRow, FeedbackRow
from service.catalogue.tallies import Tallied
from service.drift import Measure, measures_of
from service.drift.measures import measured
from service.errors import NotFound
from service.records import Feedback
from service.types import Answer, Scope

DAY_S = 86_400
COLUMNS = [column.name for column in AnswerRow.__table__.columns]


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """What is kept of an answer: the question, how it ended, the ids of the chunks and documents cited.

    Not its text.
    """

    id: str
    tenant: str
    question: str
    status: str
    cited: tuple[str, ...]
    created_at: datetime
    documents: tuple[str, ...] = ()
    measures: tuple[Measure, ...] = ()
    """What is counted of it (`service/drift`)."""
    variant: str = ""
    trace_id: str = ""
    """The caller's own where it has one."""

    @classmethod
    def of(cls, scope: Scope, question: str, answer: Answer) -> GivenAnswer:
        """What is kept of `answer`, given now."""
        cited = tuple(citation.chunk_id for citation in answer.citations)
        documents = tuple(dict.fromkeys(citation.document.id for citation in answer.citations))
        return cls(
            answer.id,
            scope.tenant,
            question,
            answer.status,
            cited,
            now(),
            documents,
            measures_of(answer),
            answer.variant,
            answer.trace_id,
        )


@dataclass(frozen=True, slots=True)
class Judged:
    """A judgement that is kept: its id, and the trace of its answer (empty where none was kept)."""

    id: str
    trace_id: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a reader said of an answer: `cited` are the ids of the chunks that it pointed to, best first.

    `sources` are those of the documents that it quoted and that there still are; `status` is the answer's.
    """

    question: str
    rating: str
    correction: str
    cited: tuple[str, ...]
    comment: str = ""
    status: str = "answered"
    sources: tuple[str, ...] = ()


class Answers:
    """Answers and what readers say of them; `expiry.py` removes both after their time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, given: Sequence[GivenAnswer]) -> None:
        """Keeps answers, all in one transaction; one that is kept already stays as it is.

        One that quotes a document which was deleted meanwhile is not kept: it would have gone with it.
        """
        with self._database.writing() as connection:
            there = _documents(connection, {document for one in given for document in one.documents})
            gone = tenants.deleted(connection, {one.tenant for one in given})
            kept = [one for one in given if there.keys() >= set(one.documents) and one.tenant not in gone]
            if rows := [_answer_row(one) for one in kept]:
                insert_new(connection, AnswerRow, rows)
            if pairs := [(one.id, document) for one in kept for document in one.documents]:
                quoted = [{"answer_id": answer, "document_id": document} for answer, document in pairs]
                insert_new(connection, CitationRow, quoted)
            tallies.add(connection, _tallied(kept, there))

    def judge(self, scope: Scope, feedback: Feedback) -> Judged:
        """Keeps a judgement.

        Raises:
            NotFound: no such answer was given in this tenant.
        """
        with self._database.writing() as connection:
            given = (AnswerRow.id == feedback.query_id) & (AnswerRow.tenant == scope.tenant)
            # Locked, so that it is not deleted with a document while this is said of it.
            locked = select(AnswerRow.trace_id).where(given).with_for_update(read=True)
            if (trace_id := connection.scalar(locked)) is None:
                raise NotFound(f"there is no answer {feedback.query_id!r}")
            row = _row(scope, feedback)
            connection.execute(insert(FeedbackRow).values(**row))
            return Judged(str(row["id"]), trace_id)

    def variant_of(self, scope: Scope, answer_id: str) -> str:
        """Which variant gave an answer; empty of the pipeline in force, and of one not known any more."""
        given = (AnswerRow.id == answer_id) & (AnswerRow.tenant == scope.tenant)
        with self._database.reading() as connection:
            return connection.scalar(select(AnswerRow.variant).where(given)) or ""

    def judgements(self, scope: Scope) -> list[Judgement]:
        """Every judgement of an answer that is still kept, oldest first."""
        query = (
            select(AnswerRow, FeedbackRow.rating, FeedbackRow.correction, FeedbackRow.comment)
            .join(FeedbackRow, FeedbackRow.answer_id == AnswerRow.id)
            .where(AnswerRow.tenant == scope.tenant, FeedbackRow.tenant == scope.tenant)
            .order_by(FeedbackRow.created_at, FeedbackRow.id)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
            sources = _sources(connection, scope)
        return [
            Judgement(
                row.question,
                row.rating,
                row.correction,
                tuple(row.cited),
                row.comment,
                row.status,
                tuple(sources.get(row.id, ())),
            )
            for row in rows
        ]


def _sources(connection: Connection, scope: Scope) -> Mapping[str, Sequence[str]]:
    """By judged answer, the documents that it quoted."""
    query = (
        select(CitationRow.answer_id, DocumentRow.source)
        .join(DocumentRow, DocumentRow.id == CitationRow.document_id)
        .where(DocumentRow.tenant == scope.tenant, CitationRow.answer_id.in_(select(FeedbackRow.answer_id)))
        .order_by(DocumentRow.source)
    )
    found: dict[str, list[str]] = {}
    for answer, source in connection.execute(query).all():
        found.setdefault(answer, []).append(source)
    return found


def _documents(connection: Connection, ids: Collection[str]) -> Mapping[str, datetime]:
    """Those of the documents that there are, and since when they are as they are.

    None of them is deleted before the transaction ends.
    """
    ours = select(DocumentRow.id, DocumentRow.updated_at).where(DocumentRow.id.in_(ids))
    rows = connection.execute(ours.order_by(DocumentRow.id).with_for_update(read=True))
    return {row.id: row.updated_at for row in rows}


def _tallied(kept: Sequence[GivenAnswer], there: Mapping[str, datetime]) -> Iterator[Tallied]:
    """What is counted of answers, with the age of what they cite."""
    for one in kept:
        for measure in one.measures:
            yield one.tenant, one.created_at, measure
        if one.measures and one.documents:
            newest = max(there[document] for document in one.documents)
            age = (one.created_at - newest).total_seconds() / DAY_S
            yield one.tenant, one.created_at, measured("corpus_age", max(age, 0.0))


def _answer_row(given: GivenAnswer) -> Mapping[str, object]:
    return {**{name: getattr(given, name) for name in COLUMNS}, "cited": list(given.cited)}


def _row(scope: Scope, feedback: Feedback) -> Mapping[str, object]:
    return {
        "id": str(uuid.uuid4()),
        "tenant": scope.tenant,
        "answer_id": feedback.query_id,
        "rating": feedback.rating,
        "comment": feedback.comment,
        "correction": feedback.correction,
        "created_at": now(),
    }
