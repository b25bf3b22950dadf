"""The checkers of other people's formats, and what `deploy/` says in the form that they give it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest

from service.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
SECRETS = {
    "POSTGRES_PASSWORD": "p",
    "QDRANT_API_KEY": "q",
    "REDIS_PASSWORD": "r",
    "RECEIPTS_SIGNING_KEY": "s",
}

OF_THE_PROCESS = {"FOOTNOTE_CONFIG", "FOOTNOTE_DATA_DIR", "FOOTNOTE_CACHE_DIR", "FOOTNOTE_MODE"}


def tool(name: str) -> str:
    """The program beside this interpreter, or on the path; without it its tests are skipped."""
    beside = Path(sys.executable).parent
    if found := shutil.which(name, path=f"{beside}{os.pathsep}{os.environ['PATH']}"):
        return found
    why = f"{name} is not installed: pip install '.[dev]' does it"
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)


def ran(
    name: str, *arguments: str | Path, env: Mapping[str, str] | None = None, cwd: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """Runs a checker to its end."""
    kept = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    return subprocess.run(
        [tool(name), *arguments],
        env={**kept, **(env or {})},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def composed(profile: str = "", env: Mapping[str, str] = SECRETS) -> subprocess.CompletedProcess[str]:
    """What Docker Compose makes of the file, as JSON; its own checks are those of the published schema."""
    chosen = ("--profile", profile) if profile else ()
    return ran("docker-compose", "--env-file", "/dev/null", *chosen, "config", "--format", "json", env=env)


@cache
def services(profile: str = "") -> dict[str, Any]:
    """The services of docker-compose.yml as they would run; `*` for those of every profile."""
    done = composed(profile)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)["services"]
    return found


def unknown_settings(names: Iterable[str]) -> list[str]:
    """Which of these `FOOTNOTE_...` variables set nothing."""
    return [name for name in names if name.startswith("FOOTNOTE_") and not is_setting(name)]


def is_setting(name: str) -> bool:
    """Whether the variable sets something."""
    if name in OF_THE_PROCESS:
        return True
    at: Any = Settings
    for part in name.removeprefix("FOOTNOTE_").lower().split("__"):
        if get_origin(at) is dict:  # of variants: any name
            at = get_args(at)[1]
            continue
        if part not in getattr(at, "model_fields", {}):
            return False
        at = at.model_fields[part].annotation
    return True


def is_missing(name: str, how: str) -> None:
    """Skips the test, or fails it in CI, where everything is there."""
    why = f"{name} is not installed: {how}"
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)
