"""Content is sent only where it is switched on, and then masked."""

from __future__ import annotations

import asyncio
import json

from service.masking import open_masker
from service.settings import TracingSettings
from service.tracing.langfuse import named
from service.tracing.otlp import OtlpSender
from service.tracing.questions import Telling
from service.tracing.tracer import Tracer
from service.tracing.tracing import Tracing
from service.types import Query
from tests.answering import a_hit
from tests.core.test_pipeline import ScriptedGenerator, a_pipeline
from tests.fakes_core import LOCAL
from tests.tracing.receiver import Receiver

TEXT = "The warranty lasts 24 months. Ask anna@norrask.com for more."


async def _asked(tracing: Tracing) -> None:
    pipeline = a_pipeline(a_hit(TEXT), generator=ScriptedGenerator(["The warranty lasts 24 months [1]."]))
    query = Query("How long does anna@norrask.com say the warranty lasts?")
    async for _ in tracing.asked(LOCAL, query, pipeline.stream(LOCAL, query)):
        pass


def test_what_is_sent_of_content_is_masked(receiver: Receiver) -> None:
    settings = TracingSettings(timeout_s=5)
    sender = OtlpSender(settings, f"{receiver.url}/v1/traces", {}, naming=named)
    tracing = Tracing(Tracer(settings, sender), Telling(mask=open_masker().mask))
    asyncio.run(_asked(tracing))
    tracing.close()
    root = receiver.only("query").attributes
    asked = json.loads(root["langfuse.observation.input"])
    assert asked == "How long does [email] say the warranty lasts?"
    assert json.loads(root["langfuse.observation.output"])["answer"] == "The warranty lasts 24 months. [1]"
    assert b"anna" not in receiver.raw
