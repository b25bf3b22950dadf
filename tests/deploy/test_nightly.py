"""The nightly evaluation and the quick gate run commands that exist."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = ROOT / ".github" / "workflows"


def steps(workflow: str) -> list[str]:
    content: dict[str, Any] = yaml.safe_load((WORKFLOWS / workflow).read_text())
    return [step["run"] for step in content["jobs"]["quality"]["steps"] if "run" in step]


@pytest.mark.parametrize("workflow", ["ci.yml", "nightly.yml"])
def test_the_evaluation_of_a_workflow_is_the_makefile_s(workflow: str) -> None:
    assert any(command.startswith("make eval RUN=eval-runs/golden") for command in steps(workflow))
    assert "\neval: setup\n" in (ROOT / "Makefile").read_text()


@pytest.mark.parametrize("workflow", ["ci.yml", "nightly.yml"])
def test_the_page_is_told_also_where_the_gate_fails(workflow: str) -> None:
    assert any("eval-runs/golden/report.md" in command for command in steps(workflow))
