"""The benchmark's own arithmetic, and what it writes down."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
import typer
from rich.console import Console

from eval.bench.__main__ import main
from eval.bench.corpora import Writer, demo_files, pages, short_records, small_pages
from eval.bench.figures import Baseline, Figure, Goal, Report, Spread, markdown
from eval.bench.query import TimedAnswer
from eval.bench.search import SCOPE, Sample, insert
from ingestion.load import load_bytes
from service.settings import LoadSettings
from service.store.bm25 import sparse_query
from service.store.edge import EdgeStore
from service.types import Filters, QueryVectors


def test_a_goal_is_met_at_its_bound() -> None:
    assert Goal("at least", 0.85).is_met(0.85)
    assert Goal("at most", 10).is_met(10)
    assert not Goal("at least", 0.85).is_met(0.849)
    assert not Goal("at most", 10).is_met(10.1)


def test_half_of_the_times_lie_below_p50_and_a_twentieth_above_p95() -> None:
    assert Spread.of(range(1, 101)) == Spread(50.5, 96)
    assert Spread.of([7.0]) == Spread(7.0, 7.0)


def test_the_overhead_is_what_no_stage_accounts_for() -> None:
    asked = TimedAnswer(30.0, {"embed": 5.0, "search": 2.0, "total": 9.0})
    assert asked.overhead_ms == pytest.approx(23.0)


def test_the_table_shows_goal_baseline_and_what_was_missed() -> None:
    table = markdown(
        [
            Figure("search", "p50", 5.0, "ms", Goal("at most", 10), Baseline("other", 50.0), "p95 8 ms"),
            Figure("ingest", "rate", 0.5, "", Goal("at least", 0.85)),
        ]
    )
    assert "| search | p50 | 5 ms | at most 10, met | other 50 | 0.1 |" in table
    assert "| ingest | rate | 0.5 | at least 0.85, **missed** |  |  |" in table
    assert "- search · p50: p95 8 ms" in table


def test_a_report_keeps_what_it_prints(tmp_path: Path) -> None:
    printed = io.StringIO()
    report = Report(Console(file=printed, width=200), {"sizes": "1000"})
    report.add([Figure("start", "ready", 1.5, "s", Goal("at most", 3))])
    as_json, as_table = report.save(tmp_path / "results")
    saved = json.loads(as_json.read_text())
    assert (saved["figures"][0]["value"], saved["figures"][0]["met"]) == (1.5, True)
    assert saved["machine"]["cores"] >= 1
    assert "ready" in printed.getvalue()
    assert "ready" in as_table.read_text()


def test_generated_files_are_files_that_the_loader_takes() -> None:
    for file in [*short_records(None, 2), *pages(None, 2), *small_pages(2)]:
        assert load_bytes(file.source, file.filename, file.content, LoadSettings()) == file


def test_generated_texts_are_the_same_in_every_run_and_no_two_alike() -> None:
    assert pages(None, 3) == pages(None, 3)
    assert len({file.content for file in pages(None, 3)}) == 3


def test_few_words_are_frequent_and_most_are_rare() -> None:
    words = Writer(0).draw(20_000)
    counts = sorted((words.count(word) for word in set(words)), reverse=True)
    assert counts[0] > 10 * counts[99] > 0


def test_the_sample_corpus_is_found() -> None:
    assert len(demo_files()) >= 30


def test_a_question_lies_near_the_chunk_it_was_made_from(tmp_path: Path) -> None:
    sample = Sample(300)
    np.testing.assert_allclose(np.linalg.norm(sample.dense, axis=1), 1.0, rtol=1e-5)
    store = EdgeStore(tmp_path / "index", sample.dense.shape[1])
    insert(store, sample.dense, sample.sparse)
    for vector, words in sample.questions[:20]:
        asked = QueryVectors(vector, sparse_query(" ".join(words), ["en"]))
        found = store.search(SCOPE, asked, Filters(), 50)
        best = int(np.argmax(sample.dense @ vector))
        assert found.dense[0].chunk_id.endswith(f"{best + 1:x}")
        assert found.dense[0].chunk_id in {one.chunk_id for one in found.sparse}
    store.close()


def test_a_section_that_does_not_exist_is_refused() -> None:
    with pytest.raises(typer.BadParameter, match="no section is named speed"):
        main(only="search,speed")
