"""What is kept only for a while, and for how long."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.sql.dml import Delete

from service.catalogue.access_models import AuditRow
from service.catalogue.claiming import FINISHED
from service.catalogue.database import Database
from service.catalogue.models import AnswerRow, FeedbackRow, IdempotencyRow, JobRow, TallyRow
from service.catalogue.variant_models import SampleRow
from service.settings import CatalogueSettings


class Expiry:
    """Removes what is past its time. An answer that was judged stays as long as what was said of it."""

    def __init__(self, database: Database, settings: CatalogueSettings) -> None:
        self._database = database
        self._settings = settings

    def remove_expired(self, moment: datetime) -> Mapping[str, int]:
        """Removes what has expired at `moment`; how many rows of each table."""
        return {table: self._remove(rows) for table, rows in self._expired(moment).items()}

    def _expired(self, moment: datetime) -> Mapping[str, Delete]:
        kept = self._settings
        judged = select(FeedbackRow.answer_id)
        return {
            "feedback": delete(FeedbackRow).where(
                FeedbackRow.created_at < moment - timedelta(days=kept.keep_feedback_days)
            ),
            "answers": delete(AnswerRow).where(
                AnswerRow.created_at < moment - timedelta(days=kept.keep_answers_days),
                AnswerRow.id.not_in(judged),
            ),
            "tallies": delete(TallyRow).where(
                TallyRow.hour < moment - timedelta(days=kept.keep_tallies_days)
            ),
            "samples": delete(SampleRow).where(
                SampleRow.created_at < moment - timedelta(days=kept.keep_samples_days)
            ),
            "audit": delete(AuditRow).where(AuditRow.at < moment - timedelta(days=kept.keep_audit_days)),
            "idempotency": delete(IdempotencyRow).where(
                IdempotencyRow.created_at < moment - timedelta(hours=kept.keep_idempotency_hours)
            ),
            "jobs": delete(JobRow).where(
                JobRow.state.in_(FINISHED),
                JobRow.updated_at < moment - timedelta(days=kept.keep_jobs_days),
            ),
        }

    def _remove(self, rows: Delete) -> int:
        """Each table in a transaction of its own, so that an ingest waits only briefly for the lock."""
        with self._database.writing() as connection:
            return connection.execute(rows).rowcount
