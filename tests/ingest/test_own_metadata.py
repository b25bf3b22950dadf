"""What documents say of themselves, where a store cannot hold it."""

from __future__ import annotations

import asyncio
import json
from io import BytesIO

import pytest

from service.catalogue import document_id
from service.local_engine import LocalEngine
from service.records import Upload
from tests.fakes_core import LOCAL, drain, ingested
from tests.ingest.checking import assert_whole, sources

FRONT_MATTER = (
    "---\nserial: 99999999999999999999\nratio: .nan\nyear: 2024\nnote: '{}'\n---\n# Pump\n\nClean it."
)
UNSTORABLE = [
    {"metadata": {"serial": 10**30}},
    {"metadata": {"ratio": float("nan")}},
    {"metadata": {"note": "nothing \0 follows"}},
    {"metadata": {"note": "half \ud83d"}},
    {"metadata": {"note": "x" * 1001}},
    {"_id": "half \ud83d"},
    {"_id": "x\0"},
]


def test_what_cannot_be_held_of_front_matter_is_left_out_and_the_receipt_says_so(engine: LocalEngine) -> None:
    job = ingested(engine, "pump.md", FRONT_MATTER.format("x" * 1001))
    record = asyncio.run(engine.document(LOCAL, document_id(LOCAL, "pump.md")))
    assert (job.state, record.metadata) == ("done", {"year": 2024})
    assert record.receipt is not None
    warnings = str(record.receipt["warnings"])
    assert [name in warnings for name in ("serial", "ratio", "note", "year")] == [True, True, True, False]
    assert_whole(engine)


@pytest.mark.parametrize("odd", UNSTORABLE, ids=lambda odd: ascii(odd)[:40])
def test_a_record_that_no_store_can_hold_fails_alone(engine: LocalEngine, odd: dict[str, object]) -> None:
    lines = [
        json.dumps({"_id": "before", "text": "The first pump."}),
        json.dumps({"_id": "odd", "text": "The odd pump.", **odd}),
        json.dumps({"_id": "after", "text": "The last pump."}),
    ]
    upload = Upload("all.jsonl", "all.jsonl", BytesIO("\n".join(lines).encode()))
    asyncio.run(engine.upload(LOCAL, [upload], metadata={}, groups=(), idempotency_key=None))
    drain(engine)
    assert sources(engine, "pump") == {"all.jsonl#before", "all.jsonl#after"}
    assert_whole(engine)


@pytest.mark.parametrize("text", ["half \ud83d of it", "nothing \0 follows"])
def test_a_record_whose_text_holds_what_no_store_can_is_read_without_it(
    engine: LocalEngine, text: str
) -> None:
    record = json.dumps({"_id": "odd", "title": text, "text": f"The odd pump {text}."})
    upload = Upload("all.jsonl", "all.jsonl", BytesIO(record.encode()))
    asyncio.run(engine.upload(LOCAL, [upload], metadata={}, groups=(), idempotency_key=None))
    drain(engine)
    assert sources(engine, "pump") == {"all.jsonl#odd"}
    assert_whole(engine)
