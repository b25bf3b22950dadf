"""Asking a run's cases: of an engine or a service, once each, and on from where it was interrupted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from typing_extensions import override

from eval.engines import SCOPE, Asked, InProcess, product_of
from eval.run.asking import Place, ask_all
from eval.run.dataset import Dataset, open_dataset
from eval.run.families import Failed, JudgingFamily
from eval.run.records import Case, Json, JudgeRecord, Outcome, Product, RunFolder, RunSummary
from eval.run.running import RunOptions, judged
from service.errors import InvalidInput, LimitExceeded, Unavailable
from service.local_engine import LocalEngine
from tests.eval.running import PUMP, Product24, case
from tests.fakes_core import FakeEmbedder, a_tokenizer, drain, opened, put, quick_folder

CASES = tuple(case(name, expected={"pump.md": 1}, facts=(("24 months",),)) for name in "abc")
DATASET = Dataset("pumps", CASES)
OPTIONS = RunOptions()


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "run")


def silent(_done: int, _total: int) -> None:
    pass


async def ask(product: Product24, folder: RunFolder, cases: tuple[Case, ...] = CASES) -> tuple[Outcome, ...]:
    (outcomes,) = await ask_all([Place(product, folder)], cases, concurrency=1, depth=50, tell=silent)
    return outcomes


async def run(
    product: Asked, folder: RunFolder, dataset: Dataset = DATASET, judge: JudgingFamily | None = None
) -> RunSummary:
    (summary,) = await judged([Place(product, folder)], dataset, OPTIONS, judge)
    return summary


async def test_a_run_is_asked_measured_and_written(folder: RunFolder) -> None:
    summary = await run(Product24(), folder)
    assert summary == folder.summary()
    assert summary.counts == {"answered": 3}
    assert summary.metrics["all"]["right"].mean == 1.0
    assert not summary.failures


async def test_what_is_found_beyond_the_answer_s_passages_is_kept_without_its_text(folder: RunFolder) -> None:
    (first, *_) = await ask(Product24(), folder)
    assert [(hit.source, bool(hit.text)) for hit in first.hits] == [("pump.md", True), ("other.md", False)]
    assert "hits" not in first.response


async def test_cases_that_were_answered_before_are_not_asked_again(folder: RunFolder) -> None:
    interrupted, product = Product24(), Product24()
    await ask(interrupted, folder, CASES[:2])
    outcomes = await ask(product, folder)
    assert product.asked == [CASES[2].question]
    assert [one.case.id for one in outcomes] == ["a", "b", "c"]


async def test_a_case_that_failed_is_asked_again(folder: RunFolder) -> None:
    error = LimitExceeded("too long")
    failed = await run(Product24(failing={CASES[0].question: error}), folder)
    assert failed.failures == ("1 of 3 cases: limit_exceeded: too long",)
    again = Product24()
    assert not (await run(again, folder)).failures
    assert again.asked == [CASES[0].question]


async def test_a_case_that_was_changed_meanwhile_is_another_run(folder: RunFolder) -> None:
    await run(Product24(), folder)
    changed = Dataset("pumps", (case("a", question="Another?"), *CASES[1:]))
    with pytest.raises(InvalidInput, match="other questions"):
        await run(Product24(), folder, changed)


async def test_another_product_does_not_go_on_with_a_run(folder: RunFolder) -> None:
    await run(Product24(), folder)
    with pytest.raises(InvalidInput, match="other product"):
        await run(Product24(Product(version="2")), folder)


async def test_a_product_that_is_gone_ends_the_run_and_what_it_said_is_kept(folder: RunFolder) -> None:
    gone = Product24(failing={CASES[1].question: Unavailable("gone")})
    with pytest.raises(Unavailable):
        await run(gone, folder)
    assert [one.case.id for one in folder.outcomes()] == ["a"]


async def test_no_more_are_asked_at_a_time_than_was_said(folder: RunFolder) -> None:
    class Counting(Product24):
        now = most = 0

        @override
        async def query(self, body: Json) -> Json:
            self.now += 1
            self.most = max(self.most, self.now)
            await asyncio.sleep(0)
            self.now -= 1
            return await super().query(body)

    product = Counting()
    await ask_all([Place(product, folder)], CASES, concurrency=2, depth=50, tell=silent)
    assert product.most == 2


async def test_of_two_products_each_case_is_asked_in_turn_and_the_next_the_other_way_round(
    folder: RunFolder, tmp_path: Path
) -> None:
    order: list[str] = []

    class Noting(Product24):
        @override
        async def query(self, body: Json) -> Json:
            order.append(self.product.version)
            return await super().query(body)

    places = [
        Place(Noting(Product(version="1")), folder),
        Place(Noting(Product(version="2")), RunFolder(tmp_path / "other")),
    ]
    first, second = await judged(places, DATASET, OPTIONS)
    assert order == ["1", "2", "2", "1", "1", "2"]
    assert first.turn == second.turn != ""
    assert (first.product.version, second.product.version) == ("1", "2")


async def test_a_case_that_one_of_two_products_has_not_answered_is_asked_of_both(
    folder: RunFolder, tmp_path: Path
) -> None:
    await ask(Product24(), folder, CASES[:2])
    first, second = Product24(), Product24()
    other = RunFolder(tmp_path / "other")
    await judged([Place(first, folder), Place(second, other)], DATASET, OPTIONS)
    assert first.asked == second.asked == [one.question for one in CASES]


class Judge:
    """A judge that cannot read one case."""

    name = "judge"

    async def measure(self, outcome: Outcome) -> dict[str, float | None]:
        if outcome.case.id == "b":
            raise Failed("no JSON came back")
        return {"faithfulness": 1.0}

    def record(self) -> JudgeRecord:
        return JudgeRecord(model="stub", calls=3)


async def test_a_judge_that_fails_fails_the_run_with_its_reason(folder: RunFolder) -> None:
    summary = await run(Product24(), folder, judge=Judge())
    assert summary.failures == ("1 of 3 cases: judge: no JSON came back",)
    assert summary.metrics["all"]["faithfulness"].n == 2
    assert summary.judge == JudgeRecord(model="stub", calls=3)


# --- an engine of this process ---------------------------------------------------------------


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[LocalEngine]:
    with quick_folder() as data, opened(data, FakeEmbedder(a_tokenizer(tmp_path))) as engine:
        put(engine, "pump.md", PUMP, scope=SCOPE)
        drain(engine)
        yield engine


async def test_an_engine_of_this_process_is_asked_as_the_api_would_be(
    engine: LocalEngine, folder: RunFolder
) -> None:
    asked = InProcess(engine, product_of(engine))
    one = case("w", question="How long does the warranty of the pump last?", expected={"pump.md": 1})
    summary = await run(asked, folder, Dataset("pumps", (one,)))
    (outcome,) = folder.outcomes()
    assert outcome.contexts == (PUMP,)
    assert outcome.metrics["recall@1"] == 1.0
    assert outcome.processor_ms > 0
    assert summary.product.fingerprints["embed"] == "words-1"
    await engine.aclose()


# --- what is asked ---------------------------------------------------------------------------


def test_a_file_of_cases_is_a_dataset(tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_text("".join(f"{one.model_dump_json()}\n" for one in CASES))
    assert open_dataset(file, None).cases == CASES


def test_the_golden_form_is_a_dataset_with_its_facts_and_kinds(tmp_path: Path) -> None:
    file = tmp_path / "golden.jsonl"
    file.write_text(
        '{"id": "t", "question": "?", "kind": "table", "documents": ["a.md"], "facts": [["24 months"]]}\n'
    )
    (found,) = open_dataset(file, None).cases
    assert (found.kind, found.facts, found.answers) == ("table", (("24 months",),), ())
    assert found.expected == {"a.md": 1}


def test_a_sample_is_the_same_for_the_same_seed_and_in_the_set_s_order(tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_text("".join(f"{case(str(number)).model_dump_json()}\n" for number in range(50)))
    drawn = [one.id for one in open_dataset(file, None, 5, seed=3).cases]
    assert drawn == [one.id for one in open_dataset(file, None, 5, seed=3).cases]
    assert drawn == sorted(drawn, key=int)
    assert drawn != [one.id for one in open_dataset(file, None, 5, seed=4).cases]


def test_what_is_no_labelled_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no labelled set"):
        open_dataset(tmp_path, None)
