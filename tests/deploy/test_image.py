"""The image, as far as it can be checked without building it, and the scripts and workflows around it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.deploy.checking import DEPLOY, ROOT, ran, unknown_settings

TEXT = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
LINES = re.sub(r"\\\n", " ", TEXT).splitlines()
SCRIPTS = sorted({*DEPLOY.rglob("*.sh"), ROOT / ".ci" / "run"})


def test_the_dockerfile_passes_its_linter() -> None:
    done = ran("hadolint", DEPLOY / "Dockerfile")
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_script_passes_its_linter(script: Path) -> None:
    done = ran("shellcheck", "--external-sources", script)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("workflow", sorted((ROOT / ".github" / "workflows").glob("*.yml")), ids=str)
def test_a_workflow_has_the_form_that_is_published(workflow: Path) -> None:
    done = ran("check-jsonschema", "--builtin-schema", "vendor.github-workflows", workflow)
    assert done.returncode == 0, done.stdout


def test_what_is_copied_exists_and_gets_past_the_ignore_file() -> None:
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {
        source
        for line in LINES
        if line.startswith("COPY ") and "--from" not in line
        for source in line.split()[1:-1]
    }
    assert copied == let_in
    assert all((ROOT / source).exists() for source in copied)


def test_nothing_gets_into_the_image_that_was_not_let_in() -> None:
    patterns = [
        line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] not in "#!"
    ]
    assert patterns == ["*", "**/__pycache__"]


def test_it_runs_as_nobody_in_particular() -> None:
    users = [line.split()[1] for line in LINES if line.startswith("USER ")]
    assert users == ["10001:10001"]
    assert LINES.index("USER 10001:10001") > max(
        number for number, line in enumerate(LINES) if line.startswith("COPY")
    )


def test_every_setting_exists() -> None:
    assert unknown_settings(set(re.findall(r"\b(FOOTNOTE_\w+)=", TEXT))) == []


def test_torch_is_the_version_of_the_constraints() -> None:
    """Another one brings gigabytes of CUDA; the line is read from the constraints while building."""
    pinned = re.findall(r"^torch==.*$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    assert len(pinned) == 1
    assert "grep '^torch==' constraints.txt" in TEXT


def test_no_secret_is_built_in() -> None:
    assert re.findall(r"(?i)(?:password|secret|token|api_key)\w*\s*=", TEXT) == []
