"""Answers that were given, kept for a while so that feedback can refer to them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects.sqlite import insert

from service.catalogue.database import Database, now
from service.catalogue.models import AnswerRow, FeedbackRow
from service.errors import NotFound
from service.records import Feedback
from service.types import Answer, Scope


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a reader said of an answer: `cited` are the ids of the chunks that it pointed to, best first."""

    question: str
    rating: str
    correction: str
    cited: tuple[str, ...]


class Answers:
    """Answers and what readers say of them.

    Args:
        database: where they are.
        keep_days: how long an answer can be judged.
    """

    def __init__(self, database: Database, keep_days: int) -> None:
        self._database = database
        self._keep = timedelta(days=keep_days)

    def keep(self, scope: Scope, question: str, answer: Answer) -> None:
        """Keeps the question, how it ended and which chunks were cited; not the answer's text."""
        with self._database.writing() as connection:
            connection.execute(
                insert(AnswerRow).values(
                    id=answer.id,
                    tenant=scope.tenant,
                    question=question,
                    status=answer.status,
                    cited=[citation.chunk_id for citation in answer.citations],
                    created_at=now(),
                )
            )

    def judge(self, scope: Scope, feedback: Feedback) -> str:
        """Keeps a judgement; returns its id.

        Raises:
            NotFound: no such answer was given in this tenant.
        """
        with self._database.writing() as connection:
            given = (AnswerRow.id == feedback.query_id) & (AnswerRow.tenant == scope.tenant)
            if connection.scalar(select(AnswerRow.id).where(given)) is None:
                raise NotFound(f"there is no answer {feedback.query_id!r}")
            row = _row(scope, feedback)
            connection.execute(insert(FeedbackRow).values(**row))
            return str(row["id"])

    def judgements(self, scope: Scope) -> list[Judgement]:
        """Every judgement of an answer that is still kept, oldest first."""
        query = (
            select(AnswerRow.question, AnswerRow.cited, FeedbackRow.rating, FeedbackRow.correction)
            .join(FeedbackRow, FeedbackRow.answer_id == AnswerRow.id)
            .where(AnswerRow.tenant == scope.tenant, FeedbackRow.tenant == scope.tenant)
            .order_by(FeedbackRow.created_at, FeedbackRow.id)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return [Judgement(row.question, row.rating, row.correction, tuple(row.cited)) for row in rows]

    def forget_old(self) -> int:
        """Removes answers past their time; returns how many."""
        with self._database.writing() as connection:
            return connection.execute(
                delete(AnswerRow).where(AnswerRow.created_at < now() - self._keep)
            ).rowcount


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
