"""The ways that questions take to their answers: an answer a second says something of its own way alone.

Where the evidence stays below the floor nothing is written; else a language model writes, and where none of
its sentences holds, sentences of the documents are quoted. Which question takes which way moves with every
change of how is decided, so a rate is measured over questions of one way, and each way has its cost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import httpx

Way = Literal["nothing written", "written", "quoted"]

ANSWER_S = 60.0


def way_of(answer: Mapping[str, Any]) -> Way:
    """The way of one response of `POST /query`; what a model wrote in vain is none of them by itself."""
    if answer["llm_generated"]:
        return "written"
    return "quoted" if answer["status"] == "answered" else "nothing written"


def ways(url: str, questions: Sequence[str], key: str = "") -> Mapping[Way, Sequence[str]]:
    """The questions by the way that each takes, asked once, one after the other."""
    found: dict[Way, list[str]] = {"nothing written": [], "written": [], "quoted": []}
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    with httpx.Client(base_url=url, headers=headers, timeout=ANSWER_S, trust_env=False) as client:
        for question in questions:
            answer = client.post("/query", json={"query": question}).raise_for_status().json()
            found[way_of(answer)].append(question)
    return found
