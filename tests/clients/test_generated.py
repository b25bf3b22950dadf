"""Clients that well-known generators make of `/openapi.json` are built and used as their users would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile, which
from typing import Any

import httpx
import pytest

from tests.fakes_core import quick_folder
from tests.service.running import running_alone

HERE = Path(__file__).parent
TOOLS = Path(sys.prefix) / "clients"
"""Where `make setup` has them installed, by `install.sh`."""
SENTENCE = "The warranty of every pump lasts for twenty four months from delivery."


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A server whose embedder counts words."""
    with quick_folder() as folder, running_alone(folder, FOOTNOTE_DECIDE__THRESHOLD="0.0") as (_, client):
        yield str(client.base_url).rstrip("/")


@pytest.fixture
def description(address: str, tmp_path: Path) -> Path:
    """What the server says of its API."""
    file = tmp_path / "openapi.json"
    file.write_bytes(httpx.get(f"{address}/openapi.json").content)
    return file


def installed(tool: Path) -> str:
    """A generator, or a skip; where all is installed it must be there."""
    if not tool.exists():
        assert not os.environ.get("CI"), f"{tool} is not installed"
        pytest.skip(f"{tool} is not installed: make setup")
    return str(tool)


def run(*command: str, folder: Path, **environment: str) -> str:
    """What a command prints; it must succeed."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def walked(source: str) -> dict[str, Any]:
    """What a walk from the upload to the delete ends with."""
    return {
        "job": "done",
        "status": "answered",
        "quote": SENTENCE,
        "found": source,
        "feedback": True,
        "deleted": True,
        "then": "not_found",
    }


def test_a_generated_python_client_uploads_asks_judges_and_deletes(
    address: str, description: Path, tmp_path: Path
) -> None:
    programs = TOOLS / "python" / "bin"
    generate = installed(programs / "openapi-python-client")
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    package = ("--meta", "none", "--output-path", "footnote_client", "--fail-on-warning")
    run(generate, "generate", "--path", str(description), *package, folder=tmp_path, PATH=path)
    copyfile(HERE / "python" / "walk.py", tmp_path / "walk.py")
    said = run(str(programs / "python"), "walk.py", address, folder=tmp_path)
    assert json.loads(said) == walked("python/manual.md")


def test_a_generated_typescript_client_uploads_asks_judges_and_deletes(
    address: str, description: Path, tmp_path: Path
) -> None:
    programs = TOOLS / "typescript" / "node_modules" / ".bin"
    generate, compile_ = installed(programs / "openapi-ts"), installed(programs / "tsc")
    for name in ("walk.ts", "tsconfig.json", "package.json"):
        copyfile(HERE / "typescript" / name, tmp_path / name)
    (tmp_path / "node_modules").symlink_to(programs.parent)
    run(generate, "--input", str(description), "--output", "generated", "--silent", folder=tmp_path)
    run(compile_, folder=tmp_path)
    node = which("node")
    assert node is not None
    said = run(node, str(tmp_path / "built" / "walk.js"), address, folder=tmp_path)
    assert json.loads(said) == walked("typescript/manual.md")
