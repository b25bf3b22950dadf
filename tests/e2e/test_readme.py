"""The README's commands, then those of the API guide, run as a reader types them, in one shell session."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
SERVING = """
footnote serve &
until curl -sf http://127.0.0.1:8080/readyz >/dev/null; do sleep 0.2; done
"""
PORT = "8080"


def blocks(page: str) -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```", page, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "FOOTNOTE_DATA_DIR": str(tmp_path_factory.mktemp("readme")),
        "FOOTNOTE_API__PORT": port,
    }
    guide = [SERVING, *(block + "\necho\n" for block in blocks(GUIDE)), "kill %1\n"]
    script = "\n".join([*blocks(README), "wait", "echo THE GUIDE", *guide]).replace(f":{PORT}", f":{port}")
    return subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", script],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_every_command_of_the_readme_succeeds(session: subprocess.CompletedProcess[str]) -> None:
    assert session.returncode == 0, session.stdout[-2000:] + session.stderr[-2000:]


def test_the_sample_corpus_is_read_in_without_a_failure(session: subprocess.CompletedProcess[str]) -> None:
    assert " 0 failed" in session.stdout


def test_the_answer_that_the_readme_shows_is_what_comes_back(
    session: subprocess.CompletedProcess[str],
) -> None:
    assert '"quote":"Der Jahresurlaub beträgt 30 Arbeitstage."' in session.stdout


def test_a_question_without_an_answer_is_abstained(
    session: subprocess.CompletedProcess[str],
) -> None:
    assert '"status": "abstained"' in session.stdout


def test_the_filtered_search_finds_the_uploaded_policy_and_nothing_older(
    session: subprocess.CompletedProcess[str],
) -> None:
    found = re.search(r'{"hits":\[.*', session.stdout)
    assert found is not None
    assert "documents/policies/travel-policy-2025.html" in found.group()
    assert "travel-policy-2023" not in found.group()


def test_the_upload_is_a_new_version_and_not_a_second_document(
    session: subprocess.CompletedProcess[str],
) -> None:
    queued = re.search(r'"jobs":\[{[^]]*"document_id":"([^"]+)","source":"([^"]+)"', session.stdout)
    assert queued is not None
    assert queued.group(2) == "documents/policies/travel-policy-2025.html"
    assert (
        queued.group(1) in session.stdout.partition("source: documents/policies/travel-policy-2025.html")[0]
    )


def test_the_stream_ends_with_the_whole_answer(session: subprocess.CompletedProcess[str]) -> None:
    assert "event: done" in session.stdout


def test_the_guide_shows_what_the_api_says(session: subprocess.CompletedProcess[str]) -> None:
    said = session.stdout.partition("THE GUIDE")[2]
    for shown in (
        '"status":"answered"',
        '"state":"done"',
        '"feedback_id"',
        '"verdict"',
        '"signature"',
        '"ready":true',
    ):
        assert shown in said, shown
    assert [code for code in re.findall(r'"code":"(\w+)"', said) if "stage" not in code] == ["limit_exceeded"]
