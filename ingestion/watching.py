"""What is noted of each job on its way: its stages, and how it ended; for traces and measurements."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from service.catalogue import ClaimedJob
from service.metrics.ingests import IngestMetrics
from service.records import IngestReport
from service.tracing.documents import Ingested
from service.tracing.stages import listening, now_ns
from service.tracing.tracing import Tracing


class IngestWatch:
    """Notes the jobs of one worker; safe to use from several threads.

    Args:
        tracing: where traces go.
        metrics: where they are counted.
    """

    def __init__(self, tracing: Tracing, metrics: IngestMetrics | None = None) -> None:
        self._tracing = tracing
        self._metrics = metrics
        self._under_way: dict[str, Ingested] = {}
        self._noting = threading.Lock()

    @contextmanager
    def over(self, jobs: Sequence[ClaimedJob]) -> Iterator[None]:
        """Stages of these jobs in this thread are noted until the block ends."""
        with self._noting:
            noted = [self._under_way.setdefault(job.id, _begun(job)) for job in jobs]
        for one in noted:
            one.together = len(noted)

        def told(name: str, began: int, ended: int, error: BaseException | None) -> None:
            with self._noting:
                for one in noted:
                    one.stages.told(name, began, ended, error)
            if self._metrics is not None:
                self._metrics.observe_stage(name, (ended - began) / 1e9)

        token = listening.set(told)
        try:
            yield
        finally:
            listening.reset(token)

    def done(self, reports: Mapping[str, IngestReport]) -> None:
        """These jobs are done; reports by job."""
        for job_id, report in reports.items():
            self._ended(job_id, "unchanged" if report.unchanged else "done", report, None)

    def failed(self, job: ClaimedJob, error: BaseException) -> None:
        """The job has failed for good."""
        self._ended(job.id, "failed", None, error)

    def put_back(self, job_ids: Sequence[str]) -> None:
        """These jobs wait again; what was noted of this attempt says nothing."""
        with self._noting:
            for job_id in job_ids:
                self._under_way.pop(job_id, None)

    def _ended(
        self, job_id: str, outcome: str, report: IngestReport | None, error: BaseException | None
    ) -> None:
        with self._noting:
            noted = self._under_way.pop(job_id, None)
        if self._metrics is not None:
            code = getattr(error, "code", type(error).__name__.lower()) if error is not None else ""
            self._metrics.observe(outcome, code, report.embedded if report is not None else 0)
        if noted is not None:
            noted.report, noted.error, noted.ended = report, error, now_ns()
            self._tracing.ingested(noted)


def _begun(job: ClaimedJob) -> Ingested:
    return Ingested(
        job.scope, job.id, job.document_id, job.source, job.size_bytes, job.attempts, began=now_ns()
    )
