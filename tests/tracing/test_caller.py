"""The caller's trace, from the header of his request to the wire."""

from __future__ import annotations

import pytest

from service.app import create_app
from service.settings import Settings
from service.tracing.caller import TraceParent, read_traceparent
from tests.tracing.conftest import Open
from tests.tracing.receiver import Receiver

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize(
    ("header", "read"),
    [
        (f"00-{TRACE}-{SPAN}-01", TraceParent(TRACE, SPAN, True)),
        (f"00-{TRACE}-{SPAN}-00", TraceParent(TRACE, SPAN, False)),
        (f"cc-{TRACE}-{SPAN}-01-of-a-later-version", TraceParent(TRACE, SPAN, True)),
        (f"00-{TRACE}-{SPAN}-01-more", None),
        (f"ff-{TRACE}-{SPAN}-01", None),
        (f"00-{'0' * 32}-{SPAN}-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (f"00-{TRACE.upper()}-{SPAN}-01", None),
        ("nonsense", None),
        (None, None),
    ],
)
def test_a_traceparent_is_read_as_the_recommendation_says(
    header: str | None, read: TraceParent | None
) -> None:
    assert read_traceparent(header) == read


@pytest.mark.parametrize("stream", [True, False])
async def test_a_request_goes_on_in_its_callers_trace(
    open_engine: Open, receiver: Receiver, *, stream: bool
) -> None:
    import httpx

    with open_engine(tracing=receiver.settings()) as engine:
        app = create_app(engine, Settings(data_dir=engine.settings.data_dir))
        transport = httpx.ASGITransport(app=app)
        headers = {"traceparent": f"00-{TRACE}-{SPAN}-01", "X-Request-ID": "0" * 31 + "7"}
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            body = {"query": "How long?", "stream": stream}
            response = await client.post("/query", json=body, headers=headers)
    assert TRACE in response.text
    root = receiver.only("query")
    assert (root.trace_id, root.parent_id) == (TRACE, SPAN)
    assert root.attributes["footnote.request_id"] == "0" * 31 + "7"
