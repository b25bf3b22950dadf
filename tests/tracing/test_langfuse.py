"""What Langfuse is sent: spans by OpenTelemetry, scores by its REST API, the keys in a header."""

from __future__ import annotations

import asyncio
import base64
import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from service.errors import Misconfigured
from service.local_engine import LocalEngine
from service.records import Feedback
from service.settings import DecideSettings, GenerateSettings, TracingSettings
from service.types import Answer, Query
from tests.e2e.test_language_model import WARRANTY, model
from tests.fakes_core import LOCAL, ingested
from tests.tracing.conftest import Open
from tests.tracing.receiver import Receiver

QUESTION = Query("How long is the warranty of the PX-100 pump?")
SURE = DecideSettings(threshold=0)
KEYS: Mapping[str, Any] = {"public_key": "pk-lf-1", "secret_key": "sk-lf-2"}


def to_langfuse(receiver: Receiver, **others: Any) -> TracingSettings:
    return TracingSettings(**{"method": "langfuse", "endpoint": receiver.url, **KEYS, **others})


async def written(engine: LocalEngine) -> Answer:
    """What a language model answers, whose connections end with the loop."""
    try:
        return await engine.answer(LOCAL, QUESTION)
    finally:
        await engine.aclose()


def test_a_generation_has_its_model_usage_cost_and_prompt(open_engine: Open, receiver: Receiver) -> None:
    with model("The warranty lasts 24 months ", "from delivery [1].") as (url, _):
        generate = GenerateSettings(
            base_url=url, model="stub", deadline_s=10, prompt_price=2.0, completion_price=10.0
        )
        with open_engine(tracing=to_langfuse(receiver), decide=SURE, generate=generate) as engine:
            ingested(engine, "warranty.md", WARRANTY)
            answer = asyncio.run(written(engine))
    assert answer.llm_generated
    told = receiver.only("generate").attributes
    assert told["langfuse.observation.type"] == "generation"
    assert told["langfuse.observation.model.name"] == told["gen_ai.request.model"] == "stub"
    assert json.loads(told["langfuse.observation.usage_details"]) == {"input": 90, "output": 12}
    cost = json.loads(told["langfuse.observation.cost_details"])["total"]
    assert cost == pytest.approx((90 * 2 + 12 * 10) / 1e6)
    assert len(told["footnote.prompt.version"]) == 12


def test_a_trace_is_named_and_belongs_to_its_tenant(open_engine: Open, receiver: Receiver) -> None:
    with open_engine(tracing=to_langfuse(receiver)) as engine:
        asyncio.run(engine.answer(LOCAL, QUESTION))
    root = receiver.only("query").attributes
    assert root["langfuse.trace.name"] == "query"
    assert root["user.id"] == root["footnote.tenant"]
    headers = receiver.headers[0]
    assert headers["authorization"] == "Basic " + base64.b64encode(b"pk-lf-1:sk-lf-2").decode()
    assert headers["x-langfuse-ingestion-version"] == "4"


def test_scores_and_a_readers_judgement_go_to_the_trace_of_the_answer(
    open_engine: Open, receiver: Receiver
) -> None:
    with open_engine(tracing=to_langfuse(receiver), decide=SURE) as engine:
        ingested(engine, "warranty.md", WARRANTY)
        answer = asyncio.run(engine.answer(LOCAL, QUESTION))
        asyncio.run(engine.feedback(LOCAL, Feedback(answer.id, "up", comment="the PX-100, of course")))
    assert {path for path, _ in receiver.posted} == {"/api/public/scores"}
    scores = {score["name"]: score for _, body in receiver.posted for score in body}
    assert set(scores) == {"p_answerable", "support", "feedback"}
    assert scores["feedback"]["value"] == 1
    assert {score["traceId"] for score in scores.values()} == {answer.trace_id}
    assert {score["observationId"] for score in scores.values()} == {receiver.only("query").id}
    assert "PX-100" not in json.dumps(receiver.posted)  # content is off


def test_who_asks_for_another_answer_has_not_called_this_one_bad(
    open_engine: Open, receiver: Receiver
) -> None:
    with open_engine(tracing=to_langfuse(receiver), decide=SURE) as engine:
        ingested(engine, "warranty.md", WARRANTY)
        answer = asyncio.run(engine.answer(LOCAL, QUESTION))
        asyncio.run(engine.feedback(LOCAL, Feedback(answer.id, "again")))
    scores = {score["name"]: score["value"] for _, body in receiver.posted for score in body}
    assert (scores["again"], "feedback" in scores) == (1, False)


@pytest.mark.parametrize("missing", ["public_key", "secret_key", "endpoint"])
def test_what_is_not_set_is_named_at_the_start(open_engine: Open, receiver: Receiver, missing: str) -> None:
    settings = to_langfuse(receiver, **{missing: ""})
    with pytest.raises(Misconfigured) as raised, open_engine(tracing=settings):
        pass
    assert missing.upper() in raised.value.hint


def test_opening_it_sends_nothing_and_leaves_the_process_as_it_was() -> None:
    """In a process of its own, where every connection is refused."""
    check = """
import sys, atexit, threading
sys.addaudithook(lambda event, _: event == "socket.connect" and sys.exit("it connects"))
registered = []
atexit.register = registered.append
from service.settings import TracingSettings
from service.tracing.langfuse import LangfuseSender
from service.tracing.otlp import OtlpSender
from opentelemetry import trace
settings = TracingSettings(endpoint="http://127.0.0.1:9", public_key="p", secret_key="s")
registered.clear()
LangfuseSender(settings), OtlpSender(settings, "http://127.0.0.1:9/v1/traces", {})
assert type(trace.get_tracer_provider()).__name__ == "ProxyTracerProvider"
vendors = ("langfuse", "opentelemetry")
assert not [one for one in registered if one.__module__.startswith(vendors)], registered
assert threading.active_count() == 1
"""
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
