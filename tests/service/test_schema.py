"""What `/openapi.json` says holds for whatever Schemathesis thinks of: no 5xx, no other body than it says.

It is Schemathesis' command line, so that its fixtures and patches stay out of the other tests.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.e2e.asking import put
from tests.e2e.processes import administrators_key
from tests.service.running import MANUAL, Running, running_alone

SEED = "20261121"
FULL = ("--max-examples", "50")
GUESSES = ("--phases", "fuzzing", "--max-examples", "3")
EDGES = ("--phases", "coverage")

full = pytest.param(FULL, marks=pytest.mark.chaos)

UNSAID = "positive_data_acceptance"
"""Not checked: a cursor is one that was given out, a bound is a date; a schema cannot say that."""


def examined(address: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """What Schemathesis finds; it keeps its examples in the folder."""
    program = str(Path(sys.executable).with_name("schemathesis"))
    return subprocess.run(
        [program, "run", f"{address}/openapi.json", "--seed", SEED, "--exclude-checks", UNSAID, *options],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )


def knowing(document: str, folder: Path) -> None:
    """Lets it read a document that is there; what it deletes it makes up.

    In a form everything is a text, so that what it takes for a list is a file as any other.
    """
    lines = (
        "[[operations]]",
        'include-method = "GET"',
        f'parameters = {{ "path.document_id" = "{document}" }}',
        "[[operations]]",
        'include-name = "POST /documents"',
        "checks = { negative_data_rejection = { enabled = false } }",
    )
    (folder / "schemathesis.toml").write_text("\n".join(lines))


@pytest.mark.parametrize("options", [GUESSES, full], ids=["short", "full"])
def test_a_server_without_keys_answers_as_it_describes(tmp_path: Path, options: tuple[str, ...]) -> None:
    with running_alone(tmp_path) as (process, client):
        knowing(put(client, "manual.md", MANUAL)["document_id"], tmp_path)
        found = examined(str(client.base_url).rstrip("/"), tmp_path, *options)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "Traceback" not in process.log.read_text()


@pytest.mark.parametrize("options", [EDGES, full], ids=["short", "full"])
def test_a_server_with_keys_answers_as_it_describes_and_nobody_without_one(
    tmp_path: Path, stack: Running, options: tuple[str, ...]
) -> None:
    key = administrators_key(stack.services, "described")
    with httpx.Client(base_url=stack.address, headers={"Authorization": f"Bearer {key}"}) as client:
        knowing(put(client, "manual.md", MANUAL)["document_id"], tmp_path)
    found = examined(stack.address, tmp_path, "--header", f"Authorization: Bearer {key}", *options)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "Traceback" not in stack.processes[0].log.read_text()
