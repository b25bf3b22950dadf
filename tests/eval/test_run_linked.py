"""A run told to Langfuse, decoded from the wire: dataset, items, traces, scores and the run itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from langfuse import Langfuse as Sdk
from typing_extensions import override

from eval.engines import SCOPE, Asked, InProcess, product_of
from eval.run.asking import Place
from eval.run.dataset import Dataset
from eval.run.linked import linking
from eval.run.records import Case, Json, RunFolder
from eval.run.running import RunOptions, judged
from service.cli.http_client import HttpClient
from service.errors import Misconfigured, Unavailable
from service.settings import DecideSettings, TracingSettings
from service.tracing.caller import Calling, TraceParent, calling
from tests.eval.running import PUMP, Product24, case
from tests.fakes_core import FakeEmbedder, a_tokenizer, drain, opened, put, quick_folder
from tests.tracing.receiver import Receiver, Seen, receiving

CASES = (
    case("a", question="How long does the warranty of the pump last?", facts=(("24 months",),)),
    case("b", question="Who painted the ceiling?", answerable=False, kind="other"),
)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def silent(_done: int, _total: int) -> None:
    pass


def to_langfuse(receiver: Receiver, **others: Any) -> TracingSettings:
    keys = {"public_key": "pk-lf-1", "secret_key": "sk-lf-2"}
    return TracingSettings(**{"method": "langfuse", "endpoint": receiver.url, **keys, **others})


async def run(
    receiver: Receiver,
    folder: Path,
    cases: Sequence[Case] = CASES,
    product: Asked | None = None,
    **settings: Any,
) -> None:
    with linking(to_langfuse(receiver, **settings), "pumps", cases, silent) as told:
        place = Place(product or Product24(), RunFolder(folder), told.run(folder.name))
        await judged([place], Dataset("pumps", tuple(cases)), RunOptions())


def scores(receiver: Receiver) -> list[Json]:
    return [one for path, body in receiver.posted if path.endswith("/scores") for one in body]


def items(receiver: Receiver) -> dict[str, Json]:
    return {item["metadata"]["case"]: item for item in receiver.langfuse.items.values()}


def whole(receiver: Receiver, name: str) -> Seen:
    (span,) = [one for one in receiver.named("case") if one.attributes["footnote.case"] == name]
    return span


async def test_the_cases_are_the_items_of_a_dataset(receiver: Receiver, tmp_path: Path) -> None:
    await run(receiver, tmp_path / "first")
    found = items(receiver)
    assert found["a"]["input"] == CASES[0].question
    assert found["a"]["expectedOutput"] == {"facts": [["24 months"]], "answerable": True}
    assert found["b"]["expectedOutput"] == {"answerable": False}
    assert found["b"]["metadata"] == {"case": "b", "kind": "other", "tags": []}


async def test_an_item_is_written_once_and_again_when_its_case_has_changed(
    receiver: Receiver, tmp_path: Path
) -> None:
    await run(receiver, tmp_path / "first")
    await run(receiver, tmp_path / "second")
    assert receiver.langfuse.written == 2
    changed = CASES[0].model_copy(update={"reference": "24 months."})
    await run(receiver, tmp_path / "third", (changed, CASES[1]))
    assert (receiver.langfuse.written, len(receiver.langfuse.items)) == (3, 2)
    assert items(receiver)["a"]["expectedOutput"]["reference"] == "24 months."


async def test_each_case_s_trace_names_the_run_and_its_item(receiver: Receiver, tmp_path: Path) -> None:
    await run(receiver, tmp_path / "first")
    span = whole(receiver, "a")
    told = {
        name.removeprefix("langfuse.experiment."): value
        for name, value in span.attributes.items()
        if name.startswith("langfuse.experiment.")
    }
    assert json.loads(told.pop("item.expected_output"))["facts"] == [["24 months"]]
    assert told == {
        "id": told["id"],
        "name": "first",
        "dataset.id": "id of pumps",
        "item.id": items(receiver)["a"]["id"],
        "item.root_observation_id": span.id,
    }
    assert span.attributes["langfuse.environment"] == "sdk-experiment"
    assert json.loads(span.attributes["langfuse.observation.input"]) == CASES[0].question
    assert span.ended > span.began > 0


async def test_the_run_s_id_is_the_one_that_the_sdk_works_out(receiver: Receiver, tmp_path: Path) -> None:
    await run(receiver, tmp_path / "first")
    sdk = Sdk.__new__(Sdk)
    wanted = sdk._create_experiment_id(project_id="project-1", dataset_id="id of pumps", run_name="first")
    assert whole(receiver, "a").attributes["langfuse.experiment.id"] == wanted


async def test_each_case_has_its_scores_and_the_run_its_means(receiver: Receiver, tmp_path: Path) -> None:
    await run(receiver, tmp_path / "first")
    span = whole(receiver, "a")
    of_case = {one["name"]: one["value"] for one in scores(receiver) if one.get("traceId") == span.trace_id}
    assert (of_case["right"], of_case["facts"]) == (1.0, 1.0)
    assert "abstention_recall" not in of_case  # it says nothing of a case that has an answer
    run_id = span.attributes["langfuse.experiment.id"]
    of_run = {one["name"]: one["value"] for one in scores(receiver) if one.get("datasetRunId") == run_id}
    assert of_run["right"] == 0.5


async def test_a_run_told_again_is_the_same_run(receiver: Receiver, tmp_path: Path) -> None:
    await run(receiver, tmp_path / "first")
    before = {(one.trace_id, one.id) for one in receiver.spans}, {one["id"] for one in scores(receiver)}
    await run(receiver, tmp_path / "first")
    after = {(one.trace_id, one.id) for one in receiver.spans}, {one["id"] for one in scores(receiver)}
    assert after == before


async def test_another_run_over_the_dataset_has_traces_of_its_own(receiver: Receiver, tmp_path: Path) -> None:
    await run(receiver, tmp_path / "first")
    await run(receiver, tmp_path / "second")
    spans = [one for one in receiver.named("case") if one.attributes["footnote.case"] == "a"]
    assert len({one.trace_id for one in spans}) == len(spans) == 2
    assert len({one.attributes["langfuse.experiment.item.id"] for one in spans}) == 1


async def test_what_the_answer_says_is_sent_only_with_content(receiver: Receiver, tmp_path: Path) -> None:
    await run(receiver, tmp_path / "first")
    assert "langfuse.observation.output" not in whole(receiver, "a").attributes
    receiver.spans.clear()
    await run(receiver, tmp_path / "second", content=True)
    assert PUMP in whole(receiver, "a").attributes["langfuse.observation.output"]


def test_the_stages_of_an_engine_here_stand_beneath_their_case(receiver: Receiver, tmp_path: Path) -> None:
    sections = {"tracing": to_langfuse(receiver), "decide": DecideSettings(threshold=0)}
    with quick_folder() as data, opened(data, FakeEmbedder(a_tokenizer(tmp_path)), **sections) as engine:
        put(engine, "pump.md", PUMP, scope=SCOPE)
        drain(engine)
        asked = InProcess(engine, product_of(engine))
        asyncio.run(run(receiver, tmp_path / "first", CASES[:1], asked))
    span = whole(receiver, "a")
    beneath = [one for one in receiver.spans if one.trace_id == span.trace_id and one is not span]
    assert {one.name for one in beneath} >= {"query", "embed", "search", "rerank", "decide", "cite"}
    assert receiver.only("query").parent_id == span.id
    for name in ("id", "item.id", "item.root_observation_id"):
        key = f"langfuse.experiment.{name}"
        assert {one.attributes[key] for one in beneath} == {span.attributes[key]}


def test_a_service_is_told_which_trace_its_answer_belongs_to(receiver: Receiver) -> None:
    parent = TraceParent("ab" * 16, "cd" * 8, sampled=True)
    with HttpClient(receiver.url) as client:
        token = calling.set(Calling(parent=parent))
        client.drift()
        calling.reset(token)
        client.drift()
    within, without = receiver.headers
    assert within["traceparent"] == f"00-{'ab' * 16}-{'cd' * 8}-01"
    assert "traceparent" not in without


def test_a_run_is_told_to_langfuse_only_where_traces_go_there() -> None:
    with pytest.raises(Misconfigured), linking(TracingSettings(), "pumps", CASES, silent):
        pass


async def test_a_langfuse_that_refuses_ends_the_run_before_anything_is_asked(
    receiver: Receiver, tmp_path: Path
) -> None:
    receiver.langfuse.refusing = 401
    product = Product24()
    with pytest.raises(Unavailable, match="401"):
        await run(receiver, tmp_path / "first", product=product)
    assert not product.asked


async def test_a_run_that_could_not_be_told_is_kept_and_told_by_the_next_try(
    receiver: Receiver, tmp_path: Path
) -> None:
    class Refused(Product24):
        @override
        async def query(self, body: Json) -> Json:
            receiver.langfuse.refusing = 403
            return await super().query(body)

    with pytest.raises(Unavailable):
        await run(receiver, tmp_path / "first", product=Refused())
    receiver.langfuse.refusing = 0
    receiver.posted.clear()
    again = Product24()
    await run(receiver, tmp_path / "first", product=again)
    assert not again.asked
    assert [one for one in scores(receiver) if one.get("datasetRunId")]
