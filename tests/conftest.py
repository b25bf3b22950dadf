"""What every test starts from: no model hub, no telemetry, no settings of the person who runs them."""

from __future__ import annotations

import os
from pathlib import Path

# Before any test module imports a library that reads these at import.
os.environ.update(
    {
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "DO_NOT_TRACK": "1",
        "SCARF_NO_ANALYTICS": "true",
        "UNSTRUCTURED_DISABLE_NOTICE": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }
)

import pytest


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Settings come from the test alone, and data goes to a folder of its own.

    The cache folder stays the user's: a model that is compiled once serves all runs.
    """
    for name in [name for name in os.environ if name.startswith("FOOTNOTE_")]:
        if name != "FOOTNOTE_CACHE_DIR":
            monkeypatch.delenv(name)
    empty: Path = tmp_path_factory.mktemp("settings")
    (empty / "footnote.toml").touch()
    monkeypatch.setenv("FOOTNOTE_CONFIG", str(empty / "footnote.toml"))
    monkeypatch.setenv("FOOTNOTE_DATA_DIR", str(empty / "data"))
