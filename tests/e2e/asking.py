"""Calls on the running service."""

from __future__ import annotations

import time
from typing import Any

import httpx


def wait_for(client: httpx.Client, uploaded: httpx.Response) -> list[dict[str, Any]]:
    """The jobs of an upload, once all are done."""
    return [_finished(client, job["job_id"]) for job in uploaded.json()["jobs"]]


def _finished(client: httpx.Client, job_id: str) -> dict[str, Any]:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        job: dict[str, Any] = client.get(f"/jobs/{job_id}").json()
        if job["state"] in ("done", "failed"):
            assert job["state"] == "done", job
            return job
        time.sleep(0.05)
    raise AssertionError(f"{job_id} is not done")


def put(client: httpx.Client, source: str, content: str) -> dict[str, Any]:
    """Reads one text in; its finished job."""
    response = client.post(
        "/documents", files=[("file", (source, content.encode()))], data={"source": [source]}
    )
    return wait_for(client, response)[0]


def ask(client: httpx.Client, question: str, **more: Any) -> dict[str, Any]:
    """The answer to a question."""
    response = client.post("/query", json={"query": question, **more})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def text_of(client: httpx.Client, citation: dict[str, Any]) -> str:
    """The text of the version that a citation points into."""
    path = f"/documents/{citation['document_id']}/text"
    text: str = client.get(path, params={"version": citation["version"]}).json()["text"]
    return text
