"""A client whose queue does what a test says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from typing_extensions import override

from service.cli.client import AT_WORK, Client, Json, LocalFile
from service.errors import NotFound
from service.types import Scalar


def job_in(state: str, source: str, **more: object) -> Json:
    """A job as the API tells of it."""
    return {
        "job_id": f"job of {source}", "source": source, "state": state, "report": None, "error": None, **more
    }  # fmt: skip


@dataclass
class FakeClient(Client):
    """Every upload is a job in `states`, taken one by one as it is asked for; the last state stays."""

    goes_on: str = ""
    states: Sequence[Json] = ()
    known: dict[str, list[Json]] = field(default_factory=dict)
    at_work: Sequence[Json] = ()
    unready: Sequence[str] = ()
    on_poll: Callable[[], None] = lambda: None
    kept: dict[str, str] = field(default_factory=dict)
    """Ids by source."""
    deleted: list[str] = field(default_factory=list)

    @override
    def upload(self, files: Sequence[LocalFile], metadata: Mapping[str, Scalar] | None) -> list[Json]:
        jobs = []
        for file in files:
            job_id = f"new {file.source}"
            self.known[job_id] = [{**state, "source": file.source} for state in self.states]
            jobs.append({"job_id": job_id, "source": file.source})
        return jobs

    @override
    def job(self, job_id: str) -> Json:
        self.on_poll()
        if job_id not in self.known:
            raise NotFound(job_id)
        states = self.known[job_id]
        return states.pop(0) if len(states) > 1 else states[0]

    @override
    def jobs(self, states: Sequence[str] = ()) -> Iterator[Json]:
        if states == AT_WORK:
            return iter(self.at_work)
        return iter([{**last[-1], "job_id": job_id} for job_id, last in self.known.items()])

    @override
    def cancel(self, job_id: str) -> None:
        raise NotImplementedError

    @override
    def retry(self, job_id: str) -> Json:
        raise NotImplementedError

    @override
    def receipts(self) -> Iterator[Json]:
        raise NotImplementedError

    @override
    def receipts_key(self) -> str:
        raise NotImplementedError

    @override
    def documents(self, *, source: str = "", source_prefix: str = "") -> Iterator[Json]:
        for name, document_id in self.kept.items():
            if name.startswith(source_prefix) and source in ("", name):
                yield {"source": name, "document_id": document_id}

    @override
    def document(self, document_id: str) -> Json:
        raise NotImplementedError

    @override
    def text(self, document_id: str) -> str:
        raise NotImplementedError

    @override
    def chunks(self, document_id: str) -> Iterator[Json]:
        raise NotImplementedError

    @override
    def delete(self, document_id: str) -> Json:
        raise NotImplementedError

    @override
    def readiness(self) -> list[Json]:
        names = ("catalogue", "store", "generate")
        return [
            {"component": name, "ready": name not in self.unready, "detail": "full disk"} for name in names
        ]

    @override
    def ask(self, request: Json) -> Json:
        raise NotImplementedError

    @override
    def search(self, request: Json) -> Json:
        raise NotImplementedError

    @override
    def feedback(self, request: Json) -> Json:
        raise NotImplementedError

    @override
    def drift(self) -> Json:
        raise NotImplementedError

    @override
    def explain(self, request: Json) -> Json:
        raise NotImplementedError
