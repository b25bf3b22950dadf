"""What is sent of an ingest, decoded from the wire."""

from __future__ import annotations

from ingestion.worker import worker_for
from service.errors import CorruptFile
from service.settings import DecideSettings
from tests.fakes_core import BROKEN, LOCAL, drain, ingested, put, sections
from tests.tracing.conftest import Open
from tests.tracing.receiver import Receiver

STAGES = {"load", "parse", "chunk", "plan", "embed", "store"}
TEXT = sections(Warranty="The warranty lasts 24 months.", Care="The housing is made of cast steel.")
SURE = DecideSettings(threshold=0)


def test_a_document_is_a_trace_with_a_span_for_every_stage(open_engine: Open, receiver: Receiver) -> None:
    with open_engine(tracing=receiver.settings()) as engine:
        job = ingested(engine, "a.md", TEXT)
    root = receiver.only("ingest")
    assert {span.name for span in receiver.spans} == {*STAGES, "ingest"}
    assert {span.trace_id for span in receiver.spans} == {root.trace_id}
    assert root.attributes["footnote.job_id"] == job.id
    assert root.attributes["footnote.document_id"] == job.document_id
    assert receiver.only("chunk").attributes["footnote.chunks"] == 2
    assert receiver.only("chunk").parent_id == receiver.only("parse").id
    assert receiver.only("embed").attributes["footnote.embedded"] == 2
    assert not root.failed


def test_documents_that_are_embedded_together_have_a_trace_each(
    open_engine: Open, receiver: Receiver
) -> None:
    with open_engine(tracing=receiver.settings()) as engine:
        for name in ("a.md", "b.md", "c.md"):
            put(engine, name, TEXT)
        drain(engine)
    assert len({span.trace_id for span in receiver.named("ingest")}) == 3
    assert len(receiver.named("embed")) == len(receiver.named("store")) == 3


def test_a_document_that_fails_says_where_and_why(open_engine: Open, receiver: Receiver) -> None:
    with open_engine(tracing=receiver.settings()) as engine:
        assert ingested(engine, "a.md", BROKEN).state == "failed"
    assert {span.name for span in receiver.spans if span.failed} == {"ingest", "parse"}
    assert receiver.only("ingest").attributes["error.type"] == CorruptFile.code


def test_a_document_that_has_not_changed_has_no_stages(open_engine: Open, receiver: Receiver) -> None:
    with open_engine(tracing=receiver.settings()) as engine:
        ingested(engine, "a.md", TEXT)
        ingested(engine, "a.md", TEXT)
    unchanged = [span for span in receiver.named("ingest") if span.attributes["footnote.unchanged"]]
    assert len(unchanged) == 1
    assert [span.name for span in receiver.spans if span.trace_id == unchanged[0].trace_id] == ["ingest"]


def test_the_process_that_parses_says_what_chunking_took(open_engine: Open, receiver: Receiver) -> None:
    with open_engine(tracing=receiver.settings()) as engine:
        put(engine, "a.md", TEXT)
        worker_for(engine).run_until_idle()
    chunk, parse = receiver.only("chunk"), receiver.only("parse")
    assert parse.began < chunk.began < chunk.ended <= parse.ended


def test_nothing_of_a_document_is_sent(open_engine: Open, receiver: Receiver) -> None:
    with open_engine(tracing=receiver.settings()) as engine:
        ingested(engine, "folder/tariff-list.md", TEXT, scope=LOCAL)
    for word in (b"warranty", b"cast steel", b"tariff", b"folder", b"local"):
        assert word not in receiver.raw.lower()
