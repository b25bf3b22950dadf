"""`make dev-server` with all that it needs: from a clone to a cited answer with one key."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from tests.deploy.checking import DEPLOY, ROOT

WARRANTY = b"# Warranty\n\nThe warranty of the P-200 pump lasts 24 months from the day of delivery.\n"
START_S = 120


def test_a_new_user_gets_a_cited_answer_with_the_key_that_was_printed(
    request: pytest.FixtureRequest,
) -> None:
    qdrant = request.getfixturevalue("qdrant_server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    with TemporaryDirectory(prefix="footnote-dev-server-") as folder:
        Path(folder).chmod(0o755)
        process = subprocess.Popen(
            [sys.executable, DEPLOY / "dev_server.py"],
            env={
                **os.environ,
                "DEV_SERVER_DIR": f"{folder}/stack",
                "QDRANT_URL": qdrant.url,
                "FOOTNOTE_STORE__SERVER__GRPC_PORT": str(qdrant.grpc_port),
                "FOOTNOTE_STORE__SERVER__ALIAS": f"dev-{port}",
                "FOOTNOTE_API__PORT": port,
            },
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        try:
            key = _printed_key(process)
            headers = {"Authorization": f"Bearer {key}"}
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30) as http:
                _until_ready(http)
                uploaded = http.post("/documents", files={"file": ("warranty.md", WARRANTY)}).json()
                _until_done(http, uploaded["jobs"][0]["job_id"])
                answer = http.post("/query", json={"query": "How long is the warranty of the P-200?"}).json()
                assert answer["status"] == "answered"
                assert "24 months" in answer["citations"][0]["quote"]
                assert httpx.post(f"{http.base_url}/query", json={"query": "x"}).status_code == 401
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=90)
    assert process.returncode == 0


def _printed_key(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"export KEY=(\S+)", line):
            return found[1]
    raise AssertionError("no key was printed")


def _until_ready(http: httpx.Client) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        try:
            if http.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("the API did not get ready")


def _until_done(http: httpx.Client, job_id: str) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if (state := http.get(f"/jobs/{job_id}").json()["state"]) in ("done", "failed"):
            assert state == "done"
            return
        time.sleep(0.1)
    raise AssertionError("the document was not read in")
